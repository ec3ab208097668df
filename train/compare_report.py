"""The report of a comparison: Markdown, and one HTML file with curves that needs nothing from elsewhere.

Figures of a network are means over its seeds; intervals come from resampling patients (percentile bootstrap), with
the seeds held fixed. Differences are paired: both networks are measured on the same resamples.
"""

import html
import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from train.bootstrap import LEVEL, RESAMPLES, draw_weights
from train.compare import MEASURED, MEASURED_TRAIN, Arm, Plan, failure, read_network
from train.metrics import Float64, figures
from train.predict import Predictions, read_predictions
from train.run import RunDirectory
from train.tables import table

_FACTORS = tuple(field.name for field in fields(Arm))[:-1]
_FIGURES = {"accuracy": "accuracy", "macro_auroc": "macro AUROC"}
_PALETTE = ("#4f93c4", "#cf8a3c", "#5aa37f", "#b56a9c", "#9a9a4a", "#8b9298", "#c05a5a", "#6a6ab5")


@dataclass(frozen=True, eq=False)
class Measured:
    """One network over its seeds.

    Attributes:
        seeds: how many runs.
        drawn: by (split, figure) the mean over the seeds: float64 [1 + resamples], the first on all films.
        gap: accuracy on train less accuracy on test, points, mean over the seeds.
        parameters: of the network.
        seconds: of one film.
        histories: for each seed its epoch events.
    """

    seeds: int
    drawn: dict[tuple[str, str], Float64]
    gap: float
    parameters: int
    seconds: float
    histories: list[list[dict[str, Any]]]


def write_report(plan: Plan, out: Path, command: Sequence[str]) -> None:
    """Write `out`.md and `out`.html.

    Args:
        plan: the comparison, whose arms were run.
        out: path without suffix.
        command: the arguments of `python -m train` that made it.
    """
    found, missing = _measure(plan)
    markdown = "\n\n".join(_sections(plan, found, missing, command)) + "\n"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".md").write_text(markdown, encoding="utf-8")
    out.with_suffix(".html").write_text(_page(out.name, markdown, found), encoding="utf-8")


def _measure(plan: Plan) -> tuple[dict[tuple[str, ...], Measured], dict[str, str]]:
    """(what was measured of each network, why arms are missing)."""
    by_network: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    missing = {}
    for arm in plan.arms():
        folder = plan.runs / arm.name
        if (folder / "network.json").exists():
            by_network[arm.network].append(folder)
        else:
            missing[arm.name] = failure(folder)
    return {network: _measure_network(folders) for network, folders in by_network.items()}, missing


def _measure_network(folders: Sequence[Path]) -> Measured:
    drawn: dict[tuple[str, str], list[Float64]] = defaultdict(list)
    gaps = []
    for folder in folders:
        parts = read_predictions(folder / MEASURED / "predictions.csv", temperature=1.0)
        for split, part in parts.items():
            for name, values in _draw(part).items():
                drawn[split, name].append(values)
        train = read_predictions(folder / MEASURED_TRAIN / "predictions.csv", temperature=1.0)["train"]
        gaps.append(100 * (_accuracy(train) - _accuracy(parts["test"])))
    network = read_network(folders[0])
    return Measured(
        seeds=len(folders),
        drawn={key: np.mean(values, axis=0) for key, values in drawn.items()},
        gap=float(np.mean(gaps)),
        parameters=network["parameters"],
        seconds=float(np.median([read_network(folder)["seconds"] for folder in folders])),
        histories=[RunDirectory(folder).events("epoch") for folder in folders],
    )


def _draw(part: Predictions) -> dict[str, Float64]:
    """The figures on all films and on each resample; the resamples are the same for every network."""
    resamples = draw_weights(part.patients, RESAMPLES, np.random.default_rng(0))
    weights = np.concatenate([np.ones((1, len(part.rows))), resamples])
    values = figures(part.labels, part.probabilities, weights)
    return {name: values[name] for name in _FIGURES}


def _accuracy(part: Predictions) -> float:
    return float((part.probabilities.argmax(axis=1) == part.labels).mean())


