"""What frames every page: the name, and what the program is not for."""

import streamlit as st

from ui import assets, texts


def frame() -> None:
    """Draw the bar above the page."""
    st.html(assets.text("page.css"))
    st.html(f'<div class="pneumo-bar"><span>{texts.NOT_FOR_DIAGNOSIS}</span></div>')
