"""Greys of a DICOM film: modality LUT, VOI LUT or window, polarity, and padding (PS3.3 C.11.1, C.11.2, C.7.6.3).

A film has at most 65,536 different stored values, so every step works on the vector of all values between the smallest
and the largest stored one; the pixels themselves are touched once, at the end.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pneumo_core.language import Message
from pneumo_core.types import Finding, Grade

Values = NDArray[np.float64]  # [n], one for each stored value from the smallest to the largest

_MIN_SPAN = 0.01  # a window of which the film fills less than this leaves under three of 256 display greys
_MIN_WIDTH = 1e-3  # a window narrower than this, in steps of the stored values, is none
_STEEP = 1e9  # far beyond any slope or intercept in use, far below what floating point loses track of
_FULL = 65_535

WINDOW_UNUSABLE = Finding(
    "window_unusable",
    Grade.NOTE,
    Message(
        "The display window (or VOI LUT) in the file can not be used for this film; its full grey range is shown "
        "instead."
    ),
)
RESCALE_UNUSABLE = Finding(
    "rescale_unusable",
    Grade.CAUTION,
    Message(
        "The grey value scaling (modality LUT) in the file can not be used; the stored values are shown as they are."
    ),
)
NO_CONTRAST = Finding("no_contrast", Grade.CAUTION, Message("All pixels have the same grey: the film shows nothing."))


@dataclass(frozen=True, eq=False)
class LookupTable:
    """A modality or VOI look-up table.

    Attributes:
        entries: uint16 [entries], at least one.
        first: the input value that the first entry stands for; below it the first entry holds, above the last.
        bits: significant bits of an entry, 8..16.
    """

    entries: NDArray[np.uint16]
    first: int
    bits: int

    def __call__(self, values: Values) -> Values:
        """Look values up: float64 [n] -> float64 [n] in 0..2^bits - 1."""
        index = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1).astype(np.intp)
        return self.entries[index].astype(np.float64)


@dataclass(frozen=True)
class Rescale:
    """Modality values as slope * stored + intercept."""

    slope: float = 1.0
    intercept: float = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether the line is one: neither flat nor steep beyond all measure (nor NaN)."""
        return 1.0 / _STEEP <= abs(self.slope) <= _STEEP and abs(self.intercept) <= _STEEP


@dataclass(frozen=True)
class Window:
    """A VOI window: centre and width in modality values, and the function (LINEAR, LINEAR_EXACT, or SIGMOID)."""

    centre: float
    width: float
    function: str = "LINEAR"

    @property
    def bounds(self) -> tuple[float, float] | None:
        """What LINEAR or LINEAR_EXACT shows black and white, in modality values; None if it is no window."""
        half = (self.width - 1.0) / 2.0 if self.function == "LINEAR" else self.width / 2.0
        middle = self.centre - 0.5 if self.function == "LINEAR" else self.centre
        low, high = middle - half, middle + half
        return (low, high) if np.isfinite(low) and np.isfinite(high) and low < high else None

    def sigmoid(self, values: Values) -> Values:
        """The SIGMOID function: float64 [n] -> float64 [n] in 0..1."""
        with np.errstate(over="ignore"):  # far below the window exp() is infinite, and its inverse 0: as it should be
            shown: Values = 1.0 / (1.0 + np.exp(-4.0 * (values - self.centre) / self.width))
            return shown


@dataclass(frozen=True, eq=False)
class GreyScale:
    """What each stored value becomes.

    Attributes:
        greys: float64 [n], whole numbers in 0..65535, for each stored value from the smallest to the largest.
        window: (low, high) in the units of `greys`, low < high.
        findings: remarks made on the way.
    """

    greys: Values
    window: tuple[float, float]
    findings: tuple[Finding, ...] = ()


