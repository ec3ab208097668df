"""A run directory: what a training run leaves behind, and all that is needed to go on with it.

config.json (settings, data digest, versions), events.jsonl (one line a step or epoch, append-only), last.h5 (weights
and optimizer after the last epoch), best.weights.h5 (Keras weights of the best epoch on val), taught.npy (what the
teacher answered, where there is one), predictions.csv and metrics.json (by `evaluate`).
"""

import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import RunError

if TYPE_CHECKING:
    import keras


class RunDirectory:
    """Files of one run; every write is atomic or append-only, so that a kill at any moment loses one epoch at most."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.json"
        self.events_file = path / "events.jsonl"
        self.last_file = path / "last.h5"
        self.best_file = path / "best.weights.h5"
        self.taught_file = path / "taught.npy"
        self.predictions_file = path / "predictions.csv"
        self.metrics_file = path / "metrics.json"

    def create(self, config: dict[str, Any]) -> None:
        """Make the directory and write its configuration.

        Raises:
            RunError: if it already holds a run.
        """
        if self.config_file.exists():
            raise RunError(f"{self.path} already holds a run. Go on with it by --resume, or choose another directory.")
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.config_file, config)

    def config(self) -> dict[str, Any]:
        """Read the configuration.

        Raises:
            RunError: if there is none.
        """
        if not self.config_file.exists():
            raise RunError(f"{self.path} holds no run: config.json is missing. Give the directory of a run.")
        config: dict[str, Any] = json.loads(self.config_file.read_text(encoding="utf-8"))
        return config

    def log(self, kind: str, **values: Any) -> None:
        """Append one event with the time in seconds since the epoch."""
        line = json.dumps({"time": round(time.time(), 3), "kind": kind, **values})
        with self.events_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def events(self, kind: str) -> list[dict[str, Any]]:
        """All events of one kind, in order; a line cut short by a kill is left out."""
        if not self.events_file.exists():
            return []
        events = []
        for line in self.events_file.read_text(encoding="utf-8").splitlines():
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if event["kind"] == kind:
                events.append(event)
        return events

    def save_last(self, model: "keras.Model", epoch: int, history: list[dict[str, Any]]) -> None:
        """Save weights, optimizer state, and history after `epoch` (0-based)."""
        partial = self.last_file.with_suffix(".partial")
        with h5py.File(partial, "w") as file:
            file.attrs["epoch"] = epoch
            file.attrs["history"] = json.dumps(history)
            for group, variables in (("model", model.weights), ("optimizer", model.optimizer.variables)):
                for index, variable in enumerate(variables):
                    file[f"{group}/{index:05d}"] = variable.numpy()
        os.replace(partial, self.last_file)

    def last_epoch(self) -> tuple[int, list[dict[str, Any]]]:
        """(0-based epoch, history) of the last checkpoint; (-1, []) where there is none."""
        if not self.last_file.exists():
            return -1, []
        with h5py.File(self.last_file) as file:
            return int(file.attrs["epoch"]), json.loads(file.attrs["history"])

    def load_last(self, model: "keras.Model", with_optimizer: bool) -> None:
        """Restore what `save_last` saved into a model that was built and compiled alike.

        Raises:
            RunError: if the checkpoint does not fit the model.
        """
        # Here, since reading a run directory needs no Keras.
        from pneumo_core.model.architecture import finalize_normalization

        with h5py.File(self.last_file) as file:
            groups = [("model", model.weights)]
            if with_optimizer:
                model.optimizer.build(model.trainable_variables)
                groups.append(("optimizer", model.optimizer.variables))
            for group, variables in groups:
                stored = file[group]
                if len(stored) != len(variables):
                    raise RunError(
                        f"{self.last_file} holds {len(stored)} {group} variables, the run's configuration asks for "
                        f"{len(variables)}. Was config.json changed? Start a new run."
                    )
                for index, variable in enumerate(variables):
                    variable.assign(np.asarray(stored[f"{index:05d}"]))
        # Normalization computes with constants that it derives from its variables when told to.
        finalize_normalization(model)

    def save_best(self, model: "keras.Model") -> None:
        """Save the weights as a Keras `.weights.h5` file that `--weights` accepts."""
        partial = self.path / "partial.weights.h5"
        model.save_weights(partial)
        os.replace(partial, self.best_file)

    def save_taught(self, probabilities: NDArray[np.float64]) -> None:
        """Save the teacher's probabilities for the films of train, float64 [n, 4], so that a resumed run has them."""
        partial = self.path / "partial.npy"
        np.save(partial, probabilities)
        os.replace(partial, self.taught_file)


class FollowedRun(RunDirectory):
    """The run directory as a process sees it that trains with the one that writes it: it is only read.

    What is saved goes to a folder that is dropped at once: to save is to gather values, in which all take part.
    """

    def create(self, config: dict[str, Any]) -> None:
        """Leave it to the first process."""

    def log(self, kind: str, **values: Any) -> None:
        """Leave it to the first process."""

    def save_last(self, model: "keras.Model", epoch: int, history: list[dict[str, Any]]) -> None:
        """Take part in saving."""
        with TemporaryDirectory() as scratch:
            RunDirectory(Path(scratch)).save_last(model, epoch, history)

    def save_best(self, model: "keras.Model") -> None:
        """Take part in saving."""
        with TemporaryDirectory() as scratch:
            RunDirectory(Path(scratch)).save_best(model)

    def save_taught(self, probabilities: NDArray[np.float64]) -> None:
        """Leave it to the first process."""


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, indented, with a final newline."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)
