"""Summaries of predictions as plain JSON values: for a split, its sources, its age groups, and for fewer classes."""

import math
from collections.abc import Sequence
from typing import Any

from pneumo_core.types import CLASSES, FilmClass
from train.bootstrap import LEVEL, RESAMPLES, Estimate, estimates
from train.metrics import confusion
from train.predict import Predictions
from train.reliability import reliability

Summary = dict[str, Any]
_SEED = 0
INTERVALS = {"method": "percentile bootstrap over patients", "level": LEVEL, "resamples": RESAMPLES, "seed": _SEED}


def summarise_split(predictions: Predictions) -> Summary:
    """Summarise all films, and the same per source and per age group.

    Returns:
        What `summarise` returns, with "reliability" (see `train.reliability`), and "sources" and "age_groups":
        summaries by name, sorted.
    """
    sources = sorted({row.source for row in predictions.rows})
    age_groups = sorted({row.age_group for row in predictions.rows})
    return {
        **summarise(predictions),
        "reliability": reliability(predictions.labels, predictions.probabilities),
        "sources": {name: summarise(predictions.where(lambda row, n=name: row.source == n)) for name in sources},  # type: ignore[misc]
        "age_groups": {
            name: summarise(predictions.where(lambda row, n=name: row.age_group == n))  # type: ignore[misc]
            for name in age_groups
        },
    }


def summarise(predictions: Predictions) -> Summary:
    """Summarise one set of films.

    Returns:
        films and patients (counts), confusion (int [4][4], label by answer), and figures: by name the value and the
        ends of its 95 % interval, None where a figure is not defined.
    """
    probabilities = predictions.probabilities
    found = estimates(predictions.labels, probabilities, predictions.patients, RESAMPLES, _SEED)
    return {
        "films": len(predictions.rows),
        "patients": len(set(predictions.patients)),
        "confusion": confusion(predictions.labels, probabilities.argmax(axis=1)).tolist(),
        "figures": {name: _plain(estimate) for name, estimate in found.items()},
    }


def summarise_among(predictions: Predictions, classes: Sequence[FilmClass]) -> Summary:
    """Summarise the films of some classes twice: answered among these classes, and answered among all four.

    Returns:
        classes, and the summaries "among_these" and "among_all_four".
    """
    return {
        "classes": [str(film_class) for film_class in CLASSES if film_class in classes],
        "among_these": summarise(predictions.among(classes)),
        "among_all_four": summarise(predictions.where(lambda row: row.film_class in classes)),
    }


def _plain(estimate: Estimate) -> dict[str, float | None]:
    def known(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 6)

    return {"value": known(estimate.value), "low": known(estimate.low), "high": known(estimate.high)}
