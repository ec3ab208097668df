"""Pneumo's web application: page settings and navigation. Start it with `streamlit run streamlit_app.py`."""

import streamlit as st

from ui import review

st.set_page_config(page_title="Pneumo", layout="wide", initial_sidebar_state="collapsed")
st.navigation([st.Page(review.page, title="Review", default=True)], position="hidden").run()
