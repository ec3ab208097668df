"""Two runs on the same films: paired differences with intervals, and the films whose answer differs."""

import csv
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumo_core.paired import Difference, paired_differences
from pneumo_core.types import CLASSES, FilmClass
from ui.runs import Run

_FILE = "predictions.csv"


@dataclass(frozen=True, eq=False)
class Answers:
    """What a run answered to the films of val, in the order of their names.

    Attributes:
        names: n names.
        patients: who each film is of.
        sources: where each film is from.
        labels: class indices, int64 [n].
        answers: class indices, int64 [n].
    """

    names: tuple[str, ...]
    patients: tuple[str, ...]
    sources: tuple[str, ...]
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the second run does otherwise than the first.

    Attributes:
        films: number of films that both answered.
        classes: differences of accuracy and of each class's sensitivity, by the names of `paired_differences`.
        sources: differences of accuracy by source.
        changed: (file, label, answer of the first, answer of the second).
    """

    films: int
    classes: dict[str, Difference]
    sources: dict[str, Difference]
    changed: list[tuple[str, FilmClass, FilmClass, FilmClass]]


def has_answers(run: Run) -> bool:
    """Whether the run was evaluated on val."""
    return (run.folder / _FILE).exists()


def compare(first: Run, second: Run) -> Comparison:
    """Compare two evaluated runs on val.

    Raises:
        ValueError: if they were not evaluated on the same films.
    """
    one, other = _answers(first), _answers(second)
    if one.names != other.names or not np.array_equal(one.labels, other.labels):
        raise ValueError("The two runs were evaluated on different films.")
    differences = _differences(one, other, lambda source: True)
    by_source = {
        source: _differences(one, other, lambda found, wanted=source: found == wanted)["accuracy"]  # type: ignore[misc]
        for source in sorted(set(one.sources))
    }
    changed = [
        (one.names[i], CLASSES[one.labels[i]], CLASSES[one.answers[i]], CLASSES[other.answers[i]])
        for i in np.nonzero(one.answers != other.answers)[0]
    ]
    return Comparison(len(one.names), differences, by_source, changed)


def _differences(one: Answers, other: Answers, chosen: Callable[[str], bool]) -> dict[str, Difference]:
    films = np.array([chosen(source) for source in one.sources], bool)
    patients = [patient for patient, use in zip(one.patients, films, strict=True) if use]
    return paired_differences(one.labels[films], one.answers[films], other.answers[films], patients)


def _answers(run: Run) -> Answers:
    path = run.folder / _FILE
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> Answers:  # the time makes the cache's key
    with path.open(newline="", encoding="utf-8") as file:
        lines = sorted((line for line in csv.DictReader(file) if line["split"] == "val"), key=lambda line: line["file"])
    return Answers(
        tuple(line["file"] for line in lines),
        tuple(line["patient"] for line in lines),
        tuple(line["source"] for line in lines),
        np.array([FilmClass(line["label"]).index for line in lines], np.int64),
        np.array([FilmClass(line["answer"]).index for line in lines], np.int64),
    )
