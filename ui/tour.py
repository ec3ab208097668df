"""The guided demo: four cases, one of them refused, with a bar above the viewer that says what to look at.

With sample films (`ui.samples`) the tour goes through these; else through the phantoms, a phantom's negative, and a
page of text. What it says of a map is taken from the answer itself: it holds whatever model answers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

import streamlit as st

from pneumo_core.demo_pictures import drawn_page, negative
from pneumo_core.reading import read_film
from pneumo_core.types import FilmClass
from ui import assets, impressions, samples, session
from ui import texts as page_texts
from ui import tour_texts as texts
from ui.films import Film, FilmStore

_MOSTLY = 0.5  # share inside the lungs below which a map is not to be trusted, as in the viewer


@dataclass
class _Stop:
    """One case.

    Attributes:
        kind: what there is to look at, a key of the texts.
        find: gives the film when the stop is reached first, or None where there is none.
        digest: the film, empty until then.
    """

    kind: str
    find: Callable[[], Film | None]
    digest: str = ""


@dataclass
class _Tour:
    stops: list[_Stop]
    at: int = 0


def start() -> None:
    """Begin the tour. The doctor reads first."""
    store = session.films()
    films = samples.take()
    st.session_state.tour = _Tour(_through_samples(store, films) if films else _through_phantoms(store))
    st.session_state.read_first = True
    _go(0)


def _through_phantoms(store: FilmStore) -> list[_Stop]:
    clear, opacity = (path.read_bytes() for path in sorted(session.PHANTOMS.glob("*.dcm")))

    def inverted() -> Film:
        return store.accept("phantom-negative.png", negative(read_film(clear, "phantom")), phantom=True)

    return [
        _Stop("clear", lambda: store.accept("phantom-clear.dcm", clear, phantom=True)),
        _Stop("opacity", lambda: store.accept("phantom-opacity.dcm", opacity, phantom=True)),
        _Stop("inverted", inverted),
        _Stop("refused", lambda: _page(store)),
    ]


def _through_samples(store: FilmStore, films: list[Film]) -> list[_Stop]:
    def other() -> Film | None:
        first = _on_tour()[0]
        return _readable(store, [film for film in films if film.digest != first and film.truth != FilmClass.NORMAL])

    def outside() -> Film | None:
        left = [film for film in films if film.digest not in _on_tour()]
        measured = [film for film in left if _inside(film) is not None]
        return _readable(store, sorted(measured, key=lambda film: _inside(film) or 0.0) or left)

    normals = [film for film in films if film.truth is FilmClass.NORMAL]
    return [
        _Stop("sample", lambda: _readable(store, [*normals, *films])),
        _Stop("other", other),
        _Stop("outside", outside),
        _Stop("refused", lambda: _page(store)),
    ]


def _page(store: FilmStore) -> Film:
    page = store.accept("page-of-text.png", drawn_page(), phantom=True)
    page.revealed = True  # there is no impression to be had of it
    return page


def _readable(store: FilmStore, films: Iterable[Film]) -> Film | None:
    return next((film for film in films if store.open(film) is not None), None)


def _on_tour() -> list[str]:
    tour: _Tour = st.session_state.tour
    return [stop.digest for stop in tour.stops if stop.digest]


def _go(by: int) -> None:
    """Go on or back; a stop for which there is no film is left out."""
    tour: _Tour = st.session_state.tour
    to = tour.at + by
    while 0 <= to < len(tour.stops):
        stop = tour.stops[to]
        film = session.films().get(stop.digest) or stop.find()
        if film is not None:
            stop.digest, tour.at = film.digest, to
            session.select(film)
            return
        del tour.stops[to]
        to = min(to, len(tour.stops) - 1) if by >= 0 else to - 1


def end() -> None:
    """Leave the tour; its films stay."""
    st.session_state.pop("tour", None)


def bar(film: Film) -> None:
    """The bar above the viewer: where the tour is, what to look at, and the way on.

    Args:
        film: the film on view.
    """
    tour: _Tour | None = st.session_state.get("tour")
    if tour is None:
        return
    st.html(assets.text("tour.css"))
    with st.container(key="tour", horizontal=True, vertical_alignment="center"):
        place = escape(texts.place(tour.at + 1, len(tour.stops)))
        words = " ".join(escape(sentence) for sentence in _words(tour, film))
        st.html(f'<p role="status" aria-label="{escape(texts.LABEL)}"><b>{place}</b> {words}</p>')
        with st.container(key="tour-buttons", horizontal=True, width="content"):
            st.button(texts.PREVIOUS, key="tour-previous", disabled=tour.at == 0, on_click=_go, args=(-1,))
            if tour.at < len(tour.stops) - 1:
                st.button(texts.NEXT, key="tour-next", on_click=_go, args=(1,))
            st.button(texts.END, key="tour-end", on_click=end)


def _words(tour: _Tour, film: Film) -> list[str]:
    stop = tour.stops[tour.at]
    if film.digest != stop.digest:
        return [texts.AWAY]
    if film.said is None:
        return [texts.READING]
    if not session.is_open(film):
        return [texts.YOUR_TURN, *([texts.PHANTOMS_MEAN_NOTHING] if film.phantom else [])]
    inside = _inside(film)
    words = [texts.LOOK["other" if stop.kind == "outside" and inside is None else stop.kind]]
    if film.is_answered and inside is not None:
        words.append(texts.lungs(round(inside * 100), round(film.said.lung_area * 100)))
        if inside < _MOSTLY:
            words.append(texts.OUTSIDE)
    if stop is tour.stops[-1]:
        found = impressions.tally(session.films())
        if found.films:
            words.append(page_texts.tally_words(found.films, found.agreed, found.changed))
        if found.known:
            words.append(page_texts.tally_truth(found.known, found.gained, found.lost))
    return words


def _inside(film: Film) -> float | None:
    """The share of the answer's own map that lies inside the lungs, in 0..1; None where that is not known."""
    if film.said is None:
        return None
    return film.said.maps.inside[film.said.prediction.film_class.index]
