"""Reads one film from a DICOM file: modality LUT, VOI LUT or window, then polarity, in that order."""

import re

import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import ReadError
from pneumo_core.language import Message
from pneumo_core.reading import facts
from pneumo_core.reading.codecs import Samples
from pneumo_core.reading.dicom_file import Tags, read_elements
from pneumo_core.reading.dicom_pixels import PixelLayout, StoredPixels, pixel_layout, stored_pixels
from pneumo_core.reading.greys import LookupTable, Rescale, Window, grey_scale
from pneumo_core.reading.limits import EXPORT_HINT
from pneumo_core.reading.luma import grey_of_rgb, grey_of_ybr, luma_scale
from pneumo_core.types import Finding, Grade, Radiograph

# Registered modalities that are no plain films (PS3.3 C.7.3.1.1.1). Anything else is given a chance: senders also
# write values of their own, such as DR.
_OTHER_MODALITIES = {
    "CT": Message("a CT image"),
    "MR": Message("an MR image"),
    "US": Message("an ultrasound image"),
    "IVUS": Message("an ultrasound image"),
    "BDUS": Message("an ultrasound image"),
    "MG": Message("a mammogram"),
    "XA": Message("an angiogram"),
    "RF": Message("a fluoroscopy image"),
    "NM": Message("a nuclear medicine image"),
    "PT": Message("a PET image"),
    "PX": Message("a dental panorama"),
    "IO": Message("a dental film"),
    "BMD": Message("a bone density image"),
    "ES": Message("an endoscopy image"),
    "GM": Message("a microscopy image"),
    "SM": Message("a microscopy image"),
    "OP": Message("a photograph of the eye"),
    "OPT": Message("a tomogram of the eye"),
    "OCT": Message("an optical tomogram"),
    "IVOCT": Message("an optical tomogram"),
    "XC": Message("a photograph"),
    "TG": Message("a thermogram"),
    "ECG": Message("an electrocardiogram"),
    "SEG": Message("a segmentation"),
    "RTIMAGE": Message("a radiotherapy image"),
    "RTDOSE": Message("a radiotherapy dose"),
    "RTSTRUCT": Message("a radiotherapy structure set"),
    "RTPLAN": Message("a radiotherapy plan"),
    "SR": Message("a report"),
    "DOC": Message("a document"),
    "PR": Message("a presentation state"),
    "KO": Message("a selection of images"),
}
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_MODALITY_OF_CLASS = (  # for files without a modality: what their SOP class says
    ("2", "CT"),
    ("4", "MR"),
    ("3.1", "US"),
    ("6", "US"),
    ("1.2", "MG"),
    ("13.1.3", "MG"),
    ("12.1", "XA"),
    ("12.2", "RF"),
    ("20", "NM"),
    ("128", "PT"),
    ("130", "PT"),
    ("88", "SR"),
    ("104", "DOC"),
)
_WANTED = Message("Pneumo reads plain chest films (CR or DX).")
_GREYSCALE = ("MONOCHROME1", "MONOCHROME2")
_YBR = ("YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")

PHOTOMETRIC_MISSING = Finding(
    "photometric_missing",
    Grade.CAUTION,
    Message(
        "The file does not say whether its smallest values are black or white; black was taken. Check that air is dark."
    ),
)


def read_dicom(data: bytes, digest: str) -> Radiograph:
    """Read a DICOM file that holds a single film.

    Args:
        data: the file.
        digest: SHA-256 of the file, lower-case hex.

    Returns:
        The film.

    Raises:
        ReadError: if the file is no plain film, holds more than one, can not be decoded, or is damaged.
    """
    dataset, syntax = read_elements(data)
    tags = Tags(dataset)
    modality = _check_kind(tags)
    layout = pixel_layout(tags, compressed=syntax.is_encapsulated)
    stored = stored_pixels(tags, syntax, layout)
    grey, window, findings = _greys(tags, layout, stored)
    spacing, spacing_source = facts.spacing(tags)
    return Radiograph(
        grey=grey,
        window=window,
        bits_stored=stored.bits,
        digest=digest,
        file_format=f"DICOM {modality}" if modality else "DICOM",
        photometric=layout.photometric or Message("unknown"),
        spacing_mm=spacing,
        spacing_source=spacing_source,
        view=facts.view(tags),
        facts=facts.film_facts(tags, syntax.name),
        identity=facts.identity(tags),
        findings=findings,
    )


def _check_kind(tags: Tags) -> str | None:
    """Refuse what is no plain film or has no image; return the modality, where the file tells one."""
    modality = (tags.text("Modality") or "").upper() or None
    kind = modality or _modality_of_class(tags.text("SOPClassUID") or "")
    if kind in _OTHER_MODALITIES:
        raise ReadError(
            Message(
                "This is {name} ({kind}). {wanted} Choose the film of the same study.",
                name=_OTHER_MODALITIES[kind],
                kind=kind,
                wanted=_WANTED,
            )
        )
    if tags.is_present("DirectoryRecordSequence"):
        raise ReadError(
            Message("This is the table of contents of a DICOM disc (DICOMDIR). Drop the films that lie beside it.")
        )
    if not tags.is_present("PixelData"):
        if tags.is_present("EncryptedAttributesSequence"):
            raise ReadError(
                Message("The DICOM file is encrypted and shows no image. Export the film without encryption.")
            )
        if tags.is_present("FloatPixelData") or tags.is_present("DoubleFloatPixelData"):
            raise ReadError(
                Message(
                    "The DICOM image has floating-point values; whole numbers were expected. {hint}", hint=EXPORT_HINT
                )
            )
        raise ReadError(
            Message(
                "The DICOM file holds no image, or is cut short before it. {wanted} {hint}",
                wanted=_WANTED,
                hint=EXPORT_HINT,
            )
        )
    # A modality that is none of the standard's short codes is not repeated anywhere.
    return modality if modality and re.fullmatch(r"[A-Z]{2,4}", modality) else None


def _modality_of_class(sop_class: str) -> str | None:
    for suffix, modality in _MODALITY_OF_CLASS:
        if sop_class == _STORAGE + suffix or sop_class.startswith(f"{_STORAGE}{suffix}."):
            return modality
    return None


def _greys(
    tags: Tags, layout: PixelLayout, stored: StoredPixels
) -> tuple[NDArray[np.uint16], tuple[float, float], tuple[Finding, ...]]:
    """Turn stored values into greys with their window: uint16 [H, W], (low, high), findings."""
    values, photometric = stored.values, layout.photometric
    if values.ndim == 3 or photometric == "PALETTE COLOR":
        if photometric == "PALETTE COLOR" and values.ndim == 2:
            coloured = _coloured(tags, values)
            luma, findings = grey_of_rgb(coloured, 8 * coloured.itemsize)
        elif photometric in _YBR or photometric in ("RGB", None):
            unsigned = values.view(f"u{values.itemsize}")
            luma, findings = (grey_of_ybr if stored.is_ybr else grey_of_rgb)(unsigned, stored.bits)
        else:
            raise ReadError(
                Message("The DICOM image has colours in a way that is not read here. {hint}", hint=EXPORT_HINT)
            )
        grey, window, more = luma_scale(luma)
        return grey, window, findings + more
    findings = () if photometric in _GREYSCALE else (PHOTOMETRIC_MISSING,)
    padding = _padding(tags, layout)
    smallest, largest = int(values.min()), int(values.max())
    # Offsets from the smallest value; unsigned arithmetic wraps around, so the sign takes care of itself.
    unsigned = values.view(f"u{values.itemsize}")
    offsets = unsigned - unsigned.dtype.type(smallest % (1 << 8 * values.itemsize))
    modality = _modality_lut(tags, signed=layout.signed)
    voi = _voi(tags, modality, smallest, largest)
    inverse = photometric == "MONOCHROME1"
    if isinstance(modality, LookupTable) or isinstance(voi, LookupTable) or padding is not None:
        present = np.bincount(offsets.ravel(), minlength=largest - smallest + 1) > 0
    else:  # greys rise or fall steadily: the ends are enough, and save a pass over the pixels
        present = np.zeros(largest - smallest + 1, np.bool_)
        present[[0, -1]] = True
    scale = grey_scale(smallest, present, modality=modality, voi=voi, inverse=inverse, padding=padding)
    return scale.greys.astype(np.uint16)[offsets], scale.window, findings + scale.findings


