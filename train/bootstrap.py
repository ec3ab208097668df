"""Percentile bootstrap intervals over patients (Efron & Tibshirani 1993, chapter 13; cluster form).

Films of one patient are not independent: each resample draws whole patients with replacement, and a film counts as
often as its patient was drawn. A figure that never varies (a small group without an error) gets an interval of no
width: that is the method's limit, not certainty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from train.metrics import Float64, Int64, figures

RESAMPLES = 1000
LEVEL = 0.95
_WEIGHTS_AT_ONCE = 2_000_000  # films x resamples held in memory


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; NaN where it is not defined, the interval also where there is one patient only."""

    value: float
    low: float
    high: float


def estimates(
    labels: Int64, probabilities: Float64, patients: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """All figures of `train.metrics.figures`, each with its 95 % interval.

    Args:
        labels: int64 [n], n >= 1.
        probabilities: float64 [n, 4].
        patients: n names; films of one name are drawn together.
        resamples: how many resamples.
        seed: of the resampling.

    Returns:
        Estimates by the name of the figure.
    """
    values = figures(labels, probabilities, np.ones((1, len(labels))))
    random = np.random.default_rng(seed)
    rows = max(1, _WEIGHTS_AT_ONCE // len(labels))
    chunks = [min(rows, resamples - start) for start in range(0, resamples, rows)]
    drawn = [figures(labels, probabilities, draw_weights(patients, chunk, random)) for chunk in chunks]
    found = {}
    for name, value in values.items():
        low, high = interval(np.concatenate([chunk[name] for chunk in drawn]), value[0], len(set(patients)))
        found[name] = Estimate(float(value[0]), low, high)
    return found


def draw_weights(patients: Sequence[str], resamples: int, random: np.random.Generator) -> Float64:
    """How often each film counts in each resample of the patients: float64 [resamples, n]."""
    names, codes = np.unique(np.asarray(patients), return_inverse=True)
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)  # [resamples, patients]
    return drawn[:, codes].astype(np.float64)


def interval(values: Float64, value: float, patients: int) -> tuple[float, float]:
    """The percentile interval of resampled figures; NaN where there is one patient only or nothing to tell."""
    known = values[~np.isnan(values)]
    if patients < 2 or np.isnan(value) or not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)
