"""Differences between two readers of the same films, with percentile bootstrap intervals over patients.

Both are measured on the same resamples (Efron & Tibshirani 1993, chapter 13; cluster form), so that what makes a film
hard for both drops out of the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumo_core.types import CLASSES

RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """A figure of two readers and the second's less the first's, with the ends of the difference's interval."""

    first: float
    second: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The second's figure less the first's."""
        return self.second - self.first


def paired_differences(
    labels: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    patients: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare two readers' answers to the same films.

    Args:
        labels: int64 [n], class indices, n >= 1.
        first: int64 [n], answers of the one.
        second: int64 [n], answers of the other.
        patients: n names; films of one name are drawn together.
        resamples: how many resamples.
        seed: of the resampling.

    Returns:
        Differences by name: "accuracy", and "sensitivity_<class>" for each class that has films.
    """
    names, codes = np.unique(np.asarray(patients), return_inverse=True)
    right = np.stack([first == labels, second == labels]).astype(np.float64)  # [2, n]
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)  # [resamples, patients]
    found = {}
    groups = {"accuracy": np.ones(len(labels), bool)}
    groups |= {f"sensitivity_{film_class}": labels == film_class.index for film_class in CLASSES}
    for name, chosen in groups.items():
        if not chosen.any():
            continue
        # Sums over each patient's films, so that a resample costs one product with its counts of patients.
        films = np.bincount(codes[chosen], minlength=len(names)).astype(np.float64)
        hits = [np.bincount(codes[chosen], right[reader, chosen], minlength=len(names)) for reader in (0, 1)]
        counts = drawn @ films
        known = counts > 0
        differences = (drawn[known] @ (hits[1] - hits[0])) / counts[known]
        low, high = np.quantile(differences, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        values = right[:, chosen].mean(axis=1)
        found[name] = Difference(float(values[0]), float(values[1]), float(low), float(high))
    return found
