from pathlib import Path

import numpy as np
import pytest

from pneumo_core.errors import DataError
from pneumo_core.types import CLASSES
from train.conformal import fit_sets, measure_risk, measure_sets, members
from train.data import FilmRow
from train.metrics import softmax
from train.predict import Predictions


def draw(count: int, seed: int) -> Predictions:
    """Films whose logits lean towards their class, by class more or less, each of a patient of its own."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, count)
    logits = random.normal(0, 1, (count, 4)).astype(np.float32)
    logits[np.arange(count), labels] += np.array([2.5, 1.5, 0.5, 3.0], np.float32)[labels]
    rows = tuple(FilmRow(Path(), str(n), CLASSES[label], str(n), "test") for n, label in enumerate(labels))
    return Predictions(rows, logits, 1.0)


def test_the_sets_cover_every_class_as_often_as_they_say() -> None:
    val, test = draw(4000, 1), draw(20000, 2)
    thresholds = fit_sets(val.probabilities, val.labels)
    measured = measure_sets(test, thresholds)
    for level in (0.90, 0.95):
        figures = measured[f"{level:.2f}"]["figures"]
        for name in ("coverage", *(f"coverage_{film_class}" for film_class in CLASSES)):
            assert figures[name]["value"] == pytest.approx(level, abs=0.02), name
            assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]
        assert sum(measured[f"{level:.2f}"]["sets_by_size"]) == 20000
    assert measured["0.95"]["figures"]["size"]["value"] > measured["0.90"]["figures"]["size"]["value"]


def test_the_threshold_is_a_score_of_val_by_rank() -> None:
    labels = np.repeat(np.arange(4), 19)
    probabilities = np.full((76, 4), 0.0)
    probabilities[np.arange(76), labels] = np.tile(np.arange(1, 20) / 20, 4)
    thresholds = fit_sets(probabilities, labels)
    # ceil(20 * 0.9) = 18 of 19: the 18th smallest of 1 - (1/20 .. 19/20); ceil(20 * 0.95) = 19: the largest.
    np.testing.assert_allclose(thresholds.at90, 0.9)
    np.testing.assert_allclose(thresholds.at95, 0.95)
    few = np.tile(np.arange(4), 8)  # eight films of a class can not show what happens once in ten times
    assert fit_sets(np.full((32, 4), 0.25), few).at90 == (1.0,) * 4


def test_a_class_without_films_can_not_be_calibrated() -> None:
    with pytest.raises(DataError, match="covid19"):
        fit_sets(np.full((3, 4), 0.25), np.array([0, 1, 2]))


def test_members_are_those_of_the_reader() -> None:
    val = draw(400, 3)
    thresholds = fit_sets(val.probabilities, val.labels)
    probabilities = softmax(val.logits).astype(np.float32)
    inside = members(probabilities.astype(np.float64), thresholds.at90)
    for film, flags in zip(probabilities, inside, strict=True):
        assert thresholds.sets(film)[0] == tuple(c for c, flag in zip(CLASSES, flags, strict=True) if flag)


def test_the_surest_films_are_right_more_often() -> None:
    films = draw(5000, 4)
    risk = measure_risk(films)
    accuracies = [risk[share]["value"] for share in ("1.00", "0.90", "0.80", "0.70", "0.50")]
    assert accuracies == sorted(accuracies)
    right = films.probabilities.argmax(axis=1) == films.labels
    assert accuracies[0] == pytest.approx(right.mean(), abs=1e-6)
    surest = np.argsort(-films.probabilities.max(axis=1), kind="stable")[:2500]
    assert accuracies[-1] == pytest.approx(right[surest].mean(), abs=1e-6)
