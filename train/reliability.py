"""Reliability diagrams: of the films that were given a probability, how many have the class.

Bins of equal width for each class (DeGroot & Fienberg 1983); intervals by Wilson's score, films taken as independent.
"""

import math
from typing import Any

import numpy as np

from pneumo_core.types import CLASSES
from train.metrics import Float64, Int64

_BINS = 10
_Z = 1.959964  # of a two-sided 95 % interval


def reliability(labels: Int64, probabilities: Float64) -> dict[str, list[dict[str, float]]]:
    """Measure the diagram of each class.

    Args:
        labels: int64 [n], class indices.
        probabilities: float64 [n, 4].

    Returns:
        For each class its bins that hold films, from 0 to 1: films, probability (mean of those given), share (of the
        films that have the class), low and high (of the share).
    """
    found: dict[str, list[dict[str, float]]] = {}
    for film_class in CLASSES:
        given = probabilities[:, film_class.index]
        places = np.minimum((given * _BINS).astype(np.int64), _BINS - 1)
        found[str(film_class)] = [
            _bin(given[places == place], labels[places == place] == film_class.index) for place in np.unique(places)
        ]
    return found


def _bin(given: Float64, has_class: Any) -> dict[str, float]:
    films, share = len(given), float(has_class.mean())
    centre = (share + _Z**2 / (2 * films)) / (1 + _Z**2 / films)
    reach = _Z / (1 + _Z**2 / films) * math.sqrt(share * (1 - share) / films + _Z**2 / (4 * films**2))
    figures = {"probability": float(given.mean()), "share": share, "low": centre - reach, "high": centre + reach}
    return {"films": films} | {name: round(min(1.0, max(0.0, value)), 6) for name, value in figures.items()}
