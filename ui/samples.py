"""The real films of a demo: those of the folder that PNEUMO_SAMPLES names, with what they are known to show.

The folder holds films and, optionally, `samples.csv` with the columns file, label (normal, bacterial, viral, covid19,
or empty), and note. With that file only the films that it lists are offered, in its order; without it, all files of the
folder. The list is read once, when the first page is drawn; the films themselves when they are opened.
"""

import csv
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pneumo_core.types import CLASSES, FilmClass
from ui import session
from ui import tour_texts as texts
from ui.films import Film

VARIABLE = "PNEUMO_SAMPLES"
LIST = "samples.csv"
MOST = 60  # films; all are read when they are opened

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """A film of the demo.

    Attributes:
        path: its file.
        label: what it is known to show; None where that is not known.
        note: what else is known of it, shown with the label.
    """

    path: Path
    label: FilmClass | None = None
    note: str = ""


@dataclass(frozen=True)
class Samples:
    """What the folder offers.

    Attributes:
        films: the films; none where there is no folder, or something is wrong with it.
        error: what is wrong, for the reader; empty otherwise.
    """

    films: tuple[Sample, ...] = ()
    error: str = ""


def find_samples(folder: str | None) -> Samples:
    """Look what a folder offers.

    Args:
        folder: its path, or None or nothing for no samples.
    """
    if not folder:
        return Samples()
    root = Path(folder).expanduser()
    try:
        if not root.is_dir():
            return Samples(error=texts.no_folder(folder))
        found = tuple(_listed(root) if (root / LIST).is_file() else _all_files(root))
    except _WrongListError as wrong:
        return Samples(error=wrong.text)
    except (OSError, UnicodeError, csv.Error) as error:
        return Samples(error=texts.unreadable(str(error)))
    if not found:
        return Samples(error=texts.empty(folder))
    if len(found) > MOST:
        return Samples(error=texts.too_many(len(found), MOST))
    return Samples(found)


class _WrongListError(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _all_files(root: Path) -> Iterator[Sample]:
    for path in sorted(root.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            yield Sample(path)


def _listed(root: Path) -> Iterator[Sample]:
    seen = set()
    with (root / LIST).open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file, strict=True)
        if "file" not in (table.fieldnames or ()):
            raise _WrongListError(texts.NO_FILE_COLUMN)
        for row in table:
            name, label = (row.get("file") or "").strip(), (row.get("label") or "").strip()
            path = (root / name).resolve()
            if not name or not path.is_file() or not path.is_relative_to(root.resolve()):
                raise _WrongListError(texts.bad_row(table.line_num, texts.missing_file(name)))
            if path in seen:
                raise _WrongListError(texts.bad_row(table.line_num, texts.named_twice(name)))
            if label and label not in {str(film_class) for film_class in CLASSES}:
                known = ", ".join(CLASSES)
                raise _WrongListError(texts.bad_row(table.line_num, texts.unknown_label(label, known)))
            seen.add(path)
            yield Sample(path, FilmClass(label) if label else None, (row.get("note") or "").strip())


@st.cache_resource(show_spinner=False)
def samples() -> Samples:
    """The samples of this server."""
    found = find_samples(os.environ.get(VARIABLE))
    if found.error:
        _log.error("%s", found.error)
    return found


def take() -> list[Film]:
    """Put the sample films into the session, to be read by the doctor first."""
    store = session.films()
    st.session_state.read_first = True
    return [
        store.accept(sample.path.name, sample.path.read_bytes(), truth=sample.label, note=sample.note)
        for sample in samples().films
    ]


def open_samples() -> None:
    """Show the sample films."""
    session.received().show(take())
