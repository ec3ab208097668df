"""The model card's section on the quality of the maps: what `python -m train map-quality` left of this model."""

import json
from pathlib import Path
from typing import Any

import streamlit as st

from pneumo_core.model.bundle import Bundle
from ui import model_card_texts as texts
from ui.tables import cell, table

REPORTS = Path(__file__).resolve().parents[1] / "train" / "reports"
_NOT_MEASURED = {"value": None, "low": None, "high": None}
Figures = dict[str, Any]


def map_quality(bundle: Bundle, folder: Path | None = None) -> None:
    """Draw the section from the report in a folder; where there is none, or it is of another model, say so."""
    st.subheader(texts.MAPS, anchor=False)
    report = read_report(bundle.name, folder or REPORTS)
    if report is None:
        st.caption(texts.NOT_MEASURED)
        return
    if report["bundle"] != bundle.label:
        st.caption(texts.MAPS_OF_ANOTHER.format(label=report["bundle"]))
    st.caption(texts.MAPS_WORDS.format(films=report["films"], patients=report["patients"]))
    methods = report["methods"]
    table(
        (texts.MAP_METHOD, *texts.MAP_FIGURES.values()),
        [[texts.MAP_CONTROLS.get(name, name), *_cells(part, texts.MAP_FIGURES)] for name, part in methods.items()],
    )
    table(
        (texts.MAP_METHOD, texts.MAP_CONTROL, *texts.MAP_AGAINST.values()),
        _against(methods, texts.MAP_AGAINST),
        texts.MAP_BETTER,
    )
    if marks := report.get("marks"):
        st.caption(texts.MARKS_WORDS.format(films=marks["films"], file=marks["file"]))
        rows = [
            [texts.MAP_CONTROLS.get(name, name), *_cells(part, texts.MARKS)] for name, part in marks["methods"].items()
        ]
        table((texts.MAP_METHOD, *texts.MARKS.values()), rows)
        table(
            (texts.MAP_METHOD, texts.MAP_CONTROL, *texts.MARKS.values()),
            _against(marks["methods"], texts.MARKS),
            texts.MAP_BETTER,
        )


def read_report(name: str, folder: Path) -> Figures | None:
    """The report of a bundle of this name; None where there is none that can be read."""
    try:
        report: Figures = json.loads((folder / f"map-quality-{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report


def _against(methods: Figures, figures: dict[str, str]) -> list[list[str]]:
    return [
        [name, texts.MAP_CONTROLS.get(control, control), *_cells(part, figures)]
        for name, found in methods.items()
        for control, part in found.get("better_than", {}).items()
    ]


def _cells(part: Figures, figures: dict[str, str]) -> list[str]:
    return [cell(part.get(name, _NOT_MEASURED)) for name in figures]
