"""SHA256SUMS: the digest of every file of a folder with a network, checked before anything is read from it."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from pneumo_core.errors import BundleError
from pneumo_core.language import Message

SUMS_FILE = "SHA256SUMS"
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
AGAIN = Message("Get the bundle anew from where it came from.")


def check_digests(folder: Path, sums: bytes) -> set[str]:
    """Compare every listed file with its digest, and return the names listed."""
    listed: set[str] = set()
    for line in sums.decode("utf-8", "replace").splitlines():
        expected, _, name = line.partition("  ")
        if not re.fullmatch(r"[0-9a-f]{64}", expected) or not PLAIN_NAME.fullmatch(name):
            raise BundleError(
                Message(
                    "{file} of {bundle} has the line {line!r}; 64 hexadecimal digits, two spaces, and a plain file "
                    "name were expected. {again}",
                    file=SUMS_FILE,
                    bundle=folder.name,
                    line=line[:120],
                    again=AGAIN,
                )
            )
        path = folder / name
        if not path.is_file():
            raise BundleError(
                Message(
                    "The file {name} of the bundle {bundle} is missing. {again}",
                    name=name,
                    bundle=folder.name,
                    again=AGAIN,
                )
            )
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise BundleError(
                Message(
                    "The file {name} of the bundle {bundle} has the SHA-256 {found}..., expected {expected}...: it was "
                    "damaged or changed. {again}",
                    name=name,
                    bundle=folder.name,
                    found=found[:12],
                    expected=expected[:12],
                    again=AGAIN,
                )
            )
        listed.add(name)
    return listed


def write_sums(folder: Path, names: Sequence[str]) -> None:
    """Write SHA256SUMS of the named files of a folder."""
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / SUMS_FILE).write_text("".join(lines), encoding="utf-8")
