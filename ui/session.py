"""What Review and Worklist share: the films of the session, their reader, and the places to drop files."""

from html import escape
from pathlib import Path

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pneumo_core.errors import ReadError
from pneumo_core.language import shown
from ui import archives, parts, texts
from ui.films import Film, FilmState, FilmStore
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
    """Put a film on view."""
    st.session_state.selected = film.digest


def drop(label: str) -> None:
    """The upload widget. Each drop gets a new one, so that Streamlit forgets the bytes of the last."""
    turn = st.session_state.setdefault("drop_turn", 0)
    st.file_uploader(
        label,
        accept_multiple_files=True,
        key=f"drop-{turn}",
        on_change=_take_files,
        args=(turn,),
        label_visibility="collapsed",
    )


def drops() -> int:
    """How many drops were taken. A part of the page that draws itself anew has to draw all of it when this changes.

    Streamlit may join the message of a drop with the next look of such a part, and then runs that part alone: the
    upload widget would stay as it was.
    """
    turn: int = st.session_state.get("drop_turn", 0)
    return turn


def _take_files(turn: int) -> None:
    """Take the dropped files over. Streamlit would keep its own copy of each until the session ends.

    Args:
        turn: of the widget. Where a new drop interrupts the run that took the last one, Streamlit calls this once more
            for the same widget, with the same files.
    """
    taken: set[str] = st.session_state.setdefault("taken", set())
    there = [file for file in st.session_state.get(f"drop-{turn}", []) if isinstance(file, UploadedFile)]
    files = [file for file in there if file.file_id not in taken]
    if not files:
        return
    context = get_script_run_ctx()
    dropped: list[Film] = []
    for file in files:
        dropped += _accept(file.name, file.getvalue())
        taken.add(file.file_id)  # not before: a run may be broken off at any look into the session's state
        if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    begun = st.session_state.get("selected") or st.session_state.get("dropped")
    if not (begun and parts.go_on(files)):  # else what is on view stays
        st.session_state.dropped = [film.digest for film in dropped]
    st.session_state.drop_turn = max(turn + 1, st.session_state.drop_turn)


def _accept(name: str, data: bytes) -> list[Film]:
    """Take over one file, or each file of an archive."""
    store = films()
    if not archives.is_archive(data):
        return [store.accept(name, data)]
    dropped = []
    try:
        for inside, contents in archives.unpack(data):
            dropped.append(store.accept(f"{name}/{inside}", contents))
    except ReadError as error:
        archive = store.accept(name, data)
        store.refuse(archive, str(error))
        dropped.append(archive)
    return dropped


def open_phantoms() -> None:
    """Put the phantom films into the session, to be read by the doctor first."""
    store = films()
    paths = sorted(PHANTOMS.glob("*.dcm"))
    st.session_state.dropped = [store.accept(path.name, path.read_bytes(), phantom=True).digest for path in paths]
    st.session_state.read_first = True


def film_on_view() -> Film | None:
    """The film chosen last, or the first readable one of what was dropped last."""
    store = films()
    film = store.get(st.session_state.get("selected"))
    for dropped in [store.get(digest) for digest in st.session_state.pop("dropped", [])]:
        if dropped is not None and (dropped.state is FilmState.ANSWERED or store.open(dropped) is not None):
            film = dropped
            break
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
