"""The Review page: drop films, see each beside its map, read the answer with its uncertainty."""

import time
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui import answer, assets, texts
from ui.chart import probability_chart
from ui.films import Film, FilmState, FilmStore
from ui.model import SharedModel, shared_model
from ui.strip import strip
from ui.viewer import map_data, viewer

PHANTOMS = Path(__file__).parent.parent / "assets" / "phantoms"
_WORK_SECONDS = 0.3  # reading goes on in slices of this length, so that a click is answered in between


def page() -> None:
    """Draw the page, then go on with the films that still wait for their answer."""
    model = shared_model()
    store = _store()
    st.html(assets.text("page.css"))
    st.html(f'<div class="pneumo-bar"><strong>Pneumo</strong><span>{texts.NOT_FOR_DIAGNOSIS}</span></div>')
    film = _selected(store)
    # Two places of which one is empty: what stood there goes at once, not only when the films are all read.
    welcome, review = st.empty(), st.empty()
    if film is None:
        with welcome.container():
            _welcome(store, model)
    else:
        with review.container(key="review"):
            left, middle, right = st.columns(3)
        with left:
            _drop(texts.DROP_MORE)
            _films(store, film)
        with middle:
            _film(store, film)
        with right, st.container(key="answer"):
            _answer(film, model)
            _facts(film)
    _work(store, model, film)


# ---- the films of this session ----


def _store() -> FilmStore:
    if "films" not in st.session_state:
        st.session_state.films = FilmStore()
    store: FilmStore = st.session_state.films
    return store


def _selected(store: FilmStore) -> Film | None:
    """The film on view: the one chosen last, or the first readable one of what was dropped last."""
    film = store.get(st.session_state.get("selected"))
    for dropped in [store.get(digest) for digest in st.session_state.pop("dropped", [])]:
        if dropped is not None and (dropped.state is FilmState.ANSWERED or store.open(dropped) is not None):
            film = dropped
            break
    st.session_state.selected = film.digest if film else None
    return film


def _drop(label: str) -> None:
    """The upload widget. Each drop gets a new one, so that Streamlit forgets the bytes of the last."""
    turn = st.session_state.setdefault("drop_turn", 0)
    st.file_uploader(
        label, accept_multiple_files=True, key=f"drop-{turn}", on_change=_take_files, label_visibility="collapsed"
    )


def _take_files() -> None:
    """Take the dropped files over. Streamlit would keep its own copy of each until the session ends."""
    store = _store()
    files = st.session_state[f"drop-{st.session_state.drop_turn}"]
    st.session_state.dropped = [store.accept(file.name, file.getvalue()).digest for file in files]
    st.session_state.drop_turn += 1
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def _open_phantoms() -> None:
    store = _store()
    paths = sorted(PHANTOMS.glob("*.dcm"))
    st.session_state.dropped = [store.accept(path.name, path.read_bytes(), phantom=True).digest for path in paths]


def _films(store: FilmStore, film: Film | None) -> None:
    """The strip; a film opened in it is on view from the next run on."""
    opened = strip(store, film.digest if film else None)
    if opened and (film is None or opened != film.digest):
        st.session_state.selected = opened
        st.rerun()


# ---- the parts of the page ----


def _welcome(store: FilmStore, model: SharedModel) -> None:
    """The empty page: what to drop, what it is for, what it is not for."""
    with st.container(key="welcome"):
        st.html(f'<div class="pneumo-answer"><h2>{texts.DROP_LABEL}</h2><p>{texts.WHAT_TO_DROP}</p></div>')
        _drop(texts.DROP_LABEL)
        if len(store):
            _films(store, None)
        st.markdown(texts.WHAT_IT_IS_FOR)
        st.markdown(texts.WHAT_IT_IS_NOT_FOR)
        st.button(texts.OPEN_PHANTOMS, help=texts.PHANTOM_HELP, on_click=_open_phantoms)
        st.caption(texts.PRIVACY)
        _model_state(model)
        if model.ready:
            st.caption(texts.model_ready(model.name, model.engine))
    # Not to be seen: makes the browser fetch the programs of charts and components now, not with the first film.
    with st.container(key="preload"):
        _chart(None)
        if not len(store):
            strip(store, None)


