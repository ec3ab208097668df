"""The doctor's word: recorded before the program's answer, kept or changed after it, and counted over the session."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import streamlit as st

from pneumo_core.report import Confidence, Impression, Opinion
from ui import session, texts, tour_texts
from ui.films import Film, FilmState

_NOTE_LENGTH = 4000


def ask_first(film: Film) -> None:
    """The form that stands where the answer will be."""
    st.html(f'<div class="pneumo-answer"><h2>{texts.YOUR_IMPRESSION}</h2><p>{texts.READ_FIRST_WHY}</p></div>')
    with st.form(f"first-{film.digest}", border=False):
        opinion = st.radio(texts.OPINION, list(Opinion), index=None, format_func=texts.OPINIONS.__getitem__)
        confidence = st.radio(
            texts.CONFIDENCE,
            list(Confidence),
            index=1,
            format_func=texts.CONFIDENCE_LEVELS.__getitem__,
            horizontal=True,
        )
        if st.form_submit_button(texts.RECORD, width="stretch"):
            if opinion is None or confidence is None:
                st.html(f'<p class="pneumo-quiet" role="alert">{texts.OPINION_MISSING}</p>')
            else:
                film.first = (opinion, confidence)
                film.impression = Impression(opinion, confidence, film.first)
                film.revealed = True
                st.rerun()
    if st.button(texts.SHOW_WITHOUT, type="tertiary"):
        film.revealed = True
        st.rerun()


def ask_final(film: Film) -> None:
    """The doctor's word beside the answer: kept, changed, or given now."""
    now = film.impression
    st.html(f'<h3 class="pneumo-head">{texts.YOUR_IMPRESSION}</h3>')
    if film.first is not None:
        opinion, confidence = film.first
        words = texts.first_impression(texts.OPINIONS[opinion], texts.CONFIDENCES[confidence])
        st.html(f'<p class="pneumo-quiet">{escape(words)}</p>')
    opinions = list(Opinion)
    chosen: Opinion | None = st.selectbox(
        texts.OPINION,
        opinions,
        index=opinions.index(now.opinion) if now else None,
        format_func=texts.OPINIONS.__getitem__,
        key=f"opinion-{film.digest}",
        placeholder=texts.NO_OPINION,
        disabled=film.truth_shown,
    )
    if chosen is None:
        return
    confidence = st.segmented_control(
        texts.CONFIDENCE,
        list(Confidence),
        default=now.confidence if now else Confidence.MODERATE,
        format_func=texts.CONFIDENCE_LEVELS.__getitem__,
        key=f"confidence-{film.digest}",
        required=True,
        disabled=film.truth_shown,
    )
    note = st.text_area(
        texts.NOTE, now.note if now else "", max_chars=_NOTE_LENGTH, height=90, key=f"note-{film.digest}"
    )
    film.impression = Impression(chosen, confidence, film.first, note.strip())


def known_truth(film: Film) -> None:
    """What a sample is known to show, once the doctor asks; the impression stands from then on.

    Else the change after the answer, which is counted, would be a change after the truth.
    """
    if film.truth is None and not film.note:
        return
    if not film.truth_shown:
        if st.button(tour_texts.SHOW_TRUTH, help=tour_texts.TRUTH_HELP, width="stretch"):
            film.truth_shown = True
            st.rerun()
        return
    words = [tour_texts.truth(texts.CLASS_NAMES[film.truth])] if film.truth else []
    if film.note:
        words.append(film.note)
    st.html(f'<p class="pneumo-mark" role="status">{escape(" ".join(words))}</p>')


@dataclass(frozen=True)
class Tally:
    """How reading first went, over a session.

    Attributes:
        films: films with an impression from before the answer, the phantoms left out.
        agreed: of these, how often the first impression was the program's most probable answer.
        changed: how often the doctor's word changed after the answer.
        known: of these films, how many have a known truth.
        gained: wrong before, right after.
        lost: right before, wrong after.
    """

    films: int = 0
    agreed: int = 0
    changed: int = 0
    known: int = 0
    gained: int = 0
    lost: int = 0


def tally(films: Iterable[Film]) -> Tally:
    """Count over the films that were read first."""
    read = [film for film in films if film.first and film.impression and film.state is FilmState.ANSWERED]
    read = [film for film in read if not film.phantom]
    known = [film for film in read if film.truth is not None]

    def right(film: Film, opinion: Opinion) -> bool:
        return film.truth is not None and opinion.value == film.truth.value

    before_after = [(right(f, f.first[0]), right(f, f.impression.opinion)) for f in known if f.first and f.impression]
    return Tally(
        films=len(read),
        agreed=sum(f.said.prediction.film_class.value == f.first[0].value for f in read if f.said and f.first),
        changed=sum(film.impression.changed for film in read if film.impression),
        known=len(known),
        gained=before_after.count((False, True)),
        lost=before_after.count((True, False)),
    )


def mode_switch() -> None:
    """The switch for reading first; what was seen stays seen."""
    st.toggle(texts.READ_FIRST, key="read_first_switch", value=session.read_first(), on_change=_switch)


def _switch() -> None:
    st.session_state.read_first = st.session_state.read_first_switch
    if not session.read_first():
        for film in session.films():  # their answers are in view from now on
            film.revealed = film.revealed or film.state is FilmState.ANSWERED
