"""The films of the training data, where their folder is at hand: they are never part of the program or its bundles.

The environment variable PNEUMO_DATA names the data set's manifest or its folder. A film is shown only if its file is,
byte for byte, the one that the bundle's index was made of: a label never stands under another film, whatever became of
the manifest.
"""

import functools
import hashlib
import os
from pathlib import Path

from pneumo_core.errors import ReadError
from pneumo_core.reading import MAX_FILE_BYTES, read_film
from pneumo_core.similar.index import film_digest
from pneumo_core.types import TrainingFilm
from ui.thumbnails import thumbnail

_SIDE = 224  # pixels, of a thumbnail's long side; shown at half that size on most screens
_KEPT = 512  # thumbnails of about 8 KB


def data_folder() -> Path | None:
    """The folder that the index's file names are relative to; None where none is given or it is not there."""
    given = Path(os.environ.get("PNEUMO_DATA") or os.devnull)
    folder = given.parent if given.is_file() else given
    return folder if folder.is_dir() else None


def picture_of(film: TrainingFilm, folder: Path) -> str | None:
    """A thumbnail of a training film as a data URI; None where its file is missing, changed, or can not be read."""
    try:
        return _picture(film.name, film.digest, folder)
    except (ReadError, OSError):
        return None


@functools.lru_cache(maxsize=_KEPT)
def _picture(name: str, digest: str, folder: Path) -> str:
    path = folder / name
    if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
        raise OSError(f"{name} is missing, or larger than any film that is read.")
    data = path.read_bytes()
    if film_digest(hashlib.sha256(data).hexdigest()) != digest:
        raise OSError(f"{name} is not the file that the index was made of.")
    return thumbnail(read_film(data, path.name), _SIDE)
