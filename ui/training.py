"""The Training page: check data, train, follow and compare runs, and choose the app's model.

It imports neither Keras nor `train`: it starts `python -m train` as processes and reads the files that they write.
"""

import os

import streamlit as st

from pneumo_core.model.active import runs_folder
from ui import assets, training_compare, training_form, training_model, training_runs
from ui import training_texts as texts
from ui.gpu import gpus


def page() -> None:
    """Draw the page."""
    runs = runs_folder()
    allowed = training_is_allowed()
    st.html(assets.text("training.css"))
    with st.container(key="training"):
        st.header(texts.TITLE, anchor=False)
        st.markdown(texts.INTRODUCTION)
        if not allowed:
            st.warning(texts.NOT_ALLOWED)
        _machine()
        new, found, compared, model = st.tabs(texts.TABS, key="training-tabs")
        with new:
            training_form.section(runs, allowed)
        with found:
            training_runs.section(runs, allowed)
        with compared:
            training_compare.section(runs)
        with model:
            training_model.section(allowed)


def training_is_allowed() -> bool:
    """Whether the operator of this server lets the page start and stop training."""
    if os.environ.get("PNEUMO_TRAINING") == "1":
        return True
    return st.secrets.load_if_toml_exists() and st.secrets.get("training") is True


def _machine() -> None:
    found = gpus()
    for number, gpu in enumerate(found):
        used, total = gpu.memory_used / 1024, gpu.memory / 1024
        st.caption(texts.GPU_LINE.format(number=number, name=gpu.name, used=used, total=total, busy=gpu.busy))
    if not found:
        st.caption(texts.NO_GPU)
