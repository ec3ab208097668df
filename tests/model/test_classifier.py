import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest
from stand_ins import noise_films

from pneumo_core.errors import BundleError
from pneumo_core.intake import Gate, assess
from pneumo_core.intake.look import look_at
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier, softmax
from pneumo_core.model.head import Head, Stage
from pneumo_core.model.sets import SetThresholds
from pneumo_core.preprocess import preprocess
from pneumo_core.types import CLASSES, Assessment, Float32, Radiograph


class CountingEngine:
    """Gives the input's mean as a feature map of one cell and one channel, and notes how much came at once."""

    name = "counting"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def feature_map(self, batch: Float32) -> Float32:
        self.batches.append(len(batch))
        return batch.mean(axis=(1, 2, 3)).reshape(-1, 1, 1, 1)


@pytest.fixture
def counting(small_bundle: Bundle, gate: Gate) -> Classifier:
    ones = np.ones(1, np.float32)
    kernel = np.array([[1, 2, 3, 4]], np.float32)
    head = Head((Stage(ones, 0 * ones, kernel, np.zeros(4, np.float32)),))
    return Classifier(small_bundle, CountingEngine(), head, gate)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 40])
def test_every_film_gets_its_own_answer_in_order(counting: Classifier, count: int) -> None:
    films = noise_films(count)
    readings = counting.read(films)
    assert [reading.film for reading in readings] == films
    for film, reading in zip(films, readings, strict=True):
        expected = preprocess(film.pixels).mean()
        np.testing.assert_allclose(reading.prediction.logits, expected * np.array([1, 2, 3, 4]), rtol=1e-5)
    assert isinstance(counting.engine, CountingEngine)
    assert sum(counting.engine.batches) == count
    assert max(counting.engine.batches, default=0) <= 8


def test_films_wait_prepared_in_bounded_number(counting: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, highest, lock = 0, 0, threading.Lock()
    prepare, engine = counting._input, counting.engine.feature_map

    def count_up(film: Radiograph) -> tuple[Float32, Assessment]:
        nonlocal prepared, highest
        with lock:
            prepared += 1
            highest = max(highest, prepared)
        return prepare(film)

    def count_down(batch: Float32) -> Float32:
        nonlocal prepared
        with lock:
            prepared -= len(batch)
        return engine(batch)

    monkeypatch.setattr(counting, "_input", count_up)
    monkeypatch.setattr(counting.engine, "feature_map", count_down)
    counting.read(noise_films(5) * 20)
    assert 8 < highest <= 24


def test_an_answer_is_complete(small_classifier: Classifier) -> None:
    [film] = noise_films(1)
    [reading] = small_classifier.read([film])
    prediction = reading.prediction
    assert prediction.model == small_classifier.name == small_classifier.bundle.label
    assert prediction.temperature == small_classifier.bundle.temperature == 1.3
    np.testing.assert_allclose(prediction.probabilities, softmax(prediction.logits, 1.3))
    assert prediction.probabilities.sum() == pytest.approx(1.0, abs=1e-6)
    assert tuple(heatmap.film_class for heatmap in reading.heatmaps) == CLASSES
    assert {heatmap.grid.shape for heatmap in reading.heatmaps} == {(8, 8)}
    assert reading.assessment == assess(small_classifier.gate, film, look_at(film.pixels))
    assert (prediction.set90, prediction.set95) == (None, None)  # the TEST OBJECT's were never calibrated


def test_a_calibrated_bundle_gives_sets(counting: Classifier) -> None:
    thresholds = SetThresholds((0.0, 0.0, 1.0, 1.0), (0.0, 1.0, 1.0, 1.0))
    counting.bundle = dataclasses.replace(counting.bundle, conformal=thresholds)
    [reading] = counting.read(noise_films(1))
    assert reading.prediction.set90 == CLASSES[2:]
    assert reading.prediction.set95 == CLASSES[1:]


def test_the_temperature_divides_the_logits() -> None:
    logits = np.array([[1.0, 2.0, 3.0, 4.0], [1000.0, 0.0, 0.0, 999.0]], np.float32)
    powers = np.exp(logits.astype(np.float64) / 2 - logits.max(axis=1, keepdims=True) / 2)
    np.testing.assert_allclose(softmax(logits, 2.0), powers / powers.sum(axis=1, keepdims=True), rtol=1e-6, atol=1e-7)


def test_without_a_bundle_there_is_no_classifier(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no model bundle"):
        Classifier.load(tmp_path)
