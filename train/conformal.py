"""Calibrate prediction sets on val, and measure their coverage and size; accuracy where the surest films are answered.

See `pneumo_core.model.sets` for the method. The sets of the probabilities as the bundle gives them are meant: the
temperature comes first.
"""

import math
from typing import Any

import numpy as np

from pneumo_core.errors import DataError
from pneumo_core.model.sets import LEVELS, SetThresholds
from pneumo_core.types import CLASSES
from train.bootstrap import RESAMPLES, draw_weights, interval
from train.metrics import Float64, Int64
from train.predict import Predictions

RISK_COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5)
_DIGITS = 6


def fit_sets(probabilities: Float64, labels: Int64) -> SetThresholds:
    """Take the thresholds from films that the weights were not trained on.

    Of n films of a class the threshold is the ceil((n + 1) * level)-th smallest 1 - probability of that class; where
    there are too few films for that, the class belongs to every set.

    Args:
        probabilities: float64 [n, 4].
        labels: int64 [n].

    Raises:
        DataError: if a class has no film.
    """
    found: list[tuple[float, ...]] = []
    for level in LEVELS:
        thresholds = []
        for film_class in CLASSES:
            scores = np.sort(1.0 - probabilities[labels == film_class.index, film_class.index])
            if not len(scores):
                raise DataError(f"There is no validation film of the class {film_class} to calibrate the sets on.")
            # Less a hair: 0.95 * 20 is 19.000000000000004 or so.
            rank = math.ceil((len(scores) + 1) * level - 1e-9)
            thresholds.append(float(scores[rank - 1]) if rank <= len(scores) else 1.0)
        found.append(tuple(thresholds))
    return SetThresholds(*found)


def members(probabilities: Float64, thresholds: tuple[float, ...]) -> np.ndarray:
    """Which classes belong to each film's set: float64 [n, 4] -> bool [n, 4]."""
    return np.asarray(1.0 - probabilities <= np.asarray(thresholds))


def measure_sets(predictions: Predictions, thresholds: SetThresholds, seed: int = 0) -> dict[str, Any]:
    """Coverage (overall and for each class), size, and how many sets hold 0, 1, 2, 3, 4 classes, by level.

    Each figure has a patient-wise bootstrap interval (`train.bootstrap`).
    """
    labels, weights = predictions.labels, draw_weights(predictions.patients, RESAMPLES, np.random.default_rng(seed))
    patients = len(set(predictions.patients))
    found: dict[str, Any] = {}
    for level, values in zip(LEVELS, (thresholds.at90, thresholds.at95), strict=True):
        inside = members(predictions.probabilities, values)
        covered = inside[np.arange(len(labels)), labels].astype(np.float64)
        sizes = inside.sum(axis=1)
        figures = {
            "coverage": (covered, np.ones(len(labels))),
            "size": (sizes.astype(np.float64), np.ones(len(labels))),
        }
        for film_class in CLASSES:
            figures[f"coverage_{film_class}"] = (covered, (labels == film_class.index).astype(np.float64))
        found[f"{level:.2f}"] = {
            "figures": {name: _estimate(*parts, weights, patients) for name, parts in figures.items()},
            "sets_by_size": np.bincount(sizes, minlength=len(CLASSES) + 1).tolist(),
        }
    return found


def measure_risk(predictions: Predictions, seed: int = 0) -> dict[str, Any]:
    """Accuracy on the share of films with the highest top probability (El-Yaniv & Wiener 2010, risk-coverage curve)."""
    probabilities, labels = predictions.probabilities, predictions.labels
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    weights = draw_weights(predictions.patients, RESAMPLES, np.random.default_rng(seed))
    found = {}
    for coverage in RISK_COVERAGES:
        kept = np.zeros(len(labels))
        kept[order[: max(1, round(coverage * len(labels)))]] = 1.0
        found[f"{coverage:.2f}"] = _estimate(right, kept, weights, len(set(predictions.patients)))
    return found


def _estimate(values: Float64, counted: Float64, weights: Float64, patients: int) -> dict[str, float | None]:
    """Mean of `values` over the films that count, with its interval; None where no film counts."""
    if not counted.any():
        return {"value": None, "low": None, "high": None}
    value = float(values @ counted / counted.sum())
    sums = weights @ counted
    drawn = np.divide(weights @ (values * counted), sums, out=np.full(len(sums), np.nan), where=sums > 0)
    low, high = interval(drawn, value, patients)
    return {name: _rounded(part) for name, part in (("value", value), ("low", low), ("high", high))}


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, _DIGITS)
