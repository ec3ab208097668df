"""Reads one film from a PNG or JPEG file."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumo_core.errors import ReadError
from pneumo_core.language import Message
from pneumo_core.reading.codecs import Samples, decode_jpeg, decode_png
from pneumo_core.reading.codestream import StreamHeader, jpeg_header
from pneumo_core.reading.formats import PNG_SIGNATURE
from pneumo_core.reading.limits import EXPORT_HINT, check_size
from pneumo_core.reading.luma import grey_of_rgb, grey_of_ybr, luma_scale
from pneumo_core.types import Finding, Radiograph

_ORIENTATION = 0x0112
_DAMAGED_PNG = Message("The PNG file is damaged or cut short; a whole film was expected. {hint}", hint=EXPORT_HINT)
_DECODED_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_COLOUR_TYPES = frozenset({0, 2, 3, 4, 6})


def read_png(data: bytes, digest: str) -> Radiograph:
    """Read a PNG file of 1 to 16 bits, grey, palette, or colour, with or without alpha.

    Raises:
        ReadError: if the file is animated, out of bounds, damaged, or cut short.
    """
    png = _png_parts(data)
    check_size(png.rows, png.columns)
    samples = decode_png(png.decodable, png.rows, png.columns)
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    findings: tuple[Finding, ...] = ()
    if channels >= 3:
        luma, findings = grey_of_rgb(samples[..., :3], 8 * samples.itemsize)
    else:
        luma = samples if channels == 1 else samples[..., 0]
    if channels in (2, 4):
        luma = _over_black(luma, samples[..., -1])
    return _radiograph(luma, findings, digest, "PNG", png.bits, colour=channels >= 3, exif=png.exif)


def read_jpeg(data: bytes, digest: str) -> Radiograph:
    """Read a JPEG file of 8 or 12 bits (or lossless, up to 16): grey, YCbCr, RGB, or CMYK.

    Raises:
        ReadError: if the file is out of bounds, damaged, or cut short.
    """
    header = jpeg_header(data)
    if header.jpeg_ls:
        raise ReadError(
            Message("This is a JPEG-LS image outside of DICOM, which is not read. {hint}", hint=EXPORT_HINT)
        )
    samples = decode_jpeg(data, header)
    findings: tuple[Finding, ...] = ()
    if header.samples == 1:
        luma = samples
    elif header.samples == 4:
        luma, findings = grey_of_rgb(_rgb_of_cmyk(samples, header), 8)
    elif header.adobe_transform == 0 or header.lossless or header.rgb_components:
        luma, findings = grey_of_rgb(samples, header.bits)
    else:
        luma, findings = grey_of_ybr(samples, header.bits)
    return _radiograph(luma, findings, digest, "JPEG", header.bits, colour=header.samples > 1, exif=header.exif)


def _radiograph(
    luma: Samples,
    findings: tuple[Finding, ...],
    digest: str,
    file_format: str,
    bits: int,
    *,
    colour: bool,
    exif: bytes | None,
) -> Radiograph:
    grey, window, more = luma_scale(luma)
    return Radiograph(
        grey=_upright(grey, exif),
        window=window,
        bits_stored=bits,
        digest=digest,
        file_format=file_format,
        photometric=Message("colour") if colour else Message("greyscale"),
        # The densities that PNG and JPEG may tell are those of a screen or a printer, so no spacing is taken from them.
        findings=findings + more,
    )


@dataclass(frozen=True)
class _PngParts:
    """What the chunks of a PNG file tell, and those of them that a decoder needs."""

    rows: int
    columns: int
    bits: int
    exif: bytes | None
    decodable: bytes


def _png_parts(data: bytes) -> _PngParts:
    """Walk the chunks of a PNG file, and check each against its checksum.

    Only the chunks with pixels are passed on: text, profiles, and the like have no say in the greys, and each is one
    more thing that a decoder could stumble over.

    Raises:
        ReadError: if chunks are missing or damaged, or the file is animated.
    """
    kept, at, header, exif, ended = [PNG_SIGNATURE], len(PNG_SIGNATURE), None, None, False
    view = memoryview(data)
    while at + 12 <= len(data) and not ended:
        (length,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data) or zlib.crc32(view[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ReadError(_DAMAGED_PNG)
        if header is None:
            if kind != b"IHDR" or length != 13:
                raise ReadError(_DAMAGED_PNG)
            header = struct.unpack_from(">IIBBBBB", data, at + 8)
        if kind == b"acTL" and struct.unpack_from(">I", data, at + 8)[0] > 1:
            raise ReadError(Message("The PNG file is animated; a single image was expected. {hint}", hint=EXPORT_HINT))
        if kind == b"eXIf":
            exif = b"Exif\x00\x00" + data[at + 8 : end - 4]
        if kind in _DECODED_CHUNKS:
            kept.append(data[at:end])
        ended = kind == b"IEND"
        at = end
    if header is None or not ended:
        raise ReadError(_DAMAGED_PNG)
    columns, rows, bits, colour_type, compression, filtering, interlace = header
    if colour_type not in _PNG_COLOUR_TYPES or compression or filtering or interlace > 1:
        raise ReadError(_DAMAGED_PNG)
    return _PngParts(rows, columns, 8 if colour_type == 3 else bits, exif, b"".join(kept))


def _over_black(luma: Samples, alpha: Samples) -> Samples:
    """Lay a transparent image over black: what is cut out of a film is outside of it, as dark as air."""
    full = int(np.iinfo(alpha.dtype).max)
    if int(alpha.min()) == full:
        return luma
    over: Samples = ((luma.astype(np.uint32) * alpha + full // 2) // full).astype(luma.dtype)
    return over


def _rgb_of_cmyk(samples: Samples, header: StreamHeader) -> Samples:
    """Turn four inks into RGB: uint8 [H, W, 4] -> uint8 [H, W, 3]. Adobe's files hold the inks inverted."""
    if samples.dtype != np.uint8:
        raise ReadError(
            Message(
                "The JPEG file has four colours of {bits} bits; 8 were expected. {hint}",
                bits=header.bits,
                hint=EXPORT_HINT,
            )
        )
    light = samples if header.adobe_transform is not None else 255 - samples
    rgb: Samples = ((light[..., :3].astype(np.uint16) * light[..., 3:] + 127) // 255).astype(np.uint8)
    return rgb


def _upright(grey: NDArray[np.uint16], exif: bytes | None) -> NDArray[np.uint16]:
    """Turn and mirror the film as its Exif orientation says; an unreadable one says nothing."""
    orientation = 1
    if exif is not None:
        tags = Image.Exif()
        try:
            tags.load(exif)
            orientation = tags.get(_ORIENTATION, 1)
        except Exception:  # the parser raises whatever malformed data lead to
            orientation = 1
    if orientation in (5, 6, 7, 8):
        grey = grey.T
    if orientation in (3, 4, 7, 8):
        grey = grey[::-1]
    if orientation in (2, 3, 6, 7):
        grey = grey[:, ::-1]
    return np.ascontiguousarray(grey)
