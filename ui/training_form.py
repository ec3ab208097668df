"""A new run: its data, its settings, and the button that queues it."""

import re
import shlex
import time
from pathlib import Path
from typing import Any

import streamlit as st

from ui import jobs, training_data
from ui import training_texts as texts
from ui.runs import Run, list_runs

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_RESERVED = ("models", "checks")
_GROWN_FROM, _GROWN = "efficientnetb0", "efficientnetb7"


def section(runs: Path, allowed: bool) -> None:
    """Draw the form.

    Args:
        runs: the folder of runs.
        allowed: whether training may be started.
    """
    data, report = training_data.section(runs, allowed)
    st.subheader(texts.SETTINGS, anchor=False)
    known = list_runs(runs)
    left, right = st.columns(2)
    with left:
        settings = _network()
        start = _start(settings, known)
    with right:
        settings |= _budget()
    more = st.text_input(texts.MORE, help=texts.MORE_HELP, key="more")
    # One name a visit: it must not change under the reader's hands.
    proposed = st.session_state.setdefault("proposed-name", time.strftime("run-%Y%m%d-%H%M%S"))
    name = st.text_input(texts.NAME, proposed, key="run-name").strip()
    if report:
        st.caption(_estimate(known, settings, report))
    obstacle = _obstacle(runs, name, report, start)
    if obstacle:
        st.caption(obstacle)
    if st.button(texts.START_TRAINING, disabled=not allowed or bool(obstacle)):
        folder = runs / name
        jobs.queue(runs, folder, "fit", _commands(folder, data, settings, start, more))
        del st.session_state["proposed-name"]
        st.success(texts.QUEUED.format(name=name))


def _network() -> dict[str, Any]:
    names, heads = list(texts.BACKBONES), list(texts.HEADS)
    backbone = st.selectbox(texts.BACKBONE, names, format_func=texts.BACKBONES.__getitem__, key="backbone")
    head = st.selectbox(texts.HEAD, heads, format_func=texts.HEADS.__getitem__, key="head")
    return {"backbone": backbone, "head": head}


def _start(settings: dict[str, Any], known: list[Run]) -> tuple[str, str]:
    """(kind of start, its weights' file or "" where that is still missing)."""
    kinds = [kind for kind in texts.STARTS if kind != "grown" or settings["backbone"] == _GROWN]
    kind = str(st.selectbox(texts.START, kinds, format_func=texts.STARTS.__getitem__, key="start"))
    if kind == "file":
        return kind, st.text_input(texts.WEIGHTS_FILE, key="weights-file").strip()
    if kind in ("run", "grown"):
        backbone = _GROWN_FROM if kind == "grown" else settings["backbone"]
        fitting = {
            run.name: run
            for run in known
            if run.best and (run.settings["backbone"], run.settings["head"]) == (backbone, settings["head"])
        }
        if not fitting:
            st.caption(texts.NO_START_RUN)
            return kind, ""
        chosen = st.selectbox(texts.START_RUN, list(fitting), key="start-run")
        folder = fitting[str(chosen)].folder
        return kind, str(folder if kind == "grown" else folder / "best.weights.h5")
    return kind, kind


def _budget() -> dict[str, Any]:
    epochs, frozen = st.columns(2)
    films, size = st.columns(2)
    batch, rate = st.columns(2)
    return {
        "epochs": epochs.number_input(texts.EPOCHS, 0, 1000, 50, key="epochs"),
        "frozen_epochs": frozen.number_input(texts.FROZEN_EPOCHS, 0, 1000, 1, key="frozen-epochs"),
        "films_per_epoch": films.number_input(texts.FILMS_PER_EPOCH, 0, 10_000_000, 0, key="films-per-epoch"),
        "size": size.number_input(texts.SIZE, 32, 1024, 256, key="size"),
        "batch_size": batch.number_input(texts.BATCH, 1, 1024, 8, key="batch-size"),
        "learning_rate": rate.number_input(texts.RATE, 0.0, 1.0, 3e-4, format="%.1e", key="learning-rate"),
        "seed": st.number_input(texts.SEED, 0, 2**31 - 1, 0, key="seed"),
    }


def _obstacle(runs: Path, name: str, report: dict[str, Any], start: tuple[str, str]) -> str:
    """Why the run can not be started yet; empty if it can."""
    if not report or report["blocking"]:
        return texts.CHECK_FIRST if not report else texts.CHECK_BLOCKED
    if not _PLAIN_NAME.fullmatch(name) or name in _RESERVED:
        return texts.NAME_PLAIN
    if (runs / name).exists():
        return texts.NAME_TAKEN
    return "" if start[1] else texts.START_RUN if start[0] != "file" else texts.WEIGHTS_FILE


def _commands(folder: Path, data: str, settings: dict[str, Any], start: tuple[str, str], more: str) -> list[list[str]]:
    """What is to be done: grow where asked for, train, and answer val for comparisons."""
    kind, weights = start
    commands = []
    if kind == "grown":
        grown = folder / "start"
        commands.append(["grow", "--source", weights, "--run", str(grown), "--data", data])
        weights = str(grown / "best.weights.h5")
    options = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    commands.append(["fit", "--run", str(folder), "--data", data, "--weights", weights, *options, *shlex.split(more)])
    commands.append(["evaluate", "--run", str(folder), "--data", data, "--split", "val"])
    return commands


def _estimate(known: list[Run], settings: dict[str, Any], report: dict[str, Any]) -> str:
    """How long the run may take, by the measured speed of an earlier one with the same network and input."""
    films = settings["films_per_epoch"] or sum(report["counts"]["train"].values())
    for run in known:
        speed = run.films_per_second
        if speed and all(run.settings[key] == settings[key] for key in ("backbone", "size")):
            # The last epoch's speed is that of fine-tuning, in which most epochs pass.
            seconds = films * (settings["epochs"] + settings["frozen_epochs"]) / speed
            return texts.ESTIMATE.format(time=texts.duration(seconds), run=run.name)
    return texts.NO_ESTIMATE
