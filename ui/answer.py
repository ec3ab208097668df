"""An answer in words, never without its uncertainty."""

from collections.abc import Mapping
from typing import Any

from pneumo_core.types import CLASSES, FilmClass, Prediction
from ui import texts
from ui.chart import percent

_CLEAR = 0.90  # from here on one class is named alone
_LIKELY = 0.60  # from here on one class is called the most likely; below, the film is undecided


def ranked(prediction: Prediction) -> list[tuple[FilmClass, float]]:
    """The classes with their probabilities, the most probable first."""
    pairs = [(film_class, float(prediction.probabilities[film_class.index])) for film_class in CLASSES]
    return sorted(pairs, key=lambda pair: -pair[1])


def headline(prediction: Prediction) -> str:
    """The answer in a few words, as sure as the probabilities allow."""
    (first, probability), (second, _), *_ = ranked(prediction)
    if probability >= _CLEAR:
        return texts.CLASS_NAMES[first]
    if probability >= _LIKELY:
        return f"Most likely {texts.CLASSES_INSIDE[first]}"
    return f"Undecided: {texts.CLASSES_INSIDE[first]} or {texts.CLASSES_INSIDE[second]}"


def uncertainty(prediction: Prediction) -> str:
    """What stands against the answer, in one sentence with figures."""
    (first, probability), (second, runner_up), *_ = ranked(prediction)
    if probability >= _CLEAR:
        return f"{percent(probability)}. All other answers together: {percent(1 - probability)}."
    split = f"{texts.CLASS_NAMES[first]} {percent(probability)}, {texts.CLASSES_INSIDE[second]} {percent(runner_up)}."
    return f"{split} Together they hold {percent(probability + runner_up)} of the probability."


def track_record(metrics: Mapping[str, Any]) -> str:
    """How often the model was right on films whose answer is known, from its bundle's own figures.

    Args:
        metrics: the bundle's metrics: for each of `splits` its `figures`, with `accuracy` as value, low, and high.
    """
    parts = []
    for split, films in texts.SPLITS.items():
        accuracy = metrics.get("splits", {}).get(split, {}).get("figures", {}).get("accuracy")
        if accuracy:
            value, low, high = (f"{accuracy[key] * 100:.0f}" for key in ("value", "low", "high"))
            parts.append(f"{value} % ({low} to {high} %) of {films}")
    return f"It was right on {' and on '.join(parts)}." if parts else texts.NEVER_MEASURED


def short(prediction: Prediction) -> str:
    """The answer for the strip, such as `Viral 71 %`."""
    film_class, probability = ranked(prediction)[0]
    return f"{texts.SHORT_NAMES[film_class]} {percent(probability)}"
