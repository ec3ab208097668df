import numpy as np
import pytest

from pneumo_core.paired import paired_differences


def _answers(films: int, share: float, labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.where(random.random(films) < share, labels, (labels + 1) % 4)


def test_the_interval_is_that_of_drawing_patients_one_by_one() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 4, 90)
    patients = [f"p{number // 3}" for number in range(90)]
    first, second = (_answers(90, share, labels, random) for share in (0.7, 0.85))
    found = paired_differences(labels, first, second, patients, resamples=4000)["accuracy"]
    gain = (second == labels).astype(float) - (first == labels)
    drawn = [np.concatenate([gain[3 * p : 3 * p + 3] for p in random.integers(0, 30, 30)]).mean() for _ in range(4000)]
    assert found.value == pytest.approx(gain.mean())
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, (0.025, 0.975)), abs=0.012)


def test_equal_readers_differ_by_nothing() -> None:
    labels = np.array([0, 0, 1, 3])
    found = paired_differences(labels, np.array([0, 1, 1, 3]), np.array([0, 1, 1, 3]), list("abcd"))
    assert set(found) == {"accuracy", "sensitivity_normal", "sensitivity_bacterial", "sensitivity_covid19"}
    assert (found["accuracy"].first, found["accuracy"].value) == (0.75, 0.0)
    assert (found["accuracy"].low, found["accuracy"].high) == (0.0, 0.0)
    assert found["sensitivity_normal"].second == 0.5
