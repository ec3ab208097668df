"""Prediction sets: the classes that can not be ruled out, so that a set misses the truth at most as often as it says.

Split conformal prediction with a threshold for each class (Sadinle, Lei & Wasserman 2019, "Least Ambiguous Set-Valued
Classifiers with Bounded Error Levels", arXiv 1609.00451; class-conditional as in Vovk 2012, arXiv 1209.2673). A class
belongs to the set if 1 - its probability is at most its threshold. `train.conformal` takes the thresholds from val.

The promise holds, class by class, for films like those of val, and for no other hospital's. A set can be empty: then
no class is as probable as it nearly always is where it is the truth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pneumo_core.types import CLASSES, FilmClass, Float32

LEVELS = (0.90, 0.95)
METHOD = "class-conditional split conformal, score 1 - probability (LAC)"


@dataclass(frozen=True)
class SetThresholds:
    """How improbable a class may be and still belong to the set.

    Attributes:
        at90: the largest 1 - probability of each class at the level of 90 %, 0..1, in the order of `FilmClass`.
        at95: the same at 95 %; none is below that of 90 %.
    """

    at90: tuple[float, ...]
    at95: tuple[float, ...]

    def __post_init__(self) -> None:
        values = (*self.at90, *self.at95)
        lengths = {len(self.at90), len(self.at95)}
        if lengths != {len(CLASSES)} or not all(math.isfinite(value) and 0 <= value <= 1 for value in values):
            raise ValueError(f"Four thresholds in 0..1 a level were expected, got {self.at90} and {self.at95}.")
        if any(low > high for low, high in zip(self.at90, self.at95, strict=True)):
            raise ValueError(f"The thresholds at 95 % must not be below those at 90 %, got {self.at90}, {self.at95}.")

    def sets(self, probabilities: Float32) -> tuple[tuple[FilmClass, ...], tuple[FilmClass, ...]]:
        """The sets of one film at 90 and at 95 %: float32 [4] -> classes in the order of `FilmClass`."""
        at90, at95 = (_members(probabilities, thresholds) for thresholds in (self.at90, self.at95))
        return at90, at95

    def to_json(self) -> dict[str, Any]:
        """What model.json holds under "conformal"."""
        return {"method": METHOD, "calibrated_on": "val", "thresholds": {"0.90": [*self.at90], "0.95": [*self.at95]}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "SetThresholds":
        """Read what `to_json` wrote.

        Raises:
            ValueError: if it is anything else.
        """
        try:
            if value["method"] != METHOD:
                raise ValueError(f"The method {value['method']!r} came, {METHOD!r} was expected.")
            at90, at95 = (tuple(map(float, value["thresholds"][level])) for level in ("0.90", "0.95"))
        except (KeyError, TypeError) as error:
            raise ValueError(f"It lacks {error}.") from error
        return cls(at90, at95)


def _members(probabilities: Float32, thresholds: tuple[float, ...]) -> tuple[FilmClass, ...]:
    within = 1.0 - np.asarray(probabilities, np.float64) <= np.asarray(thresholds)
    return tuple(film_class for film_class in CLASSES if within[film_class.index])