def grey_scale(
    smallest: int,
    present: NDArray[np.bool_],
    *,
    modality: Rescale | LookupTable,
    voi: Window | LookupTable | None,
    inverse: bool,
    padding: tuple[int, int] | None = None,
) -> GreyScale:
    """Work out the way of each stored value: modality LUT, then VOI LUT or window, then the inversion of MONOCHROME1.

    A window stays a window (it is put into grey units); a VOI LUT or a sigmoid is baked into the greys, which then
    take the full 16 bits. Padding does not take part in ranges and comes out as the darkest grey.

    Args:
        smallest: the smallest stored value.
        present: bool [n], which of the values from `smallest` on the film has; the first and the last are True.
        modality: how stored values become modality values.
        voi: how modality values become displayed ones, or None: the film's own range is shown.
        inverse: whether the smallest value is white (MONOCHROME1).
        padding: (lowest, highest) stored value that is padding, or None.

    Returns:
        The grey scale; where scaling or window can not be used, a finding says so and the range takes their place.
    """
    stored = np.arange(smallest, smallest + present.size, dtype=np.float64)
    padded = np.zeros(present.size, np.bool_)
    if padding is not None:
        padded = (stored >= padding[0]) & (stored <= padding[1])
        if not (present & ~padded).any():  # nothing would be left: the tag must be wrong
            padded[:] = False
    counted = present & ~padded

    findings: list[Finding] = []
    if isinstance(modality, Rescale) and not modality.is_usable:
        modality = Rescale()
        findings.append(RESCALE_UNUSABLE)
    if isinstance(voi, LookupTable) or (voi is not None and voi.function == "SIGMOID"):
        scale = _baked(stored, modality, voi, counted)
        if scale is None:
            scale = _windowed(stored, modality, None, counted)
            findings.append(WINDOW_UNUSABLE)
    else:
        scale = _windowed(stored, modality, voi, counted)
    if inverse:
        top = float(scale.greys.max())
        scale = replace(scale, greys=top - scale.greys, window=(top - scale.window[1], top - scale.window[0]))
    if padded.any():
        scale = _with_black(scale, padded)
    return replace(scale, findings=(*findings, *scale.findings))


def _modality_values(stored: Values, modality: Rescale | LookupTable) -> Values:
    if isinstance(modality, LookupTable):
        return modality(stored)
    return stored * modality.slope + modality.intercept


def _baked(
    stored: Values, modality: Rescale | LookupTable, voi: Window | LookupTable, counted: NDArray[np.bool_]
) -> GreyScale | None:
    """Bake a VOI LUT or a sigmoid into 16-bit greys; None if the film would have no contrast left."""
    values = _modality_values(stored, modality)
    if isinstance(voi, LookupTable):
        shown = voi(values) / (2.0**voi.bits - 1.0)
    elif abs(voi.centre) <= _STEEP and 1.0 / _STEEP <= voi.width <= _STEEP:
        shown = voi.sigmoid(values)
    else:
        return None
    greys = np.rint(np.clip(shown, 0.0, 1.0) * _FULL)
    if float(np.ptp(greys[counted])) < _MIN_SPAN * _FULL:
        return None
    return GreyScale(greys, (0.0, float(_FULL)))


def _windowed(
    stored: Values, modality: Rescale | LookupTable, window: Window | None, counted: NDArray[np.bool_]
) -> GreyScale:
    """Greys that keep the stored (or looked-up) whole numbers, and the window in their units."""
    if isinstance(modality, LookupTable):
        looked_up = modality(stored)
        slope, intercept = 1.0, float(looked_up.min())
        greys = looked_up - intercept
    else:
        # slope * stored + intercept = |slope| * grey + the smallest modality value
        slope = abs(modality.slope)
        greys = stored - stored[0] if modality.slope > 0 else stored[-1] - stored
        intercept = float(stored[0] if modality.slope > 0 else stored[-1]) * modality.slope + modality.intercept
    lowest, highest = float(greys[counted].min()), float(greys[counted].max())
    if lowest == highest:
        return GreyScale(greys, (lowest, lowest + 1.0), (NO_CONTRAST,))
    if window is None:
        return GreyScale(greys, (lowest, highest))
    if window.bounds is not None:
        low, high = ((bound - intercept) / slope for bound in window.bounds)
        inside = min(high, highest) - max(low, lowest)
        if high - low >= _MIN_WIDTH and inside >= _MIN_SPAN * (high - low):
            return GreyScale(greys, (low, high))
    return GreyScale(greys, (lowest, highest), (WINDOW_UNUSABLE,))


def _with_black(scale: GreyScale, padded: NDArray[np.bool_]) -> GreyScale:
    """Give padding the grey 0, and move the other greys up as far as 16 bits allow until 0 lies outside the window."""
    low, high = scale.window
    room = _FULL - float(scale.greys.max())
    shift = min(max(0.0, math.ceil(-low)), room)
    return replace(scale, greys=np.where(padded, 0.0, scale.greys + shift), window=(low + shift, high + shift))
