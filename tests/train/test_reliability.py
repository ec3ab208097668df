import numpy as np
import pytest

from train.reliability import reliability


def test_bins_tell_the_share_of_films_that_have_the_class() -> None:
    given = np.array([0.02, 0.04, 0.55, 0.55, 0.55, 0.55, 1.0])
    probabilities = np.stack([given, 1 - given, np.zeros(7), np.zeros(7)], axis=1)
    labels = np.array([1, 1, 0, 0, 0, 1, 0])
    low, middle, high = reliability(labels, probabilities)["normal"]
    assert (low["films"], low["share"], low["probability"]) == (2, 0.0, pytest.approx(0.03))
    assert (middle["films"], middle["share"], middle["probability"]) == (4, 0.75, pytest.approx(0.55))
    assert (high["films"], high["share"], high["high"]) == (1, 1.0, 1.0)
    # Wilson's interval of 3 of 4, as published tables give it.
    assert (middle["low"], middle["high"]) == (pytest.approx(0.3006, abs=1e-4), pytest.approx(0.9544, abs=1e-4))
    assert [part["films"] for part in reliability(labels, probabilities)["viral"]] == [7]
