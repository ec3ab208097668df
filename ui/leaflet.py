"""The button for the doctor's leaflet."""

import streamlit as st

from pneumo_core.model.active import default_bundle
from pneumo_core.model.bundle import load_bundle
from ui import reports, tour_texts


def button() -> None:
    """Draw the button. Only where the model in use could be loaded: the leaflet tells its figures."""
    st.download_button(
        tour_texts.LEAFLET,
        reports.later(_leaflet),
        "pneumo-leaflet.pdf",
        "application/pdf",
        on_click="ignore",
        help=tour_texts.LEAFLET_HELP,
    )


def _leaflet() -> bytes:
    # Here, since the page is to stand before the package that writes PDFs is imported.
    from pneumo_core.report.leaflet import leaflet

    return leaflet(load_bundle(default_bundle()))
