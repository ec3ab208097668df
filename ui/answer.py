"""An answer in words, never without its uncertainty."""

from collections.abc import Mapping
from typing import Any

from pneumo_core.answer import AnswerKind
from pneumo_core.types import CLASSES, FilmClass, Prediction
from ui import texts
from ui.films import Film


def ranked(prediction: Prediction) -> list[tuple[FilmClass, float]]:
    """The classes with their probabilities, the most probable first."""
    pairs = [(film_class, float(prediction.probabilities[film_class.index])) for film_class in CLASSES]
    return sorted(pairs, key=lambda pair: -pair[1])


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
            parts.append(texts.share_right(value, low, high, films))
    return texts.track_record(parts) if parts else texts.NEVER_MEASURED


def short(film: Film) -> str:
    """The answer for the strip, such as `Viral or COVID-19`, or why there is none."""
    if film.said is None or film.answer is None:
        return texts.STATES[film.state]
    if film.answer.kind is AnswerKind.NONE:
        return texts.STATES["refused"] if film.is_refused else texts.NO_ANSWER
    if film.answer.kind is AnswerKind.PNEUMONIA:
        return texts.PNEUMONIA
    return texts.one_or_two([texts.SHORT_NAMES[film_class] for film_class in film.answer.classes])
