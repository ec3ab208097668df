"""The button that reads a copy of a film that lies wrong or is inverted, set right."""

from pathlib import PurePath

import streamlit as st

from pneumo_core.set_right import Mend, mend_for, set_right
from ui import session, texts
from ui.films import Film


def offer(film: Film) -> None:
    """Draw the button under what was found, if turning or inverting would mend it and the file is still here."""
    mend = mend_for(film.findings)
    if mend is None or session.films().source(film) is None:
        return
    st.button(
        texts.SET_RIGHT[mend.turns > 0, mend.invert],
        key="set-right",
        help=texts.SET_RIGHT_HELP,
        on_click=_set_right,
        args=(film, mend),
        width="stretch",
    )


def _set_right(film: Film, mend: Mend) -> None:
    """Take the copy into the session and put it on view; the film itself stays as it came."""
    store = session.films()
    source = store.source(film)
    if source is None:
        return
    ending = ".dcm" if film.header is not None else ".png"
    copy = store.accept(
        texts.SET_RIGHT_NAME.format(name=PurePath(film.name).stem) + ending,
        set_right(source, film.name, mend),
        phantom=film.phantom,
        truth=film.truth,
        note=film.note,
        remark=mend.finding,
    )
    session.select(copy)