def _with_interval(values: Float64, signed: bool = False) -> str:
    low, high = np.nanquantile(values[1:], ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    form = "+.3f" if signed else ".3f"
    return f"{values[0]:{form}} ({low:{form}} to {high:{form}})"


def _sections(
    plan: Plan, found: dict[tuple[str, ...], Measured], missing: dict[str, str], command: Sequence[str]
) -> list[str]:
    parts = [
        "# Comparison of networks",
        f"All networks saw the same films for the same number of epochs ({plan.epochs}); a fine-tuned one spent the "
        "first epoch on its head alone, a frozen one all of them. A grown EfficientNetB7 comes from a B0 that had "
        "this budget too. Nothing was chosen by test. In brackets: 95 % interval, percentile bootstrap over patients, "
        f"{RESAMPLES:,} resamples, seeds held fixed.",
        f"```\npython -m train {shlex.join(command)}\n```",
        "## Figures",
        _figure_table(found),
    ]
    if missing:
        lines = [f"- {name}: {why}" for name, why in missing.items()]
        parts += ["## What could not be had", "\n".join(lines)]
    for position, factor in enumerate(_FACTORS):
        rows = _differences(found, position)
        if rows:
            header = [factor, "all else the same", "accuracy on test", "macro AUROC on test"]
            parts += [f"## Does the {factor} matter?", table(header, rows)]
    if any("external" in split for part in found.values() for split, _ in part.drawn):
        parts.append("External films come from sources that train does not have; there, source and age help less.")
    return parts


def _figure_table(found: dict[tuple[str, ...], Measured]) -> str:
    splits = list(dict.fromkeys(split for part in found.values() for split, _ in part.drawn))
    columns = [(split, name) for split in splits for name in _FIGURES]
    header = [*_FACTORS, "seeds", *(f"{_FIGURES[name]}, {split}" for split, name in columns)]
    header += ["train minus test, points", "parameters", "ms a film"]
    rows = [
        [
            *network,
            str(part.seeds),
            *(_with_interval(part.drawn[column]) for column in columns),
            f"{part.gap:+.1f}",
            f"{part.parameters:,}",
            f"{1000 * part.seconds:.0f}",
        ]
        for network, part in found.items()
    ]
    note = "\n\nMilliseconds: median of one film in Keras on the machine of the comparison."
    return table(header, rows) + note


def _differences(found: dict[tuple[str, ...], Measured], position: int) -> list[list[str]]:
    """Pairs of networks that differ in one factor alone: the later level less the earlier one."""
    rows = []
    networks = list(found)
    for number, first in enumerate(networks):
        for second in networks[number + 1 :]:
            differing = [place for place in range(len(first)) if first[place] != second[place]]
            if differing != [position]:
                continue
            changes = [found[second].drawn["test", name] - found[first].drawn["test", name] for name in _FIGURES]
            rest = ", ".join(level for place, level in enumerate(first) if place != position)
            levels = f"{second[position]} less {first[position]}"
            rows.append([levels, rest, *(_with_interval(change, signed=True) for change in changes)])
    return rows


def _page(title: str, markdown: str, found: dict[tuple[str, ...], Measured]) -> str:
    charts = [
        _curves(found, "val_accuracy", "Accuracy on val"),
        _curves(found, "val_loss", "Loss on val"),
        _dots(found),
    ]
    bodies = "\n".join(chart.to_html(full_html=False, include_plotlyjs=False) for chart in charts)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>body {{ font-family: sans-serif; max-width: 1200px; margin: 24px auto; padding: 0 12px; }}
pre {{ white-space: pre-wrap; font-size: 12.5px; }} table {{ border-collapse: collapse; font-size: 13px; }}
th, td {{ border-bottom: 1px solid #ccc; padding: 4px 8px; text-align: left; }}</style>
<script>{get_plotlyjs()}</script></head><body>
{_to_html(markdown)}
{bodies}
</body></html>
"""


def _to_html(markdown: str) -> str:
    """The few forms of Markdown that the report has."""
    blocks = []
    for block in markdown.strip().split("\n\n"):
        text = html.escape(block, quote=False)
        if block.startswith("#"):
            level = len(block) - len(block.lstrip("#"))
            blocks.append(f"<h{level}>{text.lstrip('# ')}</h{level}>")
        elif block.startswith("|"):
            lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
            head = "".join(f"<th>{cell}</th>" for cell in lines[0])
            body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines[2:])
            blocks.append(f"<table><tr>{head}</tr>{body}</table>")
        elif block.startswith("```"):
            blocks.append(f"<pre>{text.strip('`').strip()}</pre>")
        elif block.startswith("- "):
            blocks.append("<ul>" + "".join(f"<li>{line[2:]}</li>" for line in text.splitlines()) + "</ul>")
        else:
            blocks.append(f"<p>{text}</p>")
    return "\n".join(blocks)


def _curves(found: dict[tuple[str, ...], Measured], figure: str, title: str) -> go.Figure:
    chart = go.Figure(layout={"title": title, "xaxis": {"title": "epoch"}, "height": 420})
    for number, (network, part) in enumerate(found.items()):
        colour = _PALETTE[number % len(_PALETTE)]
        for seed, history in enumerate(part.histories):
            chart.add_scatter(
                x=[event["epoch"] + 1 for event in history],
                y=[event[figure] for event in history],
                name=", ".join(network),
                legendgroup=str(number),
                showlegend=seed == 0,
                line={"color": colour},
                mode="lines+markers",
            )
    return chart


def _dots(found: dict[tuple[str, ...], Measured]) -> go.Figure:
    chart = go.Figure(layout={"title": "Accuracy with its interval", "height": 160 + 40 * len(found)})
    names = [", ".join(network) for network in found]
    for split in dict.fromkeys(split for part in found.values() for split, _ in part.drawn):
        drawn = [part.drawn[split, "accuracy"] for part in found.values()]
        ends = [np.nanquantile(values[1:], ((1 - LEVEL) / 2, (1 + LEVEL) / 2)) for values in drawn]
        chart.add_scatter(
            x=[values[0] for values in drawn],
            y=names,
            name=split,
            mode="markers",
            error_x={
                "type": "data",
                "array": [end[1] - values[0] for end, values in zip(ends, drawn, strict=True)],
                "arrayminus": [values[0] - end[0] for end, values in zip(ends, drawn, strict=True)],
            },
        )
    return chart
