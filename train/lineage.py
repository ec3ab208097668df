"""Where a run's weights come from: the chain of runs behind it, oldest first."""

import shlex
from dataclasses import dataclass
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
        kind: "fit" or "grow".
        run: name of the run directory.
        command: the command that repeats it, with paths shortened to their last two parts.
        config: the run's config.json.
        best: the event of the best epoch of a fit; empty for a grow.
        epochs: finished epochs of a fit; 0 for a grow.
    """

    kind: str
    run: str
    command: str
    config: dict[str, Any]
    best: dict[str, Any]
    epochs: int


@dataclass(frozen=True)
class Lineage:
    """The steps, oldest first, and what the first began with, in words."""

    steps: tuple[Step, ...]
    start: str

    @property
    def statement(self) -> str:
        """One sentence that says where the weights come from."""
        fits = [step.config["settings"]["backbone"] for step in self.steps if step.kind == "fit"]
        sentence = f"The weights began as {self.start}"
        for step in self.steps:
            if step.kind == "grow":
                sentence += ", grown into an EfficientNetB7 (Net2Net, arXiv 1511.05641)"
            else:
                sentence += f", then trained on the films as {fits.pop(0)}"
        if any(step.kind == "grow" for step in self.steps):
            sentence += ". The EfficientNetB7 itself was never trained on ImageNet"
        return sentence + "."


def trace(run: RunDirectory) -> Lineage:
    """Follow a run back to its start.

    Raises:
        RunError: if a run of the chain is not there any more.
    """
    steps: list[Step] = []
    while True:
        config = run.config()
        if run.path.resolve().name in {step.run for step in steps}:
            raise RunError(f"The run {run.path} stands twice in its own chain. Give each run a name of its own.")
        if config.get("kind") == "grow":
            steps.insert(0, Step("grow", run.path.resolve().name, _grow_command(run, config), config, {}, 0))
            run = RunDirectory(Path(config["source_run"]))
            continue
        epochs = run.events("epoch")
        best = [event for event in epochs if event["best"]]
        finished = 1 + max((event["epoch"] for event in epochs), default=-1)
        steps.insert(
            0,
            Step("fit", run.path.resolve().name, _fit_command(run, config), config, best[-1] if best else {}, finished),
        )
        weights = Path(config["settings"]["weights"])
        if not (weights.parent / "config.json").exists() or weights.name != run.best_file.name:
            return Lineage(tuple(steps), _STARTS.get(weights.name, f"the weights of the file {weights.name}"))
        run = RunDirectory(weights.parent)


def _fit_command(run: RunDirectory, config: dict[str, Any]) -> str:
    parts = ["python -m train fit --run", _short(run.path)]
    for name, value in config["settings"].items():
        if value == "":
            continue
        shown = _short(Path(value)) if name in ("data", "weights") else str(value)
        parts += [f"--{name.replace('_', '-')}", shlex.quote(shown)]
    return " ".join(parts)


def _grow_command(run: RunDirectory, config: dict[str, Any]) -> str:
    settings = config["settings"]
    return (
        f"python -m train grow --source {_short(Path(config['source_run']))} --run {_short(run.path)} "
        f"--data {_short(Path(settings['data']))} --seed {settings['seed']}"
    )


def _short(path: Path) -> str:
    """The last two parts of a path: enough to tell it by, and nothing of the machine it lay on."""
    return shlex.quote("/".join(part for part in path.parts[-2:] if part != "/"))
