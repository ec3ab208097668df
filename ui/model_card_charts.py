"""Plots of the model card as Plotly figures."""

from collections.abc import Sequence
from typing import Any

from ui import model_card_texts as texts
from ui.predictive_values import predictive_values

_COLOUR, _SECOND, _LINE = "#4f93c4", "#cf8a3c", "#8b9298"
_SHADES = [[0, "rgba(79, 147, 196, 0)"], [1, "rgba(79, 147, 196, 0.85)"]]
_POINTS = 61


def confusion_chart(confusion: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Draw the confusion matrix: int [4][4], label by answer; shaded by the share of the row."""
    names = list(texts.SHORT_NAMES.values())
    shares = [[count / max(1, sum(row)) for count in row] for row in confusion]
    cells = {
        "type": "heatmap", "x": names, "y": names, "z": shares, "text": confusion, "texttemplate": "%{text:,}",
        "zmin": 0, "zmax": 1, "colorscale": _SHADES, "showscale": False, "xgap": 2, "ygap": 2,
        "hovertemplate": "%{y} / %{x}: %{text:,} (%{z:.1%})<extra></extra>",
    }  # fmt: skip
    layout = _layout(360) | {
        "xaxis": {"title": {"text": texts.ANSWER}, "fixedrange": True},
        "yaxis": {"title": {"text": texts.LABEL}, "autorange": "reversed", "fixedrange": True, "automargin": True},
    }
    return {"data": [cells], "layout": layout}


def reliability_chart(bins: Sequence[dict[str, float]], title: str) -> dict[str, Any]:
    """Draw one class's reliability: bins of `train.reliability`, on the diagonal of perfect calibration."""
    shares = [part["share"] for part in bins]
    points = {
        "type": "scatter", "mode": "markers+lines", "x": [part["probability"] for part in bins], "y": shares,
        "error_y": {
            "type": "data",
            "array": [part["high"] - part["share"] for part in bins],
            "arrayminus": [part["share"] - part["low"] for part in bins],
        },
        "customdata": [part["films"] for part in bins], "line": {"color": _COLOUR},
        "hovertemplate": "%{x:.2f}: %{y:.2f}, %{customdata:,}<extra></extra>",
    }  # fmt: skip
    diagonal = _curve("", [0.0, 1.0], [0.0, 1.0], _LINE, "dot")
    layout = _layout(280) | {
        "title": {"text": title, "font": {"size": 13}},
        "xaxis": {"title": {"text": texts.GIVEN}, "range": [-0.03, 1.03], "fixedrange": True},
        "yaxis": {"title": {"text": texts.OBSERVED}, "range": [-0.03, 1.03], "fixedrange": True},
        "showlegend": False,
    }
    return {"data": [diagonal, points], "layout": layout}


def predictive_chart(sensitivity: float, specificity: float, prevalence: float) -> dict[str, Any]:
    """Draw both predictive values over the prevalence, with the reader's own marked."""
    places = [point / (_POINTS - 1) for point in range(_POINTS)]
    values = [predictive_values(sensitivity, specificity, place) for place in places]
    data = [
        _curve(texts.PPV_SHORT, places, [positive for positive, _ in values], _COLOUR, "solid"),
        _curve(texts.NPV_SHORT, places, [negative for _, negative in values], _SECOND, "solid"),
    ]
    layout = _layout(300) | {
        "xaxis": {"title": {"text": texts.SHARE_OF_FILMS}, "tickformat": ".0%", "range": [0, 1], "fixedrange": True},
        "yaxis": {"title": {"text": texts.VALUE_AXIS}, "range": [0, 1.02], "fixedrange": True},
        "shapes": [{"type": "line", "x0": prevalence, "x1": prevalence, "y0": 0, "y1": 1.02, "line": {"color": _LINE}}],
        "legend": {"orientation": "h", "y": 1.15},
    }
    return {"data": data, "layout": layout}


def figures_chart(summaries: dict[str, dict[str, Any]], names: dict[str, str]) -> dict[str, Any]:
    """Draw figures with their intervals, a colour for each set of films.

    Args:
        summaries: by the title of the films the figures, each with value, low, and high.
        names: titles of the figures.
    """
    data = []
    for (title, figures), colour in zip(summaries.items(), (_COLOUR, _SECOND), strict=False):
        known = {name: figures[name] for name in names if figures[name]["value"] is not None}
        values = [figure["value"] for figure in known.values()]
        ends = [(figure["low"] or figure["value"], figure["high"] or figure["value"]) for figure in known.values()]
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": title, "x": values, "y": [names[name] for name in known],
                "marker": {"color": colour, "size": 9},
                "error_x": {
                    "type": "data",
                    "array": [high - value for value, (_, high) in zip(values, ends, strict=True)],
                    "arrayminus": [value - low for value, (low, _) in zip(values, ends, strict=True)],
                },
            }
        )  # fmt: skip
    layout = _layout(110 + 44 * len(names)) | {
        "xaxis": {"range": [0, 1], "fixedrange": True},
        "yaxis": {"autorange": "reversed", "automargin": True, "fixedrange": True},
        "legend": {"orientation": "h", "y": -0.3},
        "scattermode": "group",
    }
    return {"data": data, "layout": layout}


def _curve(name: str, x: list[float], y: Sequence[float | None], colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": x, "y": list(y), "line": {"color": colour, "dash": dash},
        "hoverinfo": "x+y",
    }  # fmt: skip


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 56, "r": 12, "t": 34, "b": 44},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }
