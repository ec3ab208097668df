"""What Review and Worklist share: the films of the session, their reader, and the place to drop files."""

from html import escape
from pathlib import Path

import streamlit as st

from pneumo_core.language import shown
from ui import texts, uploads
from ui.films import Film, FilmStore
from ui.model import SharedModel, shared_model
from ui.reader import Reader

PHANTOMS = Path(__file__).parent.parent / "assets" / "phantoms"


def films() -> FilmStore:
    """The films of this session."""
    if "films" not in st.session_state:
        st.session_state.films = FilmStore()
    store: FilmStore = st.session_state.films
    return store


def reader() -> Reader:
    """What reads them, by the model in use: another may have been made active since."""
    model = shared_model()
    background: Reader | None = st.session_state.get("reader")
    if background is None or (st.session_state.reader_model is not model and not background.busy):
        background = Reader(films(), model)
        st.session_state.reader, st.session_state.reader_model = background, model
    return background


def read_first() -> bool:
    """Whether the doctor's impression comes before the program's answer."""
    return bool(st.session_state.get("read_first", False))


def is_open(film: Film) -> bool:
    """Whether the program's answer to a film may be shown."""
    return film.revealed or not read_first()


def select(film: Film) -> None:
    """Put a film on view, whatever is still to come."""
    st.session_state.selected = film.digest
    received().keep_view()


def received() -> uploads.Uploads:
    """What has come of the files that this session drops."""
    if "uploads" not in st.session_state:
        st.session_state.uploads = uploads.Uploads(films())
    found: uploads.Uploads = st.session_state.uploads
    return found


def drop(label: str, *, large: bool = False) -> None:
    """The place to drop files."""
    received().reader = reader()
    uploads.zone(received(), label, large=large)


def turn() -> int:
    """Rises when files have come. A part of the page that draws itself anew has to draw all of it then.

    Streamlit may join the browser's word of them with the next look of such a part, and then runs that part alone.
    """
    return received().turn


def working() -> bool:
    """Whether films are being read or on their way."""
    return reader().busy or received().coming


def open_phantoms() -> None:
    """Put the phantom films into the session, to be read by the doctor first."""
    store = films()
    paths = sorted(PHANTOMS.glob("*.dcm"))
    received().show([store.accept(path.name, path.read_bytes(), phantom=True) for path in paths])
    st.session_state.read_first = True


def film_on_view() -> Film | None:
    """The film chosen last, or the first readable one of what was dropped last."""
    film = received().newcomer() or films().get(st.session_state.get("selected"))
    st.session_state.selected = film.digest if film else None
    return film


# ---- the model ----


def model_state(model: SharedModel) -> None:
    """What there is to say of a model that is not ready."""
    if not model.settled:
        _wait_for_model(model)
    if model.error:
        st.html(alert(texts.SELFTEST_FAILED if model.failed_selftest else texts.MODEL_FAILED, model.error))


def alert(title: str, text: str) -> str:
    """A message that stops the reader, as HTML."""
    words = f"<h2>{escape(title)}</h2><p>{escape(shown(text))}</p>"
    return f'<div class="pneumo-answer pneumo-alert" role="alert">{words}</div>'


@st.fragment(run_every=0.4)
def _wait_for_model(model: SharedModel) -> None:
    """How far the model is; redraws the page once it is ready."""
    if model.settled:
        st.rerun()
    if model.progress is None:
        st.caption(texts.MODEL_LOADING)
    else:
        share, step = model.progress
        st.progress(share, f"{texts.MODEL_PREPARING} {shown(step)}")
