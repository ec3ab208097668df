import math

import numpy as np
import pytest

from train.bootstrap import draw_weights, estimates
from train.metrics import softmax


def _films(patients: int, films_each: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Films whose rightness is the patient's: all films of a patient are answered alike."""
    labels = np.repeat(random.integers(0, 4, patients), films_each)
    right = np.repeat(random.random(patients) < 0.8, films_each)
    answers = np.where(right, labels, (labels + 1) % 4)
    probabilities = softmax(3 * np.eye(4, dtype=np.float32)[answers])
    return labels, probabilities, [f"p{index // films_each}" for index in range(patients * films_each)]


def test_patients_are_drawn_as_a_whole() -> None:
    patients = ["b", "a", "b", "c", "a"]
    weights = draw_weights(patients, 500, np.random.default_rng(0))
    assert weights.shape == (500, 5)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, 1], weights[:, 4])
    np.testing.assert_array_equal(weights[:, [0, 1, 3]].sum(axis=1), 3)
    assert weights.mean() == pytest.approx(1.0, abs=0.05)


def test_the_same_seed_gives_the_same_interval() -> None:
    films = _films(30, 2, np.random.default_rng(0))
    assert repr(estimates(*films, 200, seed=4)) == repr(estimates(*films, 200, seed=4))
    assert repr(estimates(*films, 200, seed=4)) != repr(estimates(*films, 200, seed=5))


def test_a_quick_interval_is_that_of_a_slow_loop() -> None:
    labels, probabilities, patients = _films(40, 2, np.random.default_rng(3))
    right = probabilities.argmax(axis=1) == labels
    by_patient = {name: right[[other == name for other in patients]] for name in patients}
    random = np.random.default_rng(0)
    names = list(by_patient)
    drawn = [
        np.concatenate([by_patient[names[index]] for index in random.integers(0, 40, 40)]).mean() for _ in range(4000)
    ]
    found = estimates(labels, probabilities, patients, 4000)["accuracy"]
    assert found.value == right.mean()
    np.testing.assert_allclose((found.low, found.high), np.quantile(drawn, (0.025, 0.975)), atol=0.013)


def test_films_of_one_patient_widen_the_interval() -> None:
    """Ten films of each patient, answered alike, tell no more than one."""
    labels, probabilities, patients = _films(60, 10, np.random.default_rng(1))
    clustered = estimates(labels, probabilities, patients)["accuracy"]
    as_if_independent = estimates(labels, probabilities, [str(index) for index in range(600)])["accuracy"]
    width, narrow = (found.high - found.low for found in (clustered, as_if_independent))
    assert width / narrow == pytest.approx(math.sqrt(10), rel=0.25)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        found = estimates(*_films(80, 2, np.random.default_rng(seed)), 300, seed)["accuracy"]
        covered += found.low <= 0.8 <= found.high
    assert 180 <= covered <= 199


def test_undefined_figures_have_no_interval() -> None:
    labels, probabilities = np.array([0, 0, 1]), np.full((3, 4), 0.25)
    found = estimates(labels, probabilities, ["a", "b", "c"], 100)
    assert math.isnan(found["sensitivity_viral"].value)
    assert math.isnan(found["sensitivity_viral"].low)
    # Some resamples hold no bacterial film: they are left out, not counted as 0.
    assert found["sensitivity_bacterial"].value == found["sensitivity_bacterial"].high == 0.0


def test_one_patient_gives_a_value_and_no_interval() -> None:
    found = estimates(np.array([0, 1]), np.eye(4)[[0, 1]], ["a", "a"], 50)["accuracy"]
    assert found.value == 1.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_many_films_are_resampled_in_parts() -> None:
    """So many that not all resamples fit into memory at once: 4 parts, the last one shorter."""
    labels, probabilities, patients = _films(1500, 4, np.random.default_rng(2))
    found = estimates(labels, probabilities, patients, 1000)["accuracy"]
    expected = 1.96 * math.sqrt(0.8 * 0.2 / 1500)
    assert (found.high - found.low) / 2 == pytest.approx(expected, rel=0.15)
