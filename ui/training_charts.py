"""Curves of training runs as Plotly figures."""

from collections.abc import Sequence
from typing import Any

from ui import training_texts as texts
from ui.runs import Run

_COLOURS = ("#4f93c4", "#cf8a3c", "#5aa37f", "#b56a9c", "#9a9a4a", "#8b9298")


def curves(runs: Sequence[Run], figure: str) -> dict[str, Any]:
    """Draw a figure of one or several runs over their epochs.

    Args:
        runs: one colour each.
        figure: "loss" or "accuracy".

    Returns:
        Plotly's figure: train by step (dotted) where there is one run, train by epoch (dashed), and val (solid).
    """
    data = []
    for number, run in enumerate(runs):
        colour = _COLOURS[number % len(_COLOURS)]
        train, val = (
            texts.CURVE_OF.format(run=run.name, curve=curve) if len(runs) > 1 else curve
            for curve in (texts.TRAIN_CURVE, texts.VAL_CURVE)
        )
        if len(runs) == 1:
            steps = [event for event in run.events if event["kind"] == "step" and figure in event]
            places = [event["epoch"] + event["step"] / event["steps"] for event in steps]
            values = [event[figure] for event in steps]
            data.append(_line(train, places, values, colour, "dot") | {"showlegend": False})
        epochs = [event["epoch"] + 1 for event in run.epochs]
        data.append(_line(train, epochs, [event[f"train_{figure}"] for event in run.epochs], colour, "dash"))
        data.append(_line(val, epochs, [event[f"val_{figure}"] for event in run.epochs], colour, "solid"))
    title = texts.LOSS if figure == "loss" else texts.ACCURACY
    layout = {
        "title": {"text": title, "font": {"size": 14}},
        "height": 300,
        "margin": {"l": 48, "r": 12, "t": 36, "b": 40},
        "xaxis": {"title": {"text": texts.EPOCH}, "rangemode": "tozero"},
        "yaxis": {"range": [0, 1]} if figure == "accuracy" else {"rangemode": "tozero"},
        "legend": {"orientation": "h", "y": -0.25},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "uirevision": "keep",  # a zoom outlives the next point
    }
    return {"data": data, "layout": layout}


def _line(name: str, x: list[float], y: list[float], colour: str, dash: str) -> dict[str, Any]:
    mode = "lines+markers" if dash == "solid" else "lines"
    return {
        "type": "scatter", "name": name, "x": x, "y": y, "mode": mode, "line": {"color": colour, "dash": dash},
    }  # fmt: skip
