"""From a DICOM data set to its stored pixel values: every header is checked before anything is decoded."""

from dataclasses import dataclass

import numpy as np
from pydicom import uid
from pydicom.encaps import get_frame, parse_basic_offsets

from pneumo_core.errors import ReadError
from pneumo_core.language import Message
from pneumo_core.reading import codecs
from pneumo_core.reading.codecs import Samples
from pneumo_core.reading.codestream import StreamHeader, jpeg2000_codestream, jpeg2000_header, jpeg_header
from pneumo_core.reading.dicom_file import Tags, quiet
from pneumo_core.reading.limits import EXPORT_HINT, check_size

_JPEG = frozenset({uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1})
_JPEG_LS = frozenset({uid.JPEGLSLossless, uid.JPEGLSNearLossless})
_JPEG_2000 = frozenset(
    {uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K},
)
_LOSSY = frozenset(
    {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000, uid.HTJ2K},
)


@dataclass(frozen=True)
class PixelLayout:
    """The attributes of the image pixel module (PS3.3 C.7.6.3), missing ones filled in.

    Attributes:
        rows: number of rows; None only where a compressed stream has to tell.
        columns: number of columns; None only where a compressed stream has to tell.
        samples: samples per pixel, 1 or 3; None only where a compressed stream has to tell.
        bits_allocated: bits that a sample takes up, 8 or 16.
        bits_stored: bits that a sample has.
        high_bit: position of a sample's highest bit.
        signed: whether samples are two's complement.
        by_plane: whether colours stand plane after plane.
        photometric: photometric interpretation, or None where it is missing.
    """

    rows: int | None
    columns: int | None
    samples: int | None
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    by_plane: bool
    photometric: str | None


@dataclass(frozen=True, eq=False)
class StoredPixels:
    """Stored values, freed of whatever else the allocated bits hold.

    Attributes:
        values: uint8, int8, uint16, or int16 [H, W] or [H, W, 3].
        bits: significant bits of a value.
        is_ybr: whether the three samples are luminance and two colour differences.
    """

    values: Samples
    bits: int
    is_ybr: bool = False


def pixel_layout(tags: Tags, *, compressed: bool) -> PixelLayout:
    """Read the image pixel module.

    Raises:
        ReadError: if there is more than one frame, or the layout is none that films come in.
    """
    frames = tags.integer("NumberOfFrames") or 1
    if frames > 1:
        raise ReadError(
            Message(
                "The DICOM file holds {frames} frames; one film a file is read. Export the film by itself.",
                frames=frames,
            )
        )
    rows, columns, samples = (tags.integer(keyword) for keyword in ("Rows", "Columns", "SamplesPerPixel"))
    if not compressed and (rows is None or columns is None):
        raise ReadError(
            Message("The DICOM file does not say how many rows and columns its image has. {hint}", hint=EXPORT_HINT)
        )
    if rows is not None and columns is not None:
        check_size(rows, columns)
    photometric = (tags.text("PhotometricInterpretation") or "").upper() or None
    if samples is None and not compressed:
        samples = 3 if photometric is not None and photometric.startswith(("RGB", "YBR")) else 1
    if samples not in (1, 3, None):
        raise ReadError(
            Message(
                "The DICOM image has {samples} samples a pixel; 1 or 3 were expected. {hint}",
                samples=samples,
                hint=EXPORT_HINT,
            )
        )
    allocated = tags.integer("BitsAllocated")
    stored = tags.integer("BitsStored")
    if allocated is None:
        allocated = 8 if stored is not None and stored <= 8 else 16
    if allocated not in (8, 16):
        raise ReadError(
            Message(
                "The DICOM image has {allocated} bits a sample; 8 or 16 were expected. {hint}",
                allocated=allocated,
                hint=EXPORT_HINT,
            )
        )
    if stored is None or not 1 <= stored <= allocated:
        stored = allocated
    high_bit = tags.integer("HighBit")
    if high_bit is None or not stored - 1 <= high_bit < allocated:
        high_bit = stored - 1
    return PixelLayout(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        signed=tags.integer("PixelRepresentation") == 1,
        by_plane=tags.integer("PlanarConfiguration") == 1,
        photometric=photometric,
    )


