"""What frames every page: the name, what the program is not for, and the language."""

import streamlit as st

from pneumo_core.reading import MAX_FILE_BYTES
from ui import assets, language_switch, parts, texts


def frame() -> None:
    """Draw the bar above the page."""
    # Streamlit's upload widget speaks English only: the style sheet puts these in the place of its words.
    upload, limit = texts.UPLOAD, texts.UPLOAD_LIMIT.format(megabytes=MAX_FILE_BYTES // 2**20)
    words = f'<style>:root {{ --pneumo-upload: "{upload}"; --pneumo-limit: "{limit}"; }}</style>'
    st.html(assets.text("page.css") + words)
    with st.container(key="frame"):
        st.html(
            f'<div class="pneumo-name">Pneumo</div><div class="pneumo-bar"><span>{texts.NOT_FOR_DIAGNOSIS}</span></div>'
        )
        with st.container(key="language"):
            language_switch.switch()
        parts.listen()