def _film(store: FilmStore, film: Film) -> None:
    """The film and the film with its map, in one component."""
    picture = store.picture(film)
    if picture is None:
        st.markdown(texts.FILM_GONE)
        return
    maps = None
    if film.prediction is not None:
        maps = map_data(film.heatmaps, film.prediction.film_class, film.size)
    viewer(picture, film.size, maps)
    if picture.shape != film.size:
        st.caption(texts.REDUCED_FILM)


def _answer(film: Film, model: SharedModel) -> None:
    """The answer in words and as bars, the remarks on the film, and what the model can not tell."""
    if film.phantom:
        st.html(f'<p class="pneumo-mark" role="note">{texts.PHANTOM_MARK}</p>')
    prediction = film.prediction
    if prediction is None:
        if not model.error:
            text = texts.ANSWER_PENDING if model.ready else texts.WAITING_FOR_MODEL
            st.html(f'<div class="pneumo-answer" role="status"><p>{text}</p></div>')
        _model_state(model)
    else:
        words = f"<h2>{escape(answer.headline(prediction))}</h2><p>{escape(answer.uncertainty(prediction))}</p>"
        st.html(f'<div class="pneumo-answer" role="status">{words}</div>')
    _chart(film)
    if film.findings:
        items = "".join(f"<li>{escape(texts.GRADES[grade])}: {escape(text)}</li>" for grade, text in film.findings)
        st.html(f'<ul class="pneumo-findings" aria-label="{texts.FINDINGS}">{items}</ul>')
    if prediction is not None:
        model_words = f"{texts.answered_by(prediction.model)}. {answer.track_record(model.metrics)}"
        st.html(f'<p class="pneumo-quiet">{escape(model_words)}</p><p class="pneumo-quiet">{texts.CAN_NOT_TELL}</p>')


def _chart(film: Film | None) -> None:
    st.plotly_chart(probability_chart(film.prediction if film else None), key="chart", config={"staticPlot": True})


def _facts(film: Film) -> None:
    """What the file says about the film; what it says about the person only on request."""
    with st.expander(texts.FILM_FACTS):
        st.html(_pairs(((texts.FILE, film.name), *film.facts)))
        if st.toggle(texts.SHOW_IDENTITY, key=f"identity-{film.digest}"):
            st.html(_pairs(film.identity) if film.identity else f'<p class="pneumo-quiet">{texts.NO_IDENTITY}</p>')


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in pairs)
    return f'<dl class="pneumo-facts">{rows}</dl>'


# ---- the model, and the work that waits for it ----


def _model_state(model: SharedModel) -> None:
    """What there is to say of a model that is not ready."""
    if not model.settled:
        _wait_for(model)
    if model.error:
        words = f"<h2>{texts.MODEL_FAILED}</h2><p>{escape(model.error)}</p>"
        st.html(f'<div class="pneumo-answer" role="alert">{words}</div>')


@st.fragment(run_every=0.4)
def _wait_for(model: SharedModel) -> None:
    """How far the model is; redraws the page once it is ready."""
    if model.settled:
        st.rerun()
    if model.progress is None:
        st.caption(texts.MODEL_LOADING)
    else:
        share, step = model.progress
        st.progress(share, f"{texts.MODEL_PREPARING} {step}")


def _work(store: FilmStore, model: SharedModel, film: Film | None) -> None:
    """Read and answer waiting films for a moment, the one on view first; then draw the page again."""
    todo = [waiting for waiting in store.waiting() if model.ready or waiting.state is FilmState.WAITING]
    todo.sort(key=lambda waiting: waiting is not film)
    if not todo:
        store.trim()
        return
    deadline = time.monotonic() + _WORK_SECONDS
    for waiting in todo:
        radiograph = store.open(waiting)
        if radiograph is not None and model.ready:
            store.answer(waiting, *model.answer(radiograph))
        if time.monotonic() > deadline or waiting is film:
            break
    st.rerun()
