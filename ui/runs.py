"""The folder of training runs as the page sees it: read only, from the files that `python -m train` writes."""

import enum
import functools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumo_core.processes import process_runs

_JOB, _CONFIG, _EVENTS, _LOG = "job.json", "config.json", "events.jsonl", "log.txt"
_SILENT_SECONDS = 600.0  # a run that another program started and that logged nothing for so long is at rest
_LOG_BYTES = 40_000

Event = dict[str, Any]


class RunState(enum.StrEnum):
    """What a run is doing; the values key the page's texts."""

    QUEUED = "queued"
    TRAINING = "training"
    PROMOTING = "promoting"
    STOPPED = "stopped"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, eq=False)
class Run:
    """One run directory at one moment.

    Attributes:
        folder: the run directory.
        job: contents of job.json (see `train.jobs`); empty for a run that the page did not start.
        config: contents of config.json; empty before training began.
        events: the lines of events.jsonl, in order.
    """

    folder: Path
    job: dict[str, Any]
    config: dict[str, Any]
    events: tuple[Event, ...]

    @property
    def name(self) -> str:
        """Name of the directory, which is the run's id."""
        return self.folder.name

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the training; empty before it began."""
        return self.config.get("settings", {})

    @property
    def state(self) -> RunState:
        """What the run is doing."""
        if not self.job:
            if self.is_trained:
                return RunState.FINISHED
            age = time.time() - max((event["time"] for event in self.events), default=0.0)
            return RunState.TRAINING if age < _SILENT_SECONDS else RunState.STOPPED
        if self.job["state"] == "queued":
            return RunState.QUEUED
        if self.job["state"] == "running":
            if any(process_runs(pid, start) for pid, start in self.job["processes"]):
                return RunState.TRAINING if self.job["kind"] == "fit" else RunState.PROMOTING
            return RunState.STOPPED
        if self.job["code"] == 0 or (self.job["kind"] == "promote" and self.is_trained):
            return RunState.FINISHED
        return RunState.STOPPED if self.job["code"] == -15 else RunState.FAILED

    @property
    def is_trained(self) -> bool:
        """Whether training came to its end."""
        marks = [event["kind"] for event in self.events if event["kind"] in ("start", "end")]
        return bool(marks) and marks[-1] == "end" and (self.folder / "best.weights.h5").exists()

    @property
    def is_busy(self) -> bool:
        """Whether a process works on it or it waits for one."""
        return self.state in (RunState.QUEUED, RunState.TRAINING, RunState.PROMOTING)

    @property
    def message(self) -> str:
        """Why the last job failed; empty otherwise."""
        return self.job.get("message", "") if self.job.get("state") == "ended" else ""

    @property
    def notes(self) -> list[str]:
        """What happened on the way, such as a batch that was halved."""
        return [event["text"] for event in self.events if event["kind"] == "note"]

    @property
    def epochs(self) -> list[Event]:
        """The finished epochs."""
        return [event for event in self.events if event["kind"] == "epoch"]

    @property
    def best(self) -> Event | None:
        """The epoch whose weights were kept."""
        return next((event for event in reversed(self.epochs) if event["best"]), None)

    @property
    def step(self) -> Event | None:
        """The last step event of an epoch that is not finished, None between epochs."""
        steps = [event for event in self.events if event["kind"] in ("start", "step", "epoch")]
        return steps[-1] if steps and steps[-1]["kind"] == "step" else None

    @property
    def planned_epochs(self) -> int:
        """How many epochs there will be at most; 0 before training began."""
        return next((event["epochs"] for event in reversed(self.events) if event["kind"] == "start"), 0)

    @property
    def progress(self) -> float:
        """Share of the planned epochs that is done, 0..1."""
        if not self.planned_epochs:
            return 0.0
        step = self.step
        within = step["step"] / step["steps"] if step else 0.0
        return min(1.0, (len(self.epochs) + within) / self.planned_epochs)

    @property
    def step_seconds(self) -> float | None:
        """Seconds a step takes in the latest epoch that tells; None before two step events of one epoch.

        Measured between step events: an epoch's first step builds the graph and takes minutes.
        """
        # A resumed epoch begins anew: events of the first try do not count.
        steps = [event for event in self.events if event["kind"] == "step" and event["time"] > self._started]
        for epoch in (steps[-1]["epoch"], steps[-1]["epoch"] - 1) if steps else ():
            told = [event for event in steps if event["epoch"] == epoch]
            if len(told) > 1:
                return float((told[-1]["time"] - told[0]["time"]) / (told[-1]["step"] - told[0]["step"]))
        return None

    @property
    def _started(self) -> float:
        """When the last process began to train."""
        return max((event["time"] for event in self.events if event["kind"] == "start"), default=0.0)

    @property
    def films_per_second(self) -> float | None:
        """Films trained on in a second; None where it is not known yet."""
        seconds = self.step_seconds
        return self.settings["batch_size"] / seconds if seconds and self.settings else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all planned epochs are done, from the measured speed; None before it is known."""
        step, seconds = self.step, self.step_seconds
        ends = [event["time"] for event in self.epochs if event["time"] > self._started]
        left = self.planned_epochs - len(self.epochs)
        if len(ends) > 1:  # a whole epoch with its validation; the first of a process also builds the graph
            whole = ends[-1] - ends[-2]
        elif seconds is not None:
            steps = next(event["steps"] for event in reversed(self.events) if event["kind"] == "step")
            whole = seconds * steps
        else:
            return None
        done = step["step"] / step["steps"] if step else 0.0
        return float(whole * (left - done))

    @property
    def log_tail(self) -> str:
        """The last lines that the run's processes wrote."""
        path = self.folder / _LOG
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_BYTES))
            text = file.read().decode("utf-8", "replace")
        # Progress bars overwrite their line: only the last state of each is shown.
        lines = [line.rpartition("\r")[2].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
        return "\n".join([line for line in lines if line][-14:])

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON file of the run directory; empty where there is none."""
        return _read_json(self.folder / name)


def list_runs(folder: Path) -> list[Run]:
    """All runs of a folder, the newest first."""
    runs = [read_run(path) for path in folder.glob("*") if path.is_dir() and ((path / _JOB).exists() or _has_run(path))]
    return sorted(runs, key=lambda run: (_began(run), run.name), reverse=True)


def _has_run(path: Path) -> bool:
    return (path / _CONFIG).exists()


def _began(run: Run) -> float:
    if run.events:
        return float(run.events[0]["time"])
    return float(run.job.get("queued", 0.0))


def read_run(folder: Path) -> Run:
    """Read one run directory."""
    events = folder / _EVENTS
    lines: Sequence[Event] = ()
    if events.exists():
        seen = events.stat()
        lines = _read_events(events, seen.st_mtime_ns, seen.st_size)
    return Run(folder, _read_json(folder / _JOB), _read_json(folder / _CONFIG), tuple(lines))


@functools.lru_cache(maxsize=64)
def _read_events(path: Path, changed: int, size: int) -> tuple[Event, ...]:  # time and size make the cache's key
    events = []
    for line in path.read_text("utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            continue  # cut short by a kill
    return tuple(events)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content
