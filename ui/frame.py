"""What frames every page: the name, what the program is not for, and the language."""

import streamlit as st

from ui import assets, language_switch, texts


def frame() -> None:
    """Draw the bar above the page."""
    st.html(assets.text("page.css"))
    with st.container(key="frame"):
        st.html(
            f'<div class="pneumo-name">Pneumo</div><div class="pneumo-bar"><span>{texts.NOT_FOR_DIAGNOSIS}</span></div>'
        )
        with st.container(key="language"):
            language_switch.switch()
