"""Reads the browser's files (JavaScript, style, markup) that lie beside the Python of this room."""

import re
from pathlib import Path

_ROOM = Path(__file__).parent
_IMPORT = re.compile(r"^import [^;]*;\n", flags=re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", flags=re.MULTILINE)


def text(path: str) -> str:
    """The contents of a file of `ui/`, such as `viewer/viewer.css`."""
    return (_ROOM / path).read_text(encoding="utf-8")


def script(*paths: str) -> str:
    """Join JavaScript modules into one.

    A component takes a single script. The modules stand in the order in which they import each other, so joining them
    and leaving out their imports and exports (but the default one) gives the same program; no build step is needed.

    Args:
        paths: files of `ui/`, imported ones first.

    Returns:
        One module with the last file's default export.
    """
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", text(path))) for path in paths)
