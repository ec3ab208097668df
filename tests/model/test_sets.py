import numpy as np
import pytest

from pneumo_core.model.sets import SetThresholds
from pneumo_core.types import FilmClass

THRESHOLDS = SetThresholds((0.1, 0.5, 0.75, 0.25), (0.2, 0.6, 0.875, 0.5))


def test_a_class_belongs_to_the_set_up_to_its_threshold() -> None:
    at90, at95 = THRESHOLDS.sets(np.array([0.5, 0.125, 0.25, 0.125], np.float32))
    assert at90 == (FilmClass.VIRAL,)
    assert at95 == (FilmClass.VIRAL,)
    at90, at95 = THRESHOLDS.sets(np.array([0.0, 0.25, 0.125, 0.625], np.float32))
    assert at90 == ()
    assert at95 == (FilmClass.VIRAL, FilmClass.COVID19)


def test_thresholds_survive_the_bundle() -> None:
    assert SetThresholds.from_json(THRESHOLDS.to_json()) == THRESHOLDS


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"method": "other", "thresholds": {}},
        THRESHOLDS.to_json() | {"thresholds": {"0.90": [0.1, 0.2, 0.3], "0.95": [0.1, 0.2, 0.3]}},
        THRESHOLDS.to_json() | {"thresholds": {"0.90": [0.1, 0.2, 0.3, 0.5], "0.95": [0.1, 0.2, 0.3, 0.4]}},
        THRESHOLDS.to_json() | {"thresholds": {"0.90": [0.1, 0.2, 0.3, 0.5], "0.95": [0.1, 0.2, 0.3, float("nan")]}},
    ],
)
def test_other_thresholds_are_refused(value: dict) -> None:
    with pytest.raises(ValueError, match=r"expected|lacks|must not"):
        SetThresholds.from_json(value)
