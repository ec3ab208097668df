"""What each visitor gets: page settings and navigation. `streamlit_app.py` serves it."""

import streamlit as st

from ui import frame, language_switch, model_card, phone_menu, review, texts, training, worklist

st.set_page_config(page_title="Pneumo", layout="wide", initial_sidebar_state="collapsed")
language_switch.begin()
pages = [
    st.Page(review.page, title=texts.REVIEW, url_path="review", default=True),
    st.Page(worklist.page, title=texts.WORKLIST, url_path="worklist"),
    st.Page(training.page, title=texts.TRAINING, url_path="training"),
    st.Page(model_card.page, title=texts.MODEL_CARD, url_path="model-card"),
]
st.session_state.review_page = pages[0]  # where the worklist opens a film
current = st.navigation(pages, position="top")
frame.frame()
phone_menu.menu(pages)
current.run()
