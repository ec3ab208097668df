"""The data of a new run: where it lies, and what the check of it found."""

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pneumo_core.errors import ReadError
from pneumo_core.preprocess import to_square
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES, FilmClass
from ui import jobs
from ui import texts as page_texts
from ui import training_texts as texts
from ui.runs import Run
from ui.tables import table

_REFRESH_SECONDS = 1.0
_THUMBNAIL = 128


def section(runs: Path, allowed: bool) -> tuple[str, dict[str, Any]]:
    """Draw the choice of the data and its check.

    Args:
        runs: the folder of runs.
        allowed: whether a check may be started.

    Returns:
        (path of the data, the report of its check; both empty until it was checked).
    """
    st.subheader(texts.DATA, anchor=False)
    data = st.text_input(texts.DATA_PATH, help=texts.DATA_HELP, key="data").strip()
    folder = jobs.check_folder(runs, data)
    report = Run(folder, {}, {}, ()).read_json("report.json")
    label = texts.CHECK_AGAIN if report else texts.CHECK
    if st.button(label, key="check", disabled=not (allowed and data)):
        jobs.start_check(runs, data)
        report = {}
    if not data or not folder.exists():
        return "", {}
    if not report:
        _wait_for_check(folder)
        return "", {}
    _show(report, (folder / "report.json").stat().st_mtime)
    return data, report


@st.fragment(run_every=_REFRESH_SECONDS)
def _wait_for_check(folder: Path) -> None:
    """How far the check is; redraws the page once it has ended well."""
    check = Run(folder, {}, {}, ())
    if check.read_json("report.json"):
        st.rerun()
    tail = check.log_tail.splitlines()
    if jobs.check_runs(folder):
        st.caption(texts.CHECKING)
        st.code("\n".join(tail[-1:]), language=None)
    else:
        st.error(texts.CHECK_FAILED)
        st.code("\n".join(tail), language=None, wrap_lines=True)


def _show(report: dict[str, Any], made: float) -> None:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(made))
    counted = texts.CHECK_COUNTS.format(films=report["films"], patients=report["patients"], when=when)
    if report["blocking"]:
        st.error("\n".join([texts.CHECK_BLOCKED, "", *(f"- {sentence}" for sentence in report["blocking"])]))
    if report["warnings"]:
        st.warning("\n".join([texts.CHECK_WARNINGS, "", *(f"- {sentence}" for sentence in report["warnings"])]))
    if not report["blocking"] and not report["warnings"]:
        st.success(texts.CHECK_SOUND)
    st.caption(counted)
    _counts(texts.SPLIT, texts.BY_SPLIT, report["counts"])
    with st.expander(texts.BY_SOURCE):
        _counts(texts.SOURCE, texts.BY_SOURCE, report["sources"])
    totals = report["totals"]
    pairs = (texts.FILE, texts.SPLIT, texts.OTHER_FILE, texts.OTHER_SPLIT)
    for key, title, header in (
        ("unreadable", texts.UNREADABLE, (texts.FILE, texts.REASON)),
        ("exact", texts.EXACT, pairs),
        ("near", texts.NEAR, pairs),
        ("leaks", texts.LEAKS, (texts.PATIENT, texts.SPLITS)),
    ):
        if totals[key]:
            with st.expander(title.format(count=totals[key])):
                lines = report[key]
                if key == "leaks":
                    lines = [[patient, ", ".join(splits)] for patient, *splits in lines]
                table(header, lines)
    with st.expander(texts.EXAMPLES, expanded=True):
        for column, film_class in zip(st.columns(len(CLASSES)), CLASSES, strict=True):
            column.caption(page_texts.CLASS_NAMES[film_class])
            pictures = [_thumbnail(path) for path in report["examples"][film_class]]
            column.image([picture for picture in pictures if picture is not None], width=_THUMBNAIL)


def _counts(first: str, caption: str, counts: dict[str, dict[FilmClass, int]]) -> None:
    header = (first, *(page_texts.CLASS_NAMES[film_class] for film_class in CLASSES), texts.ALL)
    lines = [
        [name or texts.NOT_GIVEN, *(f"{films[film_class]:,}" for film_class in CLASSES), f"{sum(films.values()):,}"]
        for name, films in counts.items()
    ]
    table(header, lines, caption)


@st.cache_data(max_entries=200, show_spinner=False)
def _thumbnail(path: str) -> NDArray[np.uint8] | None:
    """A small picture of a film, uint8 [128, 128]; None if it is not there any more."""
    file = Path(path)
    try:
        film = read_film(file.read_bytes(), file.name)
    except (OSError, ReadError):
        return None
    square = np.round(to_square(film.pixels, _THUMBNAIL) * 255.0).astype(np.uint8)
    return np.asarray(cv2.cvtColor(square, cv2.COLOR_GRAY2RGB))
