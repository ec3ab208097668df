"""The Review page: drop films, see each beside its map, read the answer with its uncertainty."""

from html import escape

import streamlit as st

from pneumo_core import language
from pneumo_core.errors import PneumoError
from pneumo_core.explain.gradcam import METHOD
from pneumo_core.explain.methods import METHODS
from pneumo_core.report.words import set_words
from pneumo_core.types import Finding
from ui import answer, impressions, leaflet, reports, samples, session, set_right, similar, texts, tour, tour_texts
from ui.chart import probability_chart
from ui.films import Film, FilmState, FilmStore
from ui.model import SharedModel, shared_model
from ui.strip import strip
from ui.viewer import Shown, map_data, viewer

_PATIENCE = 0.8  # seconds that drawing waits for the answer to the film on view
_POLL = 0.5  # seconds between looks at what was read in the background


def page() -> None:
    """Draw the page; films that still wait are read in the background."""
    model, store, reader = shared_model(), session.films(), session.reader()
    film = session.film_on_view()
    reader.start(film)
    if film is not None:
        reader.wait_for(film, _PATIENCE if model.ready else 0.0)
    # Two places of which one is empty: what stood there goes at once, not only when the films are all read.
    welcome, review = st.empty(), st.empty()
    if film is None:
        with welcome.container():
            _welcome(store, model)
    else:
        with review.container(key="review"):
            left, middle, right = st.columns(3)
        with left:
            session.drop(texts.DROP_MORE)
            _films(store, film)
        with middle:
            tour.bar(film)
            _film(store, film)
        with right, st.container(key="answer"):
            _right(store, film, model)


# ---- the parts of the page ----


def _films(store: FilmStore, film: Film | None) -> None:
    """The strip. While films are read it keeps itself up to date, without drawing the rest of the page."""
    seen, working, turn = film.state if film else None, session.working(), session.turn()

    def draw() -> None:
        if session.turn() != turn:
            st.rerun()
        opened = store.get(strip(store, film.digest if film else None))
        if opened is not None and opened is not film:
            session.select(opened)
            st.rerun()
        if film is not None and film.state is not seen:
            st.rerun()  # the film on view has got its answer
        if working and not session.working():
            st.rerun()  # the last film is read: stop looking

    st.fragment(draw, run_every=_POLL if working else None)()


def _welcome(store: FilmStore, model: SharedModel) -> None:
    """The empty page: what to drop, what it is for, what it is not for."""
    with st.container(key="welcome"):
        st.html(f'<div class="pneumo-answer"><h2>{texts.DROP_LABEL}</h2><p>{texts.WHAT_TO_DROP}</p></div>')
        session.drop(texts.DROP_LABEL, large=True)
        if len(store):
            _films(store, None)
        st.markdown(texts.WHAT_IT_IS_FOR)
        st.markdown(texts.WHAT_IT_IS_NOT_FOR)
        _first_films(model)
        st.caption(texts.PRIVACY)
        session.model_state(model)
        if model.ready:
            st.caption(texts.model_ready(model.name, model.engine))
    # Not to be seen: makes the browser fetch the programs of charts and components now, not with the first film.
    with st.container(key="preload"):
        _chart(None)
        if not len(store):
            strip(store, None)


def _first_films(model: SharedModel) -> None:
    """Films for a first look, the tour through them, and the leaflet."""
    found = samples.samples()
    with st.container(horizontal=True):
        st.button(texts.OPEN_PHANTOMS, help=texts.PHANTOM_HELP, on_click=session.open_phantoms)
        if found.films:
            st.button(tour_texts.OPEN_SAMPLES, help=tour_texts.SAMPLES_HELP, on_click=samples.open_samples)
        st.button(tour_texts.START, help=tour_texts.START_HELP, on_click=tour.start)
        if model.ready:
            leaflet.button()
    if found.error:
        error = f"{tour_texts.SAMPLES_WRONG} {language.shown(found.error)}"
        st.html(f'<p class="pneumo-mark" role="note">{escape(error)}</p>')


def _film(store: FilmStore, film: Film) -> None:
    """The film and the film with its map, or another film beside it, in one component."""
    others = [one for one in store if one is not film and one.thumbnail and store.has_pixels(one)]
    wanted = store.get(st.session_state.get("beside"))
    beside = _shown(store, wanted) if wanted in others else None
    shown = _shown(store, film)  # the last to be opened: it stays decoded
    if shown is None:
        st.markdown(texts.FILM_GONE)
        return
    asked = store.get(viewer(shown, beside, others))
    if asked is not None and asked is not wanted:
        st.session_state.beside = asked.digest
        st.rerun()
    if any(one is not None and one.picture.shape != one.film.size for one in (shown, beside)):
        st.caption(texts.REDUCED_FILM)


def _shown(store: FilmStore, film: Film) -> Shown | None:
    """A film with its maps, if the answer to it may be seen; None where its pixels are gone."""
    picture = store.picture(film)
    if picture is None:
        return None
    may_be_seen = film.said is not None and film.is_answered and session.is_open(film)
    return Shown(film, picture, map_data(film, _method(store, film)) if may_be_seen else None)


