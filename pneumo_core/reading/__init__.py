"""Reading films: bytes of a DICOM, PNG, or JPEG file -> `Radiograph`, or one `ReadError` that says why not."""

import hashlib
from pathlib import PurePath

from pneumo_core.errors import ReadError
from pneumo_core.language import Message
from pneumo_core.reading.bars import note_bars
from pneumo_core.reading.dicom import read_dicom
from pneumo_core.reading.formats import JPEG_SIGNATURE, PNG_SIGNATURE, looks_like_dicom, name_of_other
from pneumo_core.reading.limits import MAX_FILE_BYTES, check_file_size
from pneumo_core.reading.raster import read_jpeg, read_png
from pneumo_core.types import Radiograph

__all__ = ["MAX_FILE_BYTES", "check_file_size", "looks_like_dicom", "read_film"]

_ENDINGS = {".dcm": "DICOM", ".dicom": "DICOM", ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def read_film(data: bytes, name: str) -> Radiograph:
    """Read one film, whatever its file is called.

    Args:
        data: the file's bytes.
        name: the file's name; only its ending is used, to word an error.

    Returns:
        The film, dark = air, its own grey values kept, wide bars at its edges noted.

    Raises:
        ReadError: if the file is not a readable single image in DICOM, PNG, or JPEG of a plain film.
    """
    if not data:
        raise ReadError(Message("The file is empty. Copy or export the film anew."))
    check_file_size(len(data))
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(PNG_SIGNATURE):
        return note_bars(read_png(data, digest))
    if data.startswith(JPEG_SIGNATURE):
        return note_bars(read_jpeg(data, digest))
    if looks_like_dicom(data):
        return note_bars(read_dicom(data, digest))
    called = _ENDINGS.get(PurePath(name).suffix.lower())
    kind = name_of_other(data)
    if called:
        kind = Message("{kind}, though it is called {ending}", kind=kind, ending=PurePath(name).suffix)
    raise ReadError(
        Message(
            "This is {kind}. A chest film as DICOM, PNG, or JPEG was expected. Export the film in one of "
            "these formats.",
            kind=kind,
        )
    )