def _padding(tags: Tags, layout: PixelLayout) -> tuple[int, int] | None:
    """The range of stored values that are padding (PS3.3 C.7.5.1.1.2)."""
    value = tags.integer("PixelPaddingValue")
    if value is None:
        return None
    limit = tags.integer("PixelPaddingRangeLimit")
    ends = sorted(_as_stored(end, layout) for end in (value, value if limit is None else limit))
    return ends[0], ends[1]


def _as_stored(value: int, layout: PixelLayout) -> int:
    """Give a value the sign of the stored ones: writers disagree on how to write it."""
    value &= (1 << layout.bits_allocated) - 1
    return value - (1 << layout.bits_allocated) if layout.signed and value >> (layout.bits_allocated - 1) else value


def _modality_lut(tags: Tags, *, signed: bool) -> Rescale | LookupTable:
    """The modality LUT sequence, or else the rescale line (the identity where there is none)."""
    item = tags.item("ModalityLUTSequence")
    if item is not None:
        # An unreadable table is like an unusable line: `grey_scale` remarks on it.
        return _lookup_table(item, signed=signed) or Rescale(slope=0.0)
    slope, intercept = tags.number("RescaleSlope"), tags.number("RescaleIntercept")
    return Rescale(1.0 if slope is None else slope, 0.0 if intercept is None else intercept)


def _voi(tags: Tags, modality: Rescale | LookupTable, smallest: int, largest: int) -> Window | LookupTable | None:
    """The first VOI LUT, or else the first window, or None."""
    item = tags.item("VOILUTSequence")
    if item is not None:
        lowest = 0.0
        if isinstance(modality, Rescale) and modality.is_usable:
            lowest = min(modality.slope * end + modality.intercept for end in (smallest, largest))
        table = _lookup_table(item, signed=lowest < 0.0)
        if table is not None:
            return table
    centre, width = tags.number("WindowCenter"), tags.number("WindowWidth")
    if centre is None or width is None:
        return None
    function = (tags.text("VOILUTFunction") or "LINEAR").upper()
    return Window(centre, width, function if function in ("LINEAR_EXACT", "SIGMOID") else "LINEAR")


def _lookup_table(item: Tags, *, signed: bool) -> LookupTable | None:
    """A table from an item of a LUT sequence (PS3.3 C.11.1.1, C.11.2.1.1); None if it can not be read."""
    descriptor = item.numbers("LUTDescriptor")
    if len(descriptor) != 3 or not all(abs(number) <= 65_536 for number in descriptor):
        return None
    count, first, bits = int(descriptor[0]) % 65_536 or 65_536, int(descriptor[1]), int(descriptor[2])
    raw = item.raw("LUTData")
    words = list(raw[:count]) if raw is not None and bits == 8 and len(raw) <= count + 1 else item.words("LUTData")
    if not words or not 8 <= bits <= 16:
        return None
    if signed and first > 32_767:
        first -= 65_536
    return LookupTable(np.array(words[:count], np.uint16), first, bits)


def _coloured(tags: Tags, values: Samples) -> Samples:
    """Put palette colours (PS3.3 C.7.9) in the place of indices: uint8 or uint16 [H, W, 3]."""
    refused = ReadError(
        Message("The colour palette of this DICOM image is missing or not read here. {hint}", hint=EXPORT_HINT)
    )
    channels = []
    for name in ("Red", "Green", "Blue"):
        descriptor = tags.numbers(f"{name}PaletteColorLookupTableDescriptor")
        raw = tags.raw(f"{name}PaletteColorLookupTableData")
        if raw is None or len(descriptor) != 3 or not all(abs(number) <= 65_536 for number in descriptor):
            raise refused
        count, first, bits = int(descriptor[0]) % 65_536 or 65_536, int(descriptor[1]), int(descriptor[2])
        by_byte = len(raw) < 2 * count
        entries = (
            np.frombuffer(raw, np.uint8) if by_byte else np.array(tags.words(f"{name}PaletteColorLookupTableData"))
        )
        if len(entries) < count or bits not in (8, 16):
            raise refused
        channels.append(entries[:count].astype(np.uint8 if by_byte or bits == 8 else np.uint16))
    if len({(channel.size, channel.dtype) for channel in channels}) != 1:
        raise refused
    index = np.clip(values.astype(np.int32) - first, 0, count - 1)
    coloured: Samples = np.stack(channels, axis=1)[index]
    return coloured
