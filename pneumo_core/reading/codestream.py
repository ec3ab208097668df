"""Headers of JPEG, JPEG-LS, and JPEG 2000 streams, read before any decoder sees the data.

A decoder allocates what the stream's own header declares, so it is this header that has to be held against the limits
and the DICOM attributes. Marker codes: ITU-T T.81 table B.1, T.87 annex C, T.800 annex A.
"""

import re
import struct
from dataclasses import dataclass, replace

from pneumo_core.errors import ReadError
from pneumo_core.language import Message
from pneumo_core.reading.limits import EXPORT_HINT, MAX_JPEG2000_TILES, MAX_JPEG_SCANS

_SOI, _EOI, _SOS, _APP0, _APP1, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE
_SOF_JPEG = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA})  # sequential, progressive, lossless; arithmetic coding
_SOF_JPEG_LS = 0xF7
_SOF_LOSSLESS = 0xC3
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a segment: TEM and RST0..7
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_MARKER_IN_LS_SCAN = re.compile(rb"\xff+([\x80-\xfe])")  # in JPEG-LS, a byte below 0x80 behind 0xff is data
_J2K_START = b"\xff\x4f\xff\x51"  # SOC, SIZ


@dataclass(frozen=True)
class StreamHeader:
    """What a compressed stream says about itself.

    Attributes:
        rows: number of rows.
        columns: number of columns.
        samples: samples per pixel.
        bits: precision of a sample, 1..38.
        signed: whether samples are signed (JPEG 2000 only).
        lossless: whether it is lossless JPEG (process 14).
        jpeg_ls: whether it is JPEG-LS.
        rgb_components: whether a JPEG names its components R, G, and B.
        jfif: whether a JPEG has a JFIF segment, which makes three components YCbCr.
        adobe_transform: colour transform of the Adobe segment (0 none, 1 YCbCr, 2 YCCK), or None without one.
        exif: payload of the Exif segment, or None.
        scan_at: offset of the first scan.
    """

    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool = False
    lossless: bool = False
    jpeg_ls: bool = False
    rgb_components: bool = False
    jfif: bool = False
    adobe_transform: int | None = None
    exif: bytes | None = None
    scan_at: int = 0


def _damaged(kind: str) -> ReadError:
    return ReadError(
        Message(
            "The {kind} data of this file are damaged or cut short; a whole film was expected. {hint}",
            kind=kind,
            hint=EXPORT_HINT,
        )
    )


def jpeg_header(data: bytes) -> StreamHeader:
    """Read the header of a JPEG or JPEG-LS stream up to its first scan.

    Raises:
        ReadError: if there is no start of image, no frame header, or no scan.
    """
    if data[:2] != b"\xff\xd8":
        raise _damaged("JPEG")
    at, jfif, adobe, exif = 2, False, None, None
    frame: StreamHeader | None = None
    while True:
        marker, payload, at = _segment(data, at)
        if marker in _SOF_JPEG or marker == _SOF_JPEG_LS:
            if frame is not None or len(payload) < 6:
                raise _damaged("JPEG")
            bits, rows, columns, samples = struct.unpack_from(">BHHB", payload)
            if len(payload) < 6 + 3 * samples:
                raise _damaged("JPEG")
            frame = StreamHeader(
                rows,
                columns,
                samples,
                bits,
                lossless=marker == _SOF_LOSSLESS,
                jpeg_ls=marker == _SOF_JPEG_LS,
                rgb_components=payload[6 : 6 + 3 * samples : 3] == b"RGB",
            )
        elif marker == _APP0 and payload[:5] == b"JFIF\x00":
            jfif = True
        elif marker == _APP14 and payload[:5] == b"Adobe" and len(payload) >= 12:
            adobe = payload[11]
        elif marker == _APP1 and payload[:6] == b"Exif\x00\x00" and exif is None:
            exif = payload
        elif marker == _SOS:
            if frame is None:
                raise _damaged("JPEG")
            return replace(frame, jfif=jfif, adobe_transform=adobe, exif=exif, scan_at=at)
        elif marker in (_SOI, _EOI):
            raise _damaged("JPEG")


def _segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Read the marker segment at `at`: (marker, payload, offset behind it)."""
    while True:
        found = _MARKER.match(data, at)
        if found is None:
            raise _damaged("JPEG")
        marker, at = found[1][0], found.end()
        if marker in _ALONE:
            continue
        if marker in (_SOI, _EOI):
            return marker, b"", at
        if at + 2 > len(data):
            raise _damaged("JPEG")
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise _damaged("JPEG")
        return marker, data[at + 2 : at + length], at + length


def check_jpeg_end(data: bytes, header: StreamHeader) -> None:
    """Make sure that the scans of a JPEG or JPEG-LS stream run up to an end-of-image marker.

    libjpeg paints what is missing of a cut stream grey and goes on: half a film would pass for a whole one. CharLS
    (2.4) looks for bits behind the end of a cut stream nearly without end.

    Raises:
        ReadError: if the end is missing or there are more than MAX_JPEG_SCANS scans.
    """
    at, scans = header.scan_at, 1
    while scans <= MAX_JPEG_SCANS:
        found = (_MARKER_IN_LS_SCAN if header.jpeg_ls else _MARKER).search(data, at)
        if found is None:
            break
        marker, at = found[1][0], found.end()
        if marker == _EOI:
            return
        if marker not in _ALONE:
            marker, _, at = _segment(data, found.start())
            scans += marker == _SOS
    raise _damaged("JPEG")


def jpeg2000_codestream(data: bytes) -> bytes:
    """Cut the codestream out of a JP2 file, which some writers put into DICOM, or return a bare codestream as it is."""
    if data.startswith(_J2K_START):
        return data
    start = data.find(_J2K_START, 0, 65_536) if data[4:8] == b"jP  " else -1
    if start < 0:
        raise _damaged("JPEG 2000")
    return data[start:]


def jpeg2000_header(codestream: bytes) -> StreamHeader:
    """Read the SIZ segment of a JPEG 2000 codestream.

    Raises:
        ReadError: if it is damaged, subsampled, of unequal components, of too many tiles, or without an end.
    """
    # Some writers pad the end; inside the packets no such pair of bytes occurs.
    if len(codestream) < 42 or b"\xff\xd9" not in codestream[-64:]:
        raise _damaged("JPEG 2000")
    x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0, samples = struct.unpack_from(">8IH", codestream, 8)
    components = codestream[42 : 42 + 3 * samples]
    one_kind = components == components[:3] * samples and components[1:3] == b"\x01\x01"
    if not (samples and one_kind and len(components) == 3 * samples and x1 > x0 and y1 > y0):
        raise _damaged("JPEG 2000")
    if not (tile_width and tile_height and tile_x0 <= x0 and tile_y0 <= y0):
        raise _damaged("JPEG 2000")
    tiles = -(-(x1 - tile_x0) // tile_width) * -(-(y1 - tile_y0) // tile_height)
    if tiles > MAX_JPEG2000_TILES:
        raise ReadError(
            Message(
                "The JPEG 2000 data are cut into {tiles:,} tiles; at most {most:,} are read. {hint}",
                tiles=tiles,
                most=MAX_JPEG2000_TILES,
                hint=EXPORT_HINT,
            )
        )
    return StreamHeader(y1 - y0, x1 - x0, samples, (components[0] & 0x7F) + 1, signed=bool(components[0] & 0x80))