def stored_pixels(tags: Tags, syntax: uid.UID, layout: PixelLayout) -> StoredPixels:
    """Get the stored values of the one frame of a data set.

    Raises:
        ReadError: if data and attributes contradict each other, or the data are damaged or cut short.
    """
    data = tags.raw("PixelData")
    if data is None:
        raise ReadError(
            Message("The image of this DICOM file can not be got at; the file is damaged. {hint}", hint=EXPORT_HINT)
        )
    ybr = (layout.photometric or "").startswith("YBR")
    if not syntax.is_encapsulated:
        swapped = not syntax.is_little_endian and tags.value_representation("PixelData") == "OW"
        return StoredPixels(
            _stored_bits(_native(data, layout, syntax.is_little_endian, swapped), layout), layout.bits_stored, ybr
        )
    frame = _only_frame(data)
    if syntax == uid.RLELossless:
        if layout.rows is None or layout.columns is None:
            raise ReadError(
                Message("The DICOM file does not say how many rows and columns its image has. {hint}", hint=EXPORT_HINT)
            )
        values = codecs.decode_rle(frame, layout.rows, layout.columns, layout.samples or 1, layout.bits_allocated // 8)
        return StoredPixels(_stored_bits(values, layout), layout.bits_stored, ybr)
    if syntax in _JPEG_2000:
        frame = jpeg2000_codestream(frame)
        header = jpeg2000_header(frame)
        _check_agreement(header, layout)
        # The codestream undoes its own colour transform, so YBR_RCT and YBR_ICT come as RGB.
        ybr = ybr and layout.photometric not in ("YBR_RCT", "YBR_ICT")
        values = codecs.decode_jpeg2000(frame, header)
    else:
        header = jpeg_header(frame)
        _check_agreement(header, layout)
        if header.jpeg_ls != (syntax in _JPEG_LS):
            raise ReadError(
                Message("The compressed data are of another kind than the DICOM file says. {hint}", hint=EXPORT_HINT)
            )
        values = codecs.decode_jpeg_ls(frame, header) if header.jpeg_ls else codecs.decode_jpeg(frame, header)
        if not header.jpeg_ls and not header.lossless:
            # The stream itself knows best: many files are labelled RGB though coded as YCbCr, or the other way round.
            if header.adobe_transform is not None:
                ybr = header.adobe_transform == 1
            elif header.jfif:
                ybr = True
    return StoredPixels(*_stored_codes(values, header, layout, lossy=syntax in _LOSSY), ybr and header.samples == 3)


def _native(data: bytes, layout: PixelLayout, little_endian: bool, swapped: bool) -> Samples:
    """Take uncompressed samples from the bytes: [H, W] or [H, W, 3], bits as they are stored."""
    # `pixel_layout` lets nothing else pass.
    assert layout.rows is not None
    assert layout.columns is not None
    rows, columns, samples = layout.rows, layout.columns, layout.samples or 1
    halved = samples == 3 and layout.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422")
    count = rows * columns * (2 if halved else samples)
    expected = count * layout.bits_allocated // 8
    if len(data) < expected:
        raise ReadError(
            Message(
                "The image of this DICOM file is cut short: {found:,} of {expected:,} bytes are there. Transfer or "
                "export the film anew.",
                found=len(data),
                expected=expected,
            )
        )
    if len(data) >= 2 * expected:
        raise ReadError(
            Message(
                "The image of this DICOM file has {found:,} bytes where one film of {columns} x {rows} pixels takes "
                "{expected:,}. Export the film by itself.",
                found=len(data),
                columns=columns,
                rows=rows,
                expected=expected,
            )
        )
    if layout.bits_allocated == 8:
        samples_1d = np.frombuffer(data, np.uint8, count)
        if swapped:  # 8-bit samples in big-endian 16-bit words stand in pairs the wrong way round
            words = np.frombuffer(data, np.uint8, min(len(data) // 2 * 2, count + count % 2)).reshape(-1, 2)
            samples_1d = words[:, ::-1].reshape(-1)[:count]
    else:
        samples_1d = np.frombuffer(data, "<u2" if little_endian else ">u2", count).astype("=u2", copy=False)
    if samples == 1:
        return samples_1d.reshape(rows, columns)
    if halved:
        if columns % 2:
            raise ReadError(
                Message(
                    "The DICOM image has an odd number of columns, which its colour coding rules out. {hint}",
                    hint=EXPORT_HINT,
                )
            )
        pairs = samples_1d.reshape(rows, columns // 2, 4)  # two luminances, then the colour differences of both
        colour = np.repeat(pairs[..., 2:], 2, axis=1)
        return np.dstack([pairs[..., :2].reshape(rows, columns), colour])
    if layout.by_plane:
        return samples_1d.reshape(3, rows, columns).transpose(1, 2, 0)
    return samples_1d.reshape(rows, columns, 3)


def _only_frame(data: bytes) -> bytes:
    """Join the fragments of encapsulated pixel data (PS3.5 A.4) into the one frame that is expected."""
    try:
        with quiet():
            offsets = parse_basic_offsets(data)
            frame = get_frame(data, 0, number_of_frames=1) if len(offsets) < 2 else None
    except Exception:  # pydicom raises whatever malformed fragments lead to
        raise ReadError(
            Message("The compressed image of this DICOM file is damaged or cut short. {hint}", hint=EXPORT_HINT)
        ) from None
    if frame is None:
        raise ReadError(
            Message(
                "The DICOM file holds {frames} frames; one film a file is read. Export the film by itself.",
                frames=len(offsets),
            )
        )
    return frame


def _check_agreement(header: StreamHeader, layout: PixelLayout) -> None:
    """Hold a stream's own header against the DICOM attributes, as far as these are there."""
    told = (layout.columns, layout.rows, layout.samples)
    found = (header.columns, header.rows, header.samples)
    if any(one is not None and one != other for one, other in zip(told, found, strict=True)):
        raise ReadError(
            Message(
                "The DICOM file declares {told}, but its compressed data hold {found}. {hint}",
                told=_size(told),
                found=_size(found),
                hint=EXPORT_HINT,
            )
        )
    if header.bits > layout.bits_allocated:
        raise ReadError(
            Message(
                "The DICOM file allots {allotted} bits a sample, but its compressed data hold {bits}. {hint}",
                allotted=layout.bits_allocated,
                bits=header.bits,
                hint=EXPORT_HINT,
            )
        )


def _size(columns_rows_samples: tuple[int | None, int | None, int | None]) -> str:
    columns, rows, samples = ("?" if number is None else number for number in columns_rows_samples)
    return Message("{columns} x {rows} pixels of {samples} sample(s)", columns=columns, rows=rows, samples=samples)


def _stored_bits(values: Samples, layout: PixelLayout) -> Samples:
    """Keep the stored bits of uncompressed samples: overlays and other matter in unused bits go, the sign comes."""
    shift = layout.high_bit + 1 - layout.bits_stored
    if shift:
        values = values >> shift
    return _with_sign(values, layout.bits_stored) if layout.signed else _masked(values, layout.bits_stored)


def _stored_codes(values: Samples, header: StreamHeader, layout: PixelLayout, *, lossy: bool) -> tuple[Samples, int]:
    """Bring decoded samples to the sign and range that the DICOM attributes tell: (values, significant bits)."""
    bits = min(header.bits, layout.bits_stored)
    if layout.signed:
        # Lossless JPEG and JPEG-LS know no sign, and some writers of JPEG 2000 drop it: its bits are all the same.
        return (values if header.signed else _with_sign(values, header.bits)), bits
    if header.signed:
        values = values.view(f"u{values.itemsize}")
        return _masked(values, bits), bits
    if lossy:  # near the top of the range a lossy code may overshoot; a mask would turn such white into black
        return np.minimum(values, values.dtype.type((1 << bits) - 1)), bits
    return _masked(values, bits), bits


def _masked(values: Samples, bits: int) -> Samples:
    """Clear all but the lowest `bits` of unsigned values."""
    return values if bits == 8 * values.itemsize else values & values.dtype.type((1 << bits) - 1)


def _with_sign(values: Samples, bits: int) -> Samples:
    """Read the lowest `bits` of unsigned values as two's complement."""
    unused = 8 * values.itemsize - bits
    signed = (values << unused).view(f"i{values.itemsize}")
    return signed >> unused if unused else signed
