"""What the gate looks at: a small square of the film, and plain figures of its greys.

The gate's network keeps its own way of preparing a film, so that it stays as measured when the classifier's changes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pneumo_core.preprocess import to_square
from pneumo_core.types import Float32

GATE_SIZE = 128  # rows and columns of the network's input
_LOW, _HIGH = 0.5, 99.5  # percentiles of the whole film that become black and white
_FINE_SIZE, _MARGIN = 256, 32  # rows and columns that detail is told on, and what is left out at each edge
_FINE, _COARSE = 64, 16  # a picture of so many rows and columns has none of the detail; one of so many, no shape
_STEP = 1 / 255  # a grey this close to black or white shows nothing


@dataclass(frozen=True, eq=False)
class Look:
    """One film as the gate sees it.

    Attributes:
        square: float32 [S, S] in 0..1, squashed, its greys stretched over the whole range.
        contrast: what the stretch took for the whole range, in shares of the window, 0..1.
        black: share of the middle half of the film that is black in its window, 0..1.
        white: share of the middle half of the film that is white in its window, 0..1.
        smoothness: correlation of neighbouring pixels of the square, -1..1: a film's is near 1, noise's near 0.
        detail: what a picture of 64 x 64 pixels can not show, by the spread of the greys, against what one of 16 x 16
            can not but one of 64 x 64 can; 0 where there is neither.
        height: rows of the film.
        width: columns of the film.
    """

    square: Float32
    contrast: float
    black: float
    white: float
    smoothness: float
    detail: float
    height: int
    width: int


def look_at(pixels: Float32) -> Look:
    """Take what the gate needs of a film.

    Args:
        pixels: float32 [H, W] in 0..1, dark = air (`Radiograph.pixels`).
    """
    square = to_square(pixels, GATE_SIZE)
    low, high = np.percentile(square, (_LOW, _HIGH))
    stretched = stretch(square)
    quarter = GATE_SIZE // 4
    middle = cv2.resize(pixels, (GATE_SIZE, GATE_SIZE), interpolation=cv2.INTER_NEAREST)[quarter:-quarter]
    middle = middle[:, quarter:-quarter]
    return Look(
        square=stretched,
        contrast=float(high - low),
        black=float((middle <= _STEP).mean()),
        white=float((middle >= 1 - _STEP).mean()),
        smoothness=_smoothness(stretched),
        detail=_detail(to_square(pixels, _FINE_SIZE)[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]),
        height=pixels.shape[0],
        width=pixels.shape[1],
    )


def stretch(square: Float32) -> Float32:
    """Stretch the greys of a square film: float32 [S, S] in 0..1 -> the same; without contrast, all black."""
    low, high = np.percentile(square, (_LOW, _HIGH))
    if high - low < 1e-4:
        return np.zeros_like(square)
    return np.clip((square - np.float32(low)) / np.float32(high - low), 0.0, 1.0)


def as_gate_input(square: Float32) -> Float32:
    """float32 [S, S] in 0..1 -> float32 [S, S, 3] in 0..255, three equal channels."""
    return np.repeat((square * np.float32(255.0))[..., None], 3, axis=2)


def _smoothness(square: Float32) -> float:
    """Mean correlation of a pixel with its right and its lower neighbour; 1 where nothing varies."""
    found = []
    for first, second in ((square[:, :-1], square[:, 1:]), (square[:-1], square[1:])):
        a, b = first - first.mean(), second - second.mean()
        spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
        found.append(float((a * b).sum()) / spread if spread > 0 else 1.0)
    return sum(found) / len(found)


def _detail(square: Float32) -> float:
    """Compare fine structure with middling structure: float32 [S, S] of a film of `_FINE_SIZE`, without its edges."""

    def without_detail(size: int) -> Float32:
        side = size * square.shape[0] // _FINE_SIZE
        small = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, square.shape, interpolation=cv2.INTER_CUBIC), np.float32)

    fine, coarse = without_detail(_FINE), without_detail(_COARSE)
    middling = float((fine - coarse).std())
    return float((square - fine).std()) / middling if middling > 0 else 0.0
