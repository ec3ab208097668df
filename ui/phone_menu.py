"""The pages' names as a row of links on a phone, where Streamlit hides its navigation in a side menu without a word."""

from collections.abc import Iterable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

_STYLE = """<style>
.st-key-phone-menu { display: none; }
@media (max-width: 640px) {
  .st-key-phone-menu { display: flex; flex-wrap: nowrap; gap: 2px; overflow-x: auto; }
  .st-key-phone-menu a { min-height: 40px; padding: 2px 8px; white-space: nowrap; }
  [data-testid="stExpandSidebarButton"] { display: none; }
  .pneumo-name { inset: 0 auto auto 12px !important; }
}
</style>"""


def menu(pages: Iterable[StreamlitPage]) -> None:
    """Draw the row; wider screens do not show it."""
    st.html(_STYLE)
    with st.container(key="phone-menu", horizontal=True):
        for page in pages:
            st.page_link(page)
