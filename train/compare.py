"""Compare networks on the same data with the same budget: backbones x starts x tuning x heads x seeds.

Every arm is a run of its own in a folder of runs, trained and evaluated by processes of `python -m train`, so that a
comparison that was interrupted goes on where it stopped: finished arms are kept, an unfinished one is resumed. The
report is written by `train.compare_report` from what the arms left.
"""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pneumo_core.errors import RunError
from train.jobs import LOG_FILE
from train.run import RunDirectory, write_json

_ROOT = Path(__file__).resolve().parents[1]
STARTS = ("none", "imagenet", "given", "grown")
TUNINGS = ("frozen", "fine-tuned")
_GROWN_FROM, _GROWN = "efficientnetb0", "efficientnetb7"
MEASURED = "measured"  # folder of an arm that its predictions on test and external go to
MEASURED_TRAIN = "measured-train"
_TIMED_FILMS = 15


@dataclass(frozen=True)
class Arm:
    """One network of the comparison; the fields but the last are the factors."""

    backbone: str
    start: str
    tuning: str
    head: str
    seed: int

    @property
    def network(self) -> tuple[str, str, str, str]:
        """The factors, which the seeds repeat."""
        return self.backbone, self.start, self.tuning, self.head

    @property
    def name(self) -> str:
        """Name of the run."""
        return "-".join((*self.network, f"seed{self.seed}"))


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Attributes:
        data: manifest CSV or folder of classes.
        runs: the folder of runs.
        backbones: names of `architecture.BACKBONES`.
        starts: of `STARTS`; "given" needs a file in `weights`, "grown" is a B7 out of this comparison's B0.
        tunings: of `TUNINGS`.
        heads: "published", "linear".
        seeds: one run each.
        epochs: of every arm; a fine-tuned arm spends the first on the head alone.
        train_sample: films of train that the gap between train and test is told by.
        weights: files for the start "given", by backbone.
        options: further options of `fit`, the same for all arms.
    """

    data: Path
    runs: Path
    backbones: tuple[str, ...]
    starts: tuple[str, ...]
    tunings: tuple[str, ...]
    heads: tuple[str, ...]
    seeds: tuple[int, ...]
    epochs: int
    train_sample: int
    weights: dict[str, Path]
    options: tuple[str, ...]

    def arms(self) -> list[Arm]:
        """The arms that can be: a B0 comes before the B7 that is grown out of it.

        Raises:
            RunError: if a grown B7 has no B0 to grow from.
        """
        factors = itertools.product(self.backbones, self.starts, self.tunings, self.heads, self.seeds)
        arms = [Arm(*factor) for factor in factors if self._exists(factor[0], factor[1])]
        for arm in arms:
            if arm.start == "grown" and self.source(arm) not in arms:
                raise RunError(
                    f"{arm.name} is to be grown out of a fine-tuned {_GROWN_FROM} of this comparison, and there is "
                    "none. Add that backbone, a start for it, and the tuning fine-tuned."
                )
        return sorted(arms, key=lambda arm: arm.start == "grown")

    def _exists(self, backbone: str, start: str) -> bool:
        return (start != "given" or backbone in self.weights) and (start != "grown" or backbone == _GROWN)

    def source(self, arm: Arm) -> Arm:
        """The B0 that a grown arm comes from: that with the best start there is."""
        start = "given" if "given" in self.starts and _GROWN_FROM in self.weights else self.starts[0]
        return Arm(_GROWN_FROM, start, "fine-tuned", arm.head, arm.seed)


def run_arms(plan: Plan) -> None:
    """Train, evaluate, and time every arm that is not done yet; an arm that fails is left out of the report.

    Raises:
        RunError: if the plan is not possible.
    """
    arms = plan.arms()
    for number, arm in enumerate(arms, start=1):
        print(f"{number} of {len(arms)}: {arm.name}", flush=True)
        began = time.monotonic()
        for command in _commands(plan, arm):
            if _run(plan.runs / arm.name, command) != 0:
                print(f"{arm.name} failed: {failure(plan.runs / arm.name)}", flush=True)
                break
        else:
            _time(plan, arm)
            print(f"{arm.name} took {time.monotonic() - began:.0f} s.", flush=True)


def _commands(plan: Plan, arm: Arm) -> Iterator[list[str]]:
    """What is left to do for an arm."""
    run = RunDirectory(plan.runs / arm.name)
    data = ["--data", str(plan.data)]
    start = RunDirectory(run.path / "start")
    weights = {"given": str(plan.weights.get(arm.backbone)), "grown": str(start.best_file)}
    if arm.start == "grown" and not start.best_file.exists():
        start.config_file.unlink(missing_ok=True)  # of a growth that was killed before its weights were written
        source = plan.runs / plan.source(arm).name
        yield ["grow", "--source", str(source), "--run", str(start.path), *data, "--seed", str(arm.seed)]
    if not run.events("end"):
        if run.config_file.exists():
            yield ["fit", "--run", str(run.path), "--resume"]
        else:
            frozen = plan.epochs if arm.tuning == "frozen" else 1
            budget = {"frozen-epochs": frozen, "epochs": plan.epochs - frozen, "patience": plan.epochs}
            settings = budget | {"backbone": arm.backbone, "head": arm.head, "seed": arm.seed}
            settings["weights"] = weights.get(arm.start, arm.start)
            options = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
            yield ["fit", "--run", str(run.path), *data, *options, *plan.options]
    measure = ["evaluate", "--run", str(run.path), *data]
    if not (run.path / MEASURED / run.metrics_file.name).exists():
        splits = ["test", *(["external"] if _has_external(plan.data) else [])]
        yield [*measure, "--split", *splits, "--out", str(run.path / MEASURED)]
    if not (run.path / MEASURED_TRAIN / run.metrics_file.name).exists():
        sample = ["--split", "train", "--sample", str(plan.train_sample)]
        yield [*measure, *sample, "--out", str(run.path / MEASURED_TRAIN)]


def _has_external(data: Path) -> bool:
    from train.data import list_rows

    return any(row.split == "external" for row in list_rows(data))


def _run(folder: Path, command: list[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG_FILE).open("ab") as log:
        return subprocess.run(
            [sys.executable, "-m", "train", *command],
            cwd=_ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def failure(folder: Path) -> str:
    """The last line that an arm's process wrote."""
    log = folder / LOG_FILE
    lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return lines[-1].rpartition("\r")[2] if lines else "it was not run"


def _time(plan: Plan, arm: Arm) -> None:
    """Note parameters, and the median seconds of one film in Keras, once a run."""
    file = plan.runs / arm.name / "network.json"
    if file.exists():
        return
    from pneumo_core.model.architecture import build_model

    size = RunDirectory(file.parent).config()["settings"]["size"]
    model = build_model(arm.backbone, arm.head, "none", size)
    film = np.zeros((1, size, size, 3), np.float32)
    seconds = []
    for _ in range(_TIMED_FILMS):
        began = time.perf_counter()
        model.predict_on_batch(film)
        seconds.append(time.perf_counter() - began)
    write_json(file, {"parameters": model.count_params(), "seconds": float(np.median(seconds))})


def read_network(folder: Path) -> dict[str, Any]:
    """What `_time` noted: parameters and seconds a film."""
    noted: dict[str, Any] = json.loads((folder / "network.json").read_text(encoding="utf-8"))
    return noted
