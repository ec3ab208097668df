"""The Worklist page: all films of the session as rows, read in the background, to be sorted, filtered, and opened."""

from collections.abc import Callable

import streamlit as st

from pneumo_core import language
from pneumo_core.report.texts import percent
from pneumo_core.types import Finding
from ui import answer, assets, impressions, reports, session, texts
from ui.films import Film, FilmState, FilmStore
from ui.model import shared_model

_POLL = 1.0  # seconds between looks at what was read in the background

_component = st.components.v2.component(
    "pneumo_table",
    html='<div class="table"><table><caption></caption><thead><tr></tr></thead><tbody></tbody></table></div>',
    css=assets.text("table/table.css"),
    js=assets.script("table/table.js"),
)
_FILTERS: dict[str, Callable[[Film], bool]] = {
    "all": lambda film: True,
    "read": lambda film: film.is_answered,
    "refused": lambda film: film.is_refused,
    "waiting": lambda film: film.state in (FilmState.WAITING, FilmState.SHOWN),
    "unread": lambda film: film.said is not None and film.impression is None,
}


def page() -> None:
    """Draw the page; films that still wait are read in the background."""
    model, store, reader = shared_model(), session.films(), session.reader()
    reader.start(None)
    with st.container(key="worklist"):
        left, right = st.columns([3, 1], vertical_alignment="center")
        with left:
            session.drop(texts.WORKLIST_EMPTY)
        session.model_state(model)
        if not len(store):
            st.markdown(texts.WORKLIST_EMPTY)
            return
        hidden = session.read_first()
        right.download_button(
            texts.CSV,
            reports.later(lambda: reports.session_table(store, read_first=hidden)),
            "pneumo-films.csv",
            "text/csv",
            on_click="ignore",
            width="stretch",
        )
        _rows(store)
        _summary(store)
        st.html(f'<p class="pneumo-quiet">{texts.MARGIN_HELP} {texts.ORDER_HELP}</p>')


def _rows(store: FilmStore) -> None:
    """Filter, progress, and rows, drawn anew by themselves: at a click on the filter, and while films are read."""
    working, turn = session.working(), session.turn()

    def draw() -> None:
        if session.turn() != turn:
            st.rerun()
        shown = st.segmented_control(
            texts.WORKLIST_FILTER,
            list(_FILTERS),
            default="all",
            format_func=texts.WORKLIST_SHOWN.__getitem__,
            key="worklist-filter",
            required=True,
        )
        wanted = _FILTERS[shown or "all"]
        films = list(store)
        done = sum(film.state in (FilmState.ANSWERED, FilmState.REFUSED) for film in films)
        if done < len(films):
            st.progress(done / len(films), texts.progress(done, len(films)))
        else:
            st.html(f'<p class="pneumo-quiet" role="status">{texts.progress(done, len(films))}</p>')
        opened = store.get(_table([film for film in films if wanted(film)]))
        if opened is not None:
            session.select(opened)
            st.switch_page(st.session_state.review_page)
        if working and not session.working():
            st.rerun()  # the last film is read: stop looking

    st.fragment(draw, run_every=_POLL if working else None)()


def _table(films: list[Film]) -> str | None:
    """Show rows. Returns the digest of the film that the reader has just opened, or None."""
    result = _component(
        key="worklist-table",
        data={
            "label": texts.WORKLIST_LABEL,
            "empty": texts.WORKLIST_NONE,
            "columns": [{"key": key, "name": name} for key, name in texts.WORKLIST_COLUMNS.items()],
            "rows": [_row(film) for film in films],
            "selected": st.session_state.get("selected"),
        },
        on_opened_change=_nothing,
    )
    opened: str | None = result.opened
    return opened


def _nothing() -> None:
    """A trigger exists only where a callback is named; the page reads its value instead."""


def _row(film: Film) -> dict[str, object]:
    """One film's cells: what is shown, and for figures what is sorted by."""
    row: dict[str, object] = {
        "digest": film.digest,
        "thumbnail": film.thumbnail,
        "film": film.name,
        "state": texts.STATE_NAMES[film.state],
        "reason": language.shown(film.reason) or _in_words(film.findings),
        "opens": film.state is not FilmState.REFUSED,
        "doctor": texts.OPINIONS[film.impression.opinion] if film.impression else "",
    }
    if film.said is None or film.answer is None:
        return row
    if not session.is_open(film):
        return row | {"answer": texts.HIDDEN_ANSWER}
    if not film.is_answered:
        return row | {"state": texts.STATE_NAMES["refused"], "answer": language.shown(film.answer.text)}
    row["answer"] = texts.PHANTOM_STATE if film.phantom else language.shown(film.answer.text)
    prediction = film.said.prediction
    (_, probability), (_, second), *_ = answer.ranked(prediction)
    pneumonia = 1.0 - float(prediction.probabilities[0])
    return row | {
        "reason": _in_words(film.remarks),
        "probability": [percent(probability), probability],
        "margin": [percent(probability - second), probability - second],
        "urgency": [percent(pneumonia), pneumonia],
    }


def _in_words(findings: tuple[Finding, ...]) -> str:
    return " ".join(language.shown(finding.text) for finding in findings)


def _summary(store: FilmStore) -> None:
    """How reading first went."""
    found = impressions.tally(store)
    if found.films:
        words = texts.tally_words(found.films, found.agreed, found.changed)
        if found.known:
            words += f" {texts.tally_truth(found.known, found.gained, found.lost)}"
        st.html(f'<p class="pneumo-answer" role="status">{words}</p>')
