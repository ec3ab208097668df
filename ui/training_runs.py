"""All runs in a table, and one of them in full: progress, curves, log, stop and resume, promotion."""

import os
from pathlib import Path
from typing import Any

import streamlit as st

from pneumo_core.model.active import promoted_models
from pneumo_core.types import CLASSES
from ui import jobs
from ui import training_texts as texts
from ui.runs import Run, RunState, list_runs
from ui.tables import table
from ui.training_charts import curves

_REFRESH_SECONDS = 2.0
_GATE_FILE = "gate.json"


@st.fragment(run_every=_REFRESH_SECONDS)
def section(folder: Path, allowed: bool) -> None:
    """Draw the runs, again every two seconds.

    Args:
        folder: the folder of runs.
        allowed: whether runs may be stopped, resumed, and promoted.
    """
    runs = list_runs(folder)
    if not runs:
        st.caption(texts.NO_RUNS)
        return
    _table(runs)
    names = [run.name for run in runs]
    chosen = st.selectbox(texts.RUN, names, key="run")
    run = runs[names.index(str(chosen))]
    _state(run)
    if allowed:
        _buttons(folder, run)
    if any(event["kind"] in ("step", "epoch") for event in run.events):
        for column, figure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
            column.plotly_chart(curves([run], figure), key=f"curve-{figure}", config={"displaylogo": False})
    if allowed and run.best and not run.is_busy:
        _promotion(folder, run)
    _gate(run.read_json(_GATE_FILE))
    with st.expander(texts.RUN_SETTINGS):
        table((texts.SETTINGS, ""), [[name, str(value)] for name, value in run.settings.items()])
    with st.expander(texts.LOG, expanded=run.is_busy or run.state is RunState.FAILED):
        st.code(run.log_tail, language=None, wrap_lines=True)


def _table(runs: list[Run]) -> None:
    header = (texts.RUN, texts.STATE, texts.BACKBONE, texts.PROGRESS, texts.ACCURACY_VAL, texts.AUROC_VAL)
    lines = []
    for run in runs:
        best = run.best
        figures = [f"{best[name]:.3f}" for name in ("val_accuracy", "val_macro_auroc")] if best else ["", ""]
        backbone = run.settings.get("backbone", "")
        lines.append(
            [
                run.name,
                texts.STATES[run.state],
                texts.BACKBONES.get(backbone, backbone),
                f"{len(run.epochs)} / {run.planned_epochs}" if run.planned_epochs else "",
                *figures,
            ]
        )
    table(header, lines)


def _state(run: Run) -> None:
    """What the run is doing, in words and as a bar."""
    parts = [texts.STATES[run.state]]
    if run.state is RunState.TRAINING:
        if run.planned_epochs:
            done = min(len(run.epochs) + 1, run.planned_epochs)
            parts.append(texts.EPOCH_LINE.format(done=done, planned=run.planned_epochs))
            step = run.step
            if step is not None:
                parts.append(texts.STEP_LINE.format(step=step["step"], steps=step["steps"]))
            if run.films_per_second is not None:
                parts.append(texts.SPEED_LINE.format(speed=run.films_per_second))
            if run.seconds_left is not None:
                parts.append(texts.LEFT_LINE.format(time=texts.duration(run.seconds_left)))
        else:
            parts.append(texts.PREPARING)
    st.progress(run.progress, ", ".join(parts))
    for note in run.notes:
        st.info(note)
    if run.message and run.state in (RunState.FAILED, RunState.STOPPED):
        st.error(run.message) if run.state is RunState.FAILED else st.info(run.message)


def _buttons(folder: Path, run: Run) -> None:
    if run.is_busy and run.job:
        label = texts.UNQUEUE if run.state is RunState.QUEUED else texts.STOP
        st.button(label, key="stop", on_click=jobs.stop, args=(run,))
    elif run.state in (RunState.STOPPED, RunState.FAILED):
        st.button(texts.RESUME, key="resume", on_click=jobs.resume, args=(folder, run))


def _promotion(folder: Path, run: Run) -> None:
    st.subheader(texts.PROMOTION, anchor=False)
    st.markdown(texts.PROMOTION_WORDS)
    if "PNEUMO_MODEL" in os.environ:
        st.caption(texts.FIXED_MODEL)
        return
    margin = st.number_input(texts.MARGIN, 0.0, 100.0, 2.0, 0.5, key="margin")
    st.button(texts.PROMOTE, key="promote", on_click=_promote, args=(folder, run, margin / 100))


def _promote(folder: Path, run: Run, margin: float) -> None:
    (run.folder / _GATE_FILE).unlink(missing_ok=True)
    models, data = promoted_models(), run.settings["data"]
    commands = []
    if not (models / run.name).exists():
        commands.append(["promote", "--run", str(run.folder), "--name", run.name, "--data", data])
        commands[-1] += ["--models", str(models)]
    outcome = str(run.folder / _GATE_FILE)
    commands.append(["gate", "--bundle", str(models / run.name), "--data", data, "--margin", str(margin)])
    commands[-1] += ["--out", outcome]
    jobs.queue(folder, run.folder, "promote", commands)


def _gate(outcome: dict[str, Any]) -> None:
    """What the gate found; nothing before a promotion."""
    if not outcome:
        return
    if outcome["passed"]:
        st.success(texts.PROMOTED.format(bundle=outcome["bundle"]))
    else:
        st.error(texts.REFUSED.format(against=outcome["against"]))
    lines = []
    for film_class in CLASSES:
        if (part := outcome["classes"].get(film_class)) is not None:
            change = difference(part["first"], part["second"], part["low"], part["high"])
            lines.append([texts.FIGURES[f"sensitivity_{film_class}"], *change, _word(part["passed"])])
    engines = outcome["engines"]
    limit = texts.GATE_ENGINES.format(limit=engines["limit"])
    lines.append([limit, "", "", f"{engines['difference']:.1e}", _word(engines["passed"])])
    lines.append([texts.GATE_SELFTEST, "", "", " ".join(outcome["selftest"]), _word(not outcome["selftest"])])
    first, *others = texts.GATE_COLUMNS
    table((first.format(films=outcome["films"]), *others), lines)
    st.caption(texts.CHANGED.format(count=outcome["changed"]))


def difference(first: float, second: float, low: float, high: float) -> list[str]:
    """The cells of a difference: both figures, and the difference with its interval."""
    return [f"{first:.3f}", f"{second:.3f}", f"{second - first:+.3f} ({low:+.3f} to {high:+.3f})"]


def _word(passed: bool) -> str:
    return texts.YES if passed else texts.NO
