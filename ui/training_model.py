"""Which model answers in the app, and the way back to the one before."""

import os

import streamlit as st

from pneumo_core.errors import BundleError
from pneumo_core.language import shown
from pneumo_core.model.active import active_bundles, default_bundle, roll_back
from ui import training_texts as texts

_REFRESH_SECONDS = 2.0


@st.fragment(run_every=_REFRESH_SECONDS)
def section(allowed: bool) -> None:
    """Draw the model in use.

    Args:
        allowed: whether it may be rolled back.
    """
    try:
        current, promoted = default_bundle(), active_bundles()
    except BundleError as error:
        st.error(shown(str(error)))
        return
    st.markdown(texts.IN_USE.format(name=current.name))
    if "PNEUMO_MODEL" in os.environ:
        st.caption(texts.FIXED_MODEL)
        return
    if not promoted:
        st.caption(texts.SHIPS)
        return
    before = promoted[-2].name if len(promoted) > 1 else texts.SHIPPED
    st.caption(texts.ROLL_BACK_TO.format(name=before))
    if allowed:
        st.button(texts.ROLL_BACK, key="roll-back", on_click=roll_back)
