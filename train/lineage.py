"""Where a run's weights come from: the chain of runs behind it, oldest first."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pneumo_core.errors import RunError
from train.run import RunDirectory

# What is known of start weights that do not come from a run, by the name of their file.
_STARTS = {
    "imagenet": "the ImageNet weights of keras.applications",
    "none": "random weights",
    "efficientnetb0_imagenet_then_mango_notop.weights.h5": (
        "an EfficientNetB0 that was trained on ImageNet and then fine-tuned on photographs of mango leaves"
    ),
}


@dataclass(frozen=True)
class Step:
    """One run of the chain.

    Attributes:
        kind: "fit", "grow", "shrink", or "average".
        run: name of the run directory.
        command: the command that repeats it, with paths shortened to their last two parts.
        backbone: name of the network.
        epochs: finished epochs of a fit; 0 for the others.
        best: the event of the best epoch of a fit; empty for the others.
        proof: of a grow, the largest "difference" between the networks before and after, on so many "films" of val.
        versions: of the packages that trained.
        data_sha256: digest of the data set's rows; "" where none was used.
    """

    kind: str
    run: str
    command: str
    backbone: str
    epochs: int = 0
    best: dict[str, Any] = field(default_factory=dict)
    proof: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    data_sha256: str = ""


@dataclass(frozen=True)
class Lineage:
    """The steps, oldest first, and what the first began with, in words."""

    steps: tuple[Step, ...]
    start: str

    @property
    def statement(self) -> str:
        """Where the weights come from, in one or two sentences."""
        sentence = f"The weights began as {self.start}"
        for step in self.steps:
            if step.kind == "grow" and "--source" in step.command.partition("--source")[2]:
                sentence += ", both grown together into one EfficientNetB7"
            elif step.kind == "grow":
                sentence += ", grown into an EfficientNetB7 (Net2Net, arXiv 1511.05641)"
            elif step.kind == "shrink":
                sentence += ", shrunk to the EfficientNetB0 inside it"
            elif step.kind == "average":
                sentence += ", averaged with what it was before"
            else:
                sentence += f", then trained on the films as {step.backbone}"
        if any(step.kind == "grow" for step in self.steps):
            sentence += ". The EfficientNetB7 itself was never trained on ImageNet"
        return sentence + "."


def trace(run: RunDirectory) -> Lineage:
    """Follow a run back to its start; of two runs that were grown together, the first one's steps come first.

    Raises:
        RunError: if a run of the chain is not there any more, or stands twice in it.
    """
    steps: list[Step] = []
    start = _follow(run, steps, ())
    return Lineage(tuple(steps), start)


def _follow(run: RunDirectory, steps: list[Step], seen: tuple[str, ...]) -> str:
    """Append the steps that lead to a run, unless they stand there already, and tell the start."""
    config, name = run.config(), run.path.resolve().name
    if name in seen:
        raise RunError(f"The run {run.path} stands twice in its own chain. Give each run a name of its own.")
    seen = (*seen, name)
    kind = config.get("kind", "fit")
    if kind == "grow":
        start = _follow(RunDirectory(Path(config["source_run"])), steps, seen)
        if "second_run" in config:
            _follow(RunDirectory(Path(config["second_run"])), steps, seen)
        proof = {"difference": config["difference"], "films": config["proof_films"]}
        step = Step(kind, name, _grow_command(run, config), "efficientnetb7", proof=proof)
    elif kind == "average":
        starts = [_follow(RunDirectory(Path(source)), steps, seen) for source in config["source_runs"]]
        start, settings = starts[0], config["settings"]
        command = f"python -m train average {_sources(config['source_runs'])} --run {_short(run.path)}"
        step = Step(kind, name, command, settings["backbone"])
    elif kind == "shrink":
        start = config["training"]["began_as"]
        steps += [Step(**earlier) for earlier in config["training"]["steps"] if Step(**earlier) not in steps]
        command = f"python -m train shrink --bundle {_short(Path(config['bundle']))} --run {_short(run.path)}"
        command += f" --half {config['half']}" if config.get("half") else ""
        step = Step(kind, name, command, "efficientnetb0")
    else:
        weights = Path(config["settings"]["weights"])
        if (weights.parent / "config.json").exists() and weights.name == run.best_file.name:
            start = _follow(RunDirectory(weights.parent), steps, seen)
        else:
            start = _STARTS.get(weights.name, f"the weights of the file {weights.name}")
        step = _fit_step(run, config)
    if step not in steps:
        steps.append(step)
    return start


def _fit_step(run: RunDirectory, config: dict[str, Any]) -> Step:
    epochs = run.events("epoch")
    best = [event for event in epochs if event["best"]]
    return Step(
        kind="fit",
        run=run.path.resolve().name,
        command=_fit_command(run, config),
        backbone=config["settings"]["backbone"],
        epochs=1 + max((event["epoch"] for event in epochs), default=-1),
        best=best[-1] if best else {},
        versions=config.get("versions", {}),
        data_sha256=config.get("data_sha256", ""),
    )


def _fit_command(run: RunDirectory, config: dict[str, Any]) -> str:
    parts = ["python -m train fit --run", _short(run.path)]
    for name, value in config["settings"].items():
        if value == "":
            continue
        shown = _short(Path(value)) if name in ("data", "weights", "teacher") else str(value)
        parts += [f"--{name.replace('_', '-')}", shlex.quote(shown)]
    return " ".join(parts)


def _grow_command(run: RunDirectory, config: dict[str, Any]) -> str:
    settings = config["settings"]
    sources = _sources([config[key] for key in ("source_run", "second_run") if key in config])
    return (
        f"python -m train grow {sources} --run {_short(run.path)} --data {_short(Path(settings['data']))} "
        f"--seed {settings['seed']}"
    )


def _sources(runs: Sequence[str]) -> str:
    return " ".join(f"--source {_short(Path(run))}" for run in runs)


def _short(path: Path) -> str:
    """The last two parts of a path: enough to tell it by, and nothing of the machine it lay on."""
    return shlex.quote("/".join(part for part in path.parts[-2:] if part != "/"))
