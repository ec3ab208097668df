"""The four probabilities as horizontal bars, always in the same order."""

from typing import Any

from pneumo_core.report.texts import percent
from pneumo_core.types import CLASSES, Prediction
from ui import texts

_BAR = "#8b9298"  # one neutral grey, legible on the dark and on the light page: length and figure carry the value
_TRACK = "rgba(139, 146, 152, 0.18)"


def probability_chart(prediction: Prediction | None) -> dict[str, Any]:
    """Draw the answer as a Plotly figure.

    Args:
        prediction: the answer, or None for the empty axes.

    Returns:
        Plotly's figure as a dictionary: `data` and `layout`.
    """
    names = [texts.SHORT_NAMES[film_class] for film_class in CLASSES]
    values = [float(p) for p in prediction.probabilities] if prediction else [0.0] * len(CLASSES)
    figures = [percent(value) for value in values] if prediction else [""] * len(CLASSES)
    track = {
        "type": "bar", "orientation": "h", "y": names, "x": [1.0] * len(names), "marker": {"color": _TRACK},
        "hoverinfo": "skip", "width": 0.5,
    }  # fmt: skip
    bars = {
        "type": "bar", "orientation": "h", "y": names, "x": values, "marker": {"color": _BAR}, "hoverinfo": "skip",
        "width": 0.5,
    }  # fmt: skip
    layout = {
        "barmode": "overlay",
        "showlegend": False,
        "height": 136,
        "margin": {"l": 66, "r": 46, "t": 2, "b": 2, "pad": 6},
        "xaxis": {"range": [0, 1], "visible": False, "fixedrange": True},
        "yaxis": {"autorange": "reversed", "fixedrange": True, "ticks": "", "showgrid": False, "automargin": False},
        "annotations": [
            {
                "xref": "paper",
                "x": 1.02,
                "y": name,
                "text": figure,
                "showarrow": False,
                "xanchor": "left",
                "align": "right",
            }
            for name, figure in zip(names, figures, strict=True)
        ],
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }
    return {"data": [track, bars], "layout": layout}
