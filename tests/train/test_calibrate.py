import numpy as np
import pytest

from pneumo_core.errors import DataError
from train.calibrate import fit_temperature
from train.metrics import log_loss, softmax


def _logits_that_mean_what_they_say(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (count, 4)).astype(np.float32)
    labels = np.array([random.choice(4, p=row) for row in softmax(logits)])
    return logits, labels


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_an_overconfidence_is_found(factor: float) -> None:
    logits, labels = _logits_that_mean_what_they_say(4000)
    assert fit_temperature(np.float32(factor) * logits, labels) == pytest.approx(factor, rel=0.07)


def test_no_other_temperature_is_better() -> None:
    logits, labels = _logits_that_mean_what_they_say(300)
    found = fit_temperature(2 * logits, labels)
    best = log_loss(labels, softmax(2 * logits, found))
    for other in np.geomspace(0.06, 19, 300):
        assert log_loss(labels, softmax(2 * logits, float(other))) >= best - 1e-9


def test_films_without_an_error_end_at_the_range() -> None:
    logits = np.eye(4, dtype=np.float32)
    assert fit_temperature(logits, np.arange(4)) == pytest.approx(0.05, rel=0.01)


def test_no_films_is_an_error() -> None:
    with pytest.raises(DataError, match="no validation film"):
        fit_temperature(np.empty((0, 4), np.float32), np.empty(0, np.int64))
