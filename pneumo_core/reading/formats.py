"""Tells file formats apart by their first bytes, whatever a file is called."""

import re
import struct

from pneumo_core.language import Message

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
_PREFIX_AT = 128  # the preamble that may stand before a DICOM file's magic word

# What is known but not read; the first that matches gives the name.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (rb"PK\x03\x04..[\x01\x03\x05\x07\x09\x0b\x0d\x0f]", Message("an encrypted ZIP archive")),
    (rb"PK(\x03\x04|\x05\x06|\x07\x08)", Message("a ZIP archive")),
    (rb"\x1f\x8b|BZh\d|\xfd7zXZ\x00|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x28\xb5\x2f\xfd", Message("a compressed archive")),
    (rb"%PDF-", Message("a PDF document")),
    (rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]", Message("a TIFF image")),
    (rb"GIF8[79]a", Message("a GIF image")),
    (rb"RIFF.{4}WEBP", Message("a WebP image")),
    (rb"BM.{4}\x00\x00\x00\x00", Message("a BMP image")),
    (rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", Message("an HEIC photograph")),
    (rb".{4}ftyp(avif|avis)", Message("an AVIF image")),
    (rb".{4}ftyp", Message("a video")),
    (rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", Message("a JPEG 2000 image outside of DICOM")),
    (rb"\x00\x00\x00\x0cJXL \r\n\x87\n|\xff\x0a", Message("a JPEG XL image")),
    (rb"(?i)\s*(\xef\xbb\xbf)?\s*<(!doctype html|html|head)", Message("a web page")),
    (rb"\s*(\xef\xbb\xbf)?\s*<", Message("an XML or SVG document")),
)
_OTHER_PATTERNS = tuple((re.compile(pattern, re.DOTALL), name) for pattern, name in _OTHERS)
_TEXT_BYTES = bytes(range(32, 127)) + b"\t\n\r\f\x1b"

_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_UNDEFINED = 0xFFFFFFFF
_ENOUGH = 3  # elements in good order that make a file without the magic word a DICOM file


def name_of_other(data: bytes) -> str:
    """Name the format of a file that is neither DICOM nor PNG nor JPEG, with its article."""
    head = data[:512]
    for pattern, name in _OTHER_PATTERNS:
        if pattern.match(head):
            return name
    if not head.translate(None, _TEXT_BYTES):
        return Message("a text file")
    try:
        text = head.decode("utf-8", errors="strict") if len(data) <= len(head) else head[:-3].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return Message("a file of an unknown format")
    lost = len(head) - len(text.encode()) > 6
    if lost or re.search(r"[\x00-\x08\x0e-\x1a]", text):
        return Message("a file of an unknown format")
    return Message("a text file")


def has_dicom_prefix(data: bytes) -> bool:
    """Whether the magic word DICM stands behind a preamble of 128 bytes."""
    return data[_PREFIX_AT : _PREFIX_AT + 4] == b"DICM"


def dataset_encoding(data: bytes, offset: int) -> tuple[bool, bool] | None:
    """Find how the data elements from `offset` on are encoded.

    Walks the first elements under each of DICOM's three encodings; the first encoding under which they have valid
    value representations, ascending tags, and lengths inside the file is taken.

    Args:
        data: the file.
        offset: where the first data element starts.

    Returns:
        (implicit value representation, little endian), or None if no encoding fits.
    """
    for implicit, little_endian in ((False, True), (True, True), (False, False)):
        if _walk(data, offset, implicit, little_endian):
            return implicit, little_endian
    return None


def _walk(data: bytes, offset: int, implicit: bool, little_endian: bool) -> bool:
    """Whether the first _ENOUGH elements (or all there are up to a sequence) stand in good order."""
    order = "<" if little_endian else ">"
    last_tag = -1
    for count in range(_ENOUGH):
        if offset + 8 > len(data):
            return False
        group, element = struct.unpack_from(order + "HH", data, offset)
        tag = group << 16 | element
        if tag <= last_tag or (count == 0 and group not in (0x0002, 0x0008)):
            return False
        last_tag = tag
        vr = data[offset + 4 : offset + 6]
        if implicit:
            (length,) = struct.unpack_from(order + "I", data, offset + 4)
            offset += 8
        elif vr in _SHORT_VRS:
            (length,) = struct.unpack_from(order + "H", data, offset + 6)
            offset += 8
        elif vr in _LONG_VRS and data[offset + 6 : offset + 8] == b"\x00\x00" and offset + 12 <= len(data):
            (length,) = struct.unpack_from(order + "I", data, offset + 8)
            offset += 12
        else:
            return False
        if length == _UNDEFINED:
            # A sequence of undefined length is not skipped: what stands before it has to do.
            return count > 0
        if offset + length > len(data):
            return False
        offset += length
    return True


def looks_like_dicom(data: bytes) -> bool:
    """Whether a file is DICOM: by its magic word, or by its first elements where preamble and word are missing."""
    return has_dicom_prefix(data) or dataset_encoding(data, 0) is not None
