"""The button for the doctor's leaflet."""

import streamlit as st

from pneumo_core.model.bundle import default_bundle, load_bundle
from pneumo_core.report.leaflet import leaflet
from ui import reports, tour_texts


def button() -> None:
    """Draw the button. Only where the model in use could be loaded: the leaflet tells its figures."""
    st.download_button(
        tour_texts.LEAFLET,
        reports.later(lambda: leaflet(load_bundle(default_bundle()))),
        "pneumo-leaflet.pdf",
        "application/pdf",
        on_click="ignore",
        help=tour_texts.LEAFLET_HELP,
    )
