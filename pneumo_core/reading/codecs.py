"""From the bytes of one frame to its samples, for every compression that Pneumo reads.

All decoders come from imagecodecs (libjpeg-turbo, CharLS, OpenJPEG, libpng): one family for films inside and outside of
DICOM, also for the JPEG of 12 and 16 bits. None of them is called before the stream's own header was held
against what is expected.
"""

import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import ReadError
from pneumo_core.language import Message
from pneumo_core.reading.codestream import StreamHeader, check_jpeg_end
from pneumo_core.reading.limits import EXPORT_HINT, check_size

Samples = NDArray[Any]  # integers [H, W] or [H, W, samples]

_RLE_SLACK = 256  # a segment's padding may decode to a few bytes more than the plane has


def _decoded(decoder: Callable[..., Samples], data: bytes, header: StreamHeader, kind: str, **options: Any) -> Samples:
    """Call a decoder and make sure that it returned what the header declared."""
    try:
        samples = decoder(data, **options)
    except Exception:  # the decoders raise many kinds; the data are damaged all the same
        # No chaining: a decoder's own words mean nothing to the reader.
        raise ReadError(
            Message(
                "The {kind} data of this file can not be decoded: they are damaged or cut short. {hint}",
                kind=kind,
                hint=EXPORT_HINT,
            )
        ) from None
    shape = (header.rows, header.columns) if header.samples == 1 else (header.rows, header.columns, header.samples)
    if samples.shape != shape or samples.dtype.itemsize > 2:
        raise ReadError(
            Message("The {kind} data of this file contradict their own header. {hint}", kind=kind, hint=EXPORT_HINT)
        )
    return samples


def decode_jpeg(data: bytes, header: StreamHeader) -> Samples:
    """Decode JPEG of 2 to 16 bits: baseline, extended, progressive, or lossless.

    Returns:
        uint8 or uint16 [H, W] or [H, W, samples], samples as they are coded (YCbCr stays YCbCr), but YCCK as CMYK.

    Raises:
        ReadError: if the size is out of bounds, or the data are damaged or cut short.
    """
    check_size(header.rows, header.columns)
    check_jpeg_end(data, header)
    # The same colour space in and out makes libjpeg leave the samples alone.
    coded = {1: "GRAYSCALE", 3: "RGB", 4: "CMYK"}.get(header.samples)
    if coded is None:
        raise ReadError(
            Message(
                "The JPEG data have {samples} samples a pixel; 1, 3, or 4 were expected. {hint}",
                samples=header.samples,
                hint=EXPORT_HINT,
            )
        )
    ycck = header.samples == 4 and header.adobe_transform == 2
    return _decoded(
        imagecodecs.jpeg8_decode, data, header, "JPEG", colorspace="YCCK" if ycck else coded, outcolorspace=coded
    )


def decode_jpeg_ls(data: bytes, header: StreamHeader) -> Samples:
    """Decode JPEG-LS, lossless or near-lossless: uint8 or uint16 [H, W] or [H, W, samples].

    Raises:
        ReadError: if the size is out of bounds, or the data are damaged or cut short.
    """
    check_size(header.rows, header.columns)
    check_jpeg_end(data, header)
    return _decoded(imagecodecs.jpegls_decode, data, header, "JPEG-LS")


def decode_jpeg2000(codestream: bytes, header: StreamHeader) -> Samples:
    """Decode JPEG 2000 (also high-throughput) of up to 16 bits, its own colour transform undone.

    Returns:
        uint8, int8, uint16, or int16 [H, W] or [H, W, samples].

    Raises:
        ReadError: if size or precision are out of bounds, or the data are damaged or cut short.
    """
    check_size(header.rows, header.columns)
    if header.bits > 16:
        raise ReadError(
            Message(
                "The JPEG 2000 data have {bits} bits a sample; at most 16 are read. {hint}",
                bits=header.bits,
                hint=EXPORT_HINT,
            )
        )
    return _decoded(imagecodecs.jpeg2k_decode, codestream, header, "JPEG 2000")


def decode_png(data: bytes, rows: int, columns: int) -> Samples:
    """Decode PNG: uint8 or uint16 [H, W] (grey) or [H, W, 2 to 4] (grey and alpha, RGB, RGB and alpha).

    Raises:
        ReadError: if the data are damaged or cut short.
    """
    try:
        samples: Samples = imagecodecs.png_decode(data)
    except Exception:  # the decoder raises many kinds, UnicodeDecodeError among them
        raise ReadError(
            Message("The PNG data of this file are damaged or cut short. {hint}", hint=EXPORT_HINT)
        ) from None
    if samples.shape[:2] != (rows, columns):
        raise ReadError(Message("The PNG data of this file contradict their own header. {hint}", hint=EXPORT_HINT))
    return samples


def decode_rle(data: bytes, rows: int, columns: int, samples: int, byte_count: int) -> Samples:
    """Decode DICOM's run lengths (PS3.5 annex G): one PackBits segment for each byte of each sample, high byte first.

    Args:
        data: the frame: a header of 64 bytes, then the segments.
        rows: number of rows.
        columns: number of columns.
        samples: samples per pixel.
        byte_count: bytes per sample, 1 or 2.

    Returns:
        uint8 or uint16 [H, W] or [H, W, samples].

    Raises:
        ReadError: if the header does not fit the size, or a segment is damaged or cut short.
    """
    damaged = ReadError(Message("The run-length data of this file are damaged or cut short. {hint}", hint=EXPORT_HINT))
    segments = samples * byte_count
    if len(data) < 64 or struct.unpack_from("<I", data)[0] != segments:
        raise damaged
    bounds = [*struct.unpack_from(f"<{segments}I", data, 4), len(data)]
    size = rows * columns
    planes = np.empty((samples, byte_count, size), np.uint8)
    for index, (start, end) in enumerate(pairwise(bounds)):
        if not 64 <= start < end <= len(data):
            raise damaged
        try:
            plane = imagecodecs.packbits_decode(data[start:end], out=bytearray(size + _RLE_SLACK))
        except Exception:  # input that ends early, or output beyond the plane
            raise damaged from None
        if len(plane) < size:
            raise damaged
        # The bytes of a sample become little endian.
        planes[index // byte_count, byte_count - 1 - index % byte_count] = np.frombuffer(plane, np.uint8, size)
    values = np.ascontiguousarray(planes.transpose(0, 2, 1)).view("<u2" if byte_count == 2 else np.uint8)
    film = values.reshape(samples, rows, columns)
    return film[0] if samples == 1 else film.transpose(1, 2, 0)
