"""From the bytes of a DICOM file to its data elements, without any pixel decoding."""

import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from pneumo_core.errors import ReadError
from pneumo_core.language import Message
from pneumo_core.reading.formats import dataset_encoding, has_dicom_prefix
from pneumo_core.reading.limits import EXPORT_HINT, MAX_FILE_BYTES

# pydicom quotes values, and so patients, in what it logs.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

_quiet_lock = threading.RLock()

_DAMAGED = Message(
    "The DICOM file is damaged or cut short: its data elements can not be followed. {hint}", hint=EXPORT_HINT
)

READ_SYNTAXES = frozenset(
    {
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.DeflatedExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.RLELossless,
        uid.JPEGBaseline8Bit,
        uid.JPEGExtended12Bit,
        uid.JPEGLossless,
        uid.JPEGLosslessSV1,
        uid.JPEGLSLossless,
        uid.JPEGLSNearLossless,
        uid.JPEG2000Lossless,
        uid.JPEG2000,
        uid.HTJ2KLossless,
        uid.HTJ2KLosslessRPCL,
        uid.HTJ2K,
    }
)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings about odd values, which quote them, from stderr and logs.

    The lock is there because Python's warning filters belong to the process: two threads that change and restore them
    at once could leave them changed.
    """
    with _quiet_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_elements(data: bytes) -> tuple[Dataset, uid.UID]:
    """Read the data elements of a DICOM file, with or without preamble and file meta information.

    Args:
        data: the file.

    Returns:
        The data set, its values not yet converted, and the transfer syntax that its pixel data are in.

    Raises:
        ReadError: if the file is damaged, or its transfer syntax is not read.
    """
    stream = BytesIO(data)
    stream.seek(132 if has_dicom_prefix(data) else 0)
    try:
        with quiet():
            meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 0x0002)
        syntax = _transfer_syntax(meta, data, stream.tell())
        if syntax == uid.DeflatedExplicitVRLittleEndian:
            stream = BytesIO(_inflate(data[stream.tell() :]))
        with quiet():
            return read_dataset(stream, syntax.is_implicit_VR, syntax.is_little_endian), syntax
    except ReadError:
        raise
    except Exception:  # on damaged files pydicom raises whatever its parsing runs into
        # Not chained: the cause may quote values of the patient.
        raise ReadError(_DAMAGED) from None


def _transfer_syntax(meta: Dataset, data: bytes, offset: int) -> uid.UID:
    """Find the transfer syntax: as the file says, or where it says nothing, by the look of the data set."""
    stated = uid.UID(str(meta.get("TransferSyntaxUID") or "").strip("\x00 "))
    if stated:
        if stated in READ_SYNTAXES:
            return stated
        name = Message("an unknown or private one") if stated.name == stated else stated.name
        raise ReadError(
            Message(
                "The DICOM file is compressed by a method that is not read here ({name}). {hint}",
                name=name,
                hint=EXPORT_HINT,
            )
        )
    encoding = dataset_encoding(data, offset)
    if encoding is None:
        raise ReadError(_DAMAGED)
    implicit, little_endian = encoding
    if implicit:
        return uid.ImplicitVRLittleEndian
    return uid.ExplicitVRLittleEndian if little_endian else uid.ExplicitVRBigEndian


def _inflate(deflated: bytes) -> bytes:
    """Inflate a deflated data set, but not beyond the size that a plain file may have."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = inflater.decompress(deflated, MAX_FILE_BYTES)
    if inflater.unconsumed_tail and not inflater.eof:
        raise ReadError(
            Message(
                "The deflated DICOM file holds more than {most} MB. Export the film at a lower resolution.",
                most=MAX_FILE_BYTES // 2**20,
            )
        )
    if not inflater.eof:
        raise ReadError(_DAMAGED)
    return inflated


class Tags:
    """Reads attributes by keyword; what is missing, empty, or can not be converted is None."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def values(self, keyword: str) -> list[Any]:
        """All values of an attribute, in order; empty where there is none."""
        try:
            with quiet():
                value = self._dataset.get(keyword)
        except Exception:  # pydicom converts on access, and raises whatever a malformed value leads to
            return []
        if value is None or value == "" or value == b"":
            return []
        return list(value) if isinstance(value, list | tuple) or hasattr(value, "append") else [value]

    def text(self, keyword: str, longest: int = 64) -> str | None:
        """The first value as printable text of at most `longest` characters."""
        for value in self.values(keyword)[:1]:
            try:
                with quiet():
                    text = "".join(c if c.isprintable() else " " for c in str(value)).strip()
            except Exception:  # person names decode their bytes as late as here
                return None
            return text[:longest] or None
        return None

    def numbers(self, keyword: str) -> list[float]:
        """All values as numbers; empty if one of them is no number. May hold NaN and infinities."""
        try:
            return [float(value) for value in self.values(keyword)]
        except (TypeError, ValueError, OverflowError):
            return []

    def number(self, keyword: str) -> float | None:
        """The first value as a number."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def integer(self, keyword: str) -> int | None:
        """The first value as a whole number."""
        number = self.number(keyword)
        return int(number) if number is not None and abs(number) < 2**53 and number == int(number) else None

    def item(self, keyword: str) -> "Tags | None":
        """The first item of a sequence."""
        for value in self.values(keyword)[:1]:
            if isinstance(value, Dataset):
                return Tags(value)
        return None

    def raw(self, keyword: str) -> bytes | None:
        """The value of a binary attribute, undecoded."""
        for value in self.values(keyword)[:1]:
            return value if isinstance(value, bytes) else None
        return None

    def words(self, keyword: str) -> list[int]:
        """The values of a look-up table, stored either as numbers or as 16-bit words in the file's byte order."""
        raw = self.raw(keyword)
        if raw is None:
            return [int(number) & 0xFFFF for number in self.numbers(keyword) if abs(number) < 65_536]
        order = "<" if self._dataset.original_encoding[1] is not False else ">"
        return list(struct.unpack(f"{order}{len(raw) // 2}H", raw[: len(raw) // 2 * 2]))

    def is_present(self, keyword: str) -> bool:
        """Whether the attribute stands in the file, with or without a value."""
        return keyword in self._dataset

    def value_representation(self, keyword: str) -> str | None:
        """The value representation that the attribute was read with."""
        try:
            with quiet():
                return str(self._dataset[keyword].VR)
        except Exception:  # as in `values`
            return None
