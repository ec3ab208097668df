"""Takes the files out of a dropped ZIP archive, within limits that a hostile archive can not pass."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from pneumo_core.errors import ReadError
from pneumo_core.reading import MAX_FILE_BYTES
from ui import texts

MAX_ENTRIES = 2000
MAX_UNPACKED_BYTES = 512 * 2**20  # all files of an archive together
_CHUNK = 1 << 20


def is_archive(data: bytes) -> bool:
    """Whether a file is a ZIP archive, whatever it is called."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def unpack(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Take out the files one by one.

    What an archive says of its files' sizes is not believed: each is unpacked only up to the limit.

    Args:
        data: the archive.

    Yields:
        (name inside the archive, bytes) of each file; folders and the hidden files of macOS are passed over.

    Raises:
        ReadError: if the archive is damaged, encrypted, or passes a limit; files that came before have been given.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_hidden(entry.filename)]
        if len(entries) > MAX_ENTRIES:
            raise ReadError(texts.archive_entries(len(entries), MAX_ENTRIES))
        left = MAX_UNPACKED_BYTES
        for entry in entries:
            if entry.flag_bits & 1:
                raise ReadError(texts.ARCHIVE_ENCRYPTED)
            with archive.open(entry) as stream:
                contents = _read(stream, min(left, MAX_FILE_BYTES))
            left -= len(contents)
            yield entry.filename, contents
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        # Not chained: the cause may quote names of files, and so patients.
        raise ReadError(texts.ARCHIVE_DAMAGED) from None


def _read(stream: IO[bytes], limit: int) -> bytes:
    out = bytearray()
    while chunk := stream.read(_CHUNK):
        out += chunk
        if len(out) > limit:
            raise ReadError(texts.archive_size(MAX_UNPACKED_BYTES // 2**20, MAX_FILE_BYTES // 2**20))
    return bytes(out)


def _is_hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")