def _method(store: FilmStore, film: Film) -> str:
    """The method that the reader wants the maps by; made now where it was not yet."""
    method: str = st.session_state.setdefault("method", METHOD)
    if method in film.maps:
        return method
    radiograph = store.open(film)
    if radiograph is None:
        st.caption(texts.METHOD_NEEDS_FILM)
        return METHOD
    try:
        with st.spinner(texts.MAP_METHOD_SLOW):
            film.maps[method] = shared_model().maps(radiograph, method)
    except PneumoError as error:
        st.caption(texts.METHOD_FAILED.format(reason=language.shown(str(error))))
        return METHOD
    return method


def _right(store: FilmStore, film: Film, model: SharedModel) -> None:
    impressions.mode_switch()
    if film.phantom:
        st.html(f'<p class="pneumo-mark" role="note">{texts.PHANTOM_MARK}</p>')
    if session.is_open(film):
        film.revealed = film.revealed or film.said is not None
        _answer(film, model)
        if film.said is not None:
            impressions.ask_final(film)
            impressions.known_truth(film)
            reports.downloads(store, film)
    else:
        impressions.ask_first(film)
        _remarks(film.findings)
        set_right.offer(film)
        session.model_state(model)
    if film.is_answered and session.is_open(film):
        st.selectbox(texts.MAP_METHOD, list(METHODS), key="method", help=texts.MAP_METHOD_HELP)
        # Not in the list itself: Streamlit knows the chosen entry by its words, which must not change.
        st.caption(model.prices.line())
    _facts(film)


def _answer(film: Film, model: SharedModel) -> None:
    """The answer in words and as bars, the remarks on the film, and what the model can not tell."""
    if film.said is None or film.answer is None:
        if not model.error and film.state is not FilmState.REFUSED:
            text = texts.ANSWER_PENDING if model.ready else texts.WAITING_FOR_MODEL
            st.html(f'<div class="pneumo-answer" role="status"><p>{text}</p></div>')
        session.model_state(model)
        _chart(film)
        return
    if not film.is_answered:
        _refused(film)
        return
    prediction = film.said.prediction
    title, reason = (_unbroken(language.shown(text)) for text in (film.answer.text, film.answer.reason))
    words = f"<h2>{title}</h2><p>{reason}</p>"
    st.html(f'<div class="pneumo-answer" role="status">{words}</div>')
    _chart(film)
    sets = "".join(f'<p class="pneumo-quiet">{_unbroken(line)}</p>' for line in set_words(prediction))
    st.html(f'<div class="pneumo-sets">{sets}</div>')
    if film.override:
        overridden = texts.OVERRIDDEN.format(reason=film.override)
        st.html(f'<p class="pneumo-mark" role="note">{escape(overridden)}</p>')
    _remarks(film.remarks)
    set_right.offer(film)
    similar.foldout(film, model)
    model_words = f"{texts.answered_by(prediction.model)}. {answer.track_record(model.metrics)}"
    st.html(f'<p class="pneumo-quiet">{escape(model_words)}</p><p class="pneumo-quiet">{texts.CAN_NOT_TELL}</p>')


def _unbroken(text: str) -> str:
    """A text as HTML, the name of the disease never broken at its hyphen."""
    return escape(text).replace("COVID-19", '<span class="pneumo-unbroken">COVID-19</span>')


def _refused(film: Film) -> None:
    """Why the intake refuses the film, and the way to an answer all the same."""
    st.html(f'<div class="pneumo-answer" role="status"><h2>{texts.REFUSED_TITLE}</h2></div>')
    _remarks(film.findings)
    set_right.offer(film)
    with st.expander(texts.OVERRIDE), st.form(f"override-{film.digest}", border=False):
        reason = st.text_input(texts.OVERRIDE_REASON, max_chars=200)
        if st.form_submit_button(texts.OVERRIDE_BUTTON, width="stretch"):
            if reason.strip():
                film.override = reason.strip()
                st.rerun()
            st.html(f'<p class="pneumo-quiet" role="alert">{texts.OVERRIDE_MISSING}</p>')


def _remarks(findings: tuple[Finding, ...]) -> None:
    if findings:
        items = "".join(
            f"<li>{escape(texts.GRADES[finding.grade])}: {escape(language.shown(finding.text))}</li>"
            for finding in findings
        )
        st.html(f'<ul class="pneumo-findings" aria-label="{texts.FINDINGS}">{items}</ul>')


def _chart(film: Film | None) -> None:
    st.plotly_chart(
        probability_chart(film.said.prediction if film and film.said else None),
        key="chart",
        config={"staticPlot": True},
    )


def _facts(film: Film) -> None:
    """What the file says about the film; what it says about the person only on request."""
    with st.expander(texts.FILM_FACTS):
        st.html(_pairs(((texts.FILE, film.name), *film.facts)))
        if st.toggle(texts.SHOW_IDENTITY, key=f"identity-{film.digest}"):
            st.html(_pairs(film.identity) if film.identity else f'<p class="pneumo-quiet">{texts.NO_IDENTITY}</p>')


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    said = ((language.shown(label), language.shown(value)) for label, value in pairs)
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in said)
    return f'<dl class="pneumo-facts">{rows}</dl>'
