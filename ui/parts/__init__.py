"""Uploads a drop of many files in parts, so that the first films are read while the others are still on their way."""

from collections.abc import Iterable

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui import assets

_LATER = "application/x-pneumo-later"  # the browser's script gives this type to files that do not begin a drop

_component = st.components.v2.component("pneumo_parts", html="<span></span>", js=assets.script("parts/parts.js"))


def listen() -> None:
    """Watch the page's upload widgets from now on, and say how many files came; nothing is to be seen."""
    with st.container(key="parts"):
        _component(key="parts-listener", data={"later": _LATER, "taken": len(st.session_state.get("taken", ()))})


def go_on(files: Iterable[UploadedFile]) -> bool:
    """Whether uploaded files go on with a drop that has already begun."""
    return any(file.type == _LATER for file in files)
