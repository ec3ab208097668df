"""The switch between the languages, and which one this session's reader has chosen.

The choice stands in the address (`?lang=ko`), so that a reload or a bookmark keeps it; English is the default.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pneumo_core import language
from ui import assets, texts

_PARAMETER = "lang"

_component = st.components.v2.component(
    "pneumo_language",
    html='<div class="languages" role="group"></div>',
    css=assets.text("language_switch/switch.css"),
    js=assets.script("language_switch/switch.js"),
)


def _of_session() -> str:
    """What the reader chose; English where there is no session, as in a thread that reads films."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return language.SOURCE
    chosen: str = st.session_state.get("language", language.SOURCE)
    return chosen


language.follow(_of_session)


def begin() -> None:
    """Take the language of a new session from the address. Comes before anything is said."""
    if "language" not in st.session_state:
        asked = st.query_params.get(_PARAMETER, language.SOURCE)
        st.session_state.language = asked if asked in language.LANGUAGES else language.SOURCE


def switch() -> None:
    """Draw the switch, and keep the address in step with it: going to another page empties it."""
    chosen = st.session_state.language
    if chosen != st.query_params.get(_PARAMETER, language.SOURCE):
        st.query_params[_PARAMETER] = chosen
    _component(
        key="language-switch",
        data={"languages": list(language.LANGUAGES.items()), "chosen": chosen, "label": texts.LANGUAGE},
        on_chosen_change=_choose,
    )


def _choose() -> None:
    """Runs before the page is drawn: all of it is in the new language."""
    asked = st.session_state["language-switch"].chosen
    if asked in language.LANGUAGES:
        st.session_state.language = asked
