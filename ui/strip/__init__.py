"""The strip of dropped files: thumbnail, name, state, and the reason where a file was refused."""

from collections.abc import Iterable

import streamlit as st

from pneumo_core.language import shown
from ui import answer, assets, session, texts
from ui.films import Film

_component = st.components.v2.component(
    "pneumo_strip",
    html='<div class="strip"><p class="count" role="status"></p><ul role="listbox" tabindex="0"></ul></div>',
    css=assets.text("strip/strip.css"),
    js=assets.script("strip/strip.js"),
)


def _state(film: Film) -> str:
    """What the strip says under the film's name."""
    if film.said is None:
        return texts.STATES[film.state]
    if not session.is_open(film):
        return texts.STATE_UNREAD
    return texts.PHANTOM_STATE if film.phantom else answer.short(film)


def _count(films: list[Film]) -> str:
    done = sum(film.is_answered for film in films)
    refused = sum(film.is_refused for film in films)
    return texts.strip_count(len(films), done, refused)


def strip(films: Iterable[Film], selected: str | None) -> str | None:
    """Show the files of the session.

    Args:
        films: in the order in which they were dropped.
        selected: digest of the film on view.

    Returns:
        The digest of the film that the reader has just opened, or None.
    """
    dropped = list(films)
    result = _component(
        key="strip",
        data={
            "films": [
                {
                    "digest": film.digest,
                    "name": film.name,
                    "state": _state(film),
                    "reason": shown(film.reason),
                    "thumbnail": film.thumbnail,
                }
                for film in dropped
            ],
            "selected": selected,
            "label": texts.STRIP_LABEL,
            "count": _count(dropped),
        },
        on_opened_change=_nothing,
    )
    opened: str | None = result.opened
    return opened


def _nothing() -> None:
    """A trigger exists only where a callback is named; the page reads its value instead."""
