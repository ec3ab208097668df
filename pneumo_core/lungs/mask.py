"""The lungs found on a film, and the share of a map that lies inside them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.types import Float32, Heatmap

_FINE = 4  # the outline follows the probability between its cells
_LEAST_SHARE = 0.005  # of the film: smaller parts are no lung
_SAMPLES = 16  # points in each direction at which a map's cell is compared with the lungs


@dataclass(frozen=True, eq=False)
class Lung:
    """One lung.

    Attributes:
        film_side: "left" or "right": the half of the film on which it lies. On a film that hangs as usual the patient's
            right lung lies on the left.
        area_share: the part of the area between the film's bars that it takes, in 0..1.
        outline: float32 [n, 2] each, closed polygons of (x, y) in film pixels; one, or more where a lung is in parts.
    """

    film_side: str
    area_share: float
    outline: tuple[Float32, ...]


@dataclass(frozen=True, eq=False)
class LungMask:
    """Where the lungs are on one film.

    Attributes:
        probability: float32 [128, 128] in 0..1, that a cell belongs to a lung; the grid covers `box`.
        lungs: those found, left half of the film first: none, one, or two.
        box: (left, top, right, bottom) in film pixels: what lies between the film's bars.
    """

    probability: Float32
    lungs: tuple[Lung, ...]
    box: tuple[int, int, int, int]

    @property
    def corner(self) -> Float32:
        """Of the box, float32 [2]: (x, y) in film pixels."""
        return np.array(self.box[:2], np.float32)

    @property
    def scale(self) -> Float32:
        """Cells of the grid for each pixel of the film, float32 [2]: across and down."""
        left, top, right, bottom = self.box
        rows, columns = self.probability.shape
        return np.array([columns / (right - left), rows / (bottom - top)], np.float32)

    @property
    def area_share(self) -> float:
        """The part of the box's area that all lungs take, in 0..1: the share inside of a map that is even."""
        return sum(lung.area_share for lung in self.lungs)


def find_lungs(answer: Float32, box: tuple[int, int, int, int]) -> LungMask:
    """Turn the network's answer into lungs.

    Args:
        answer: float32 [S, S, 3] in 0..1: outside, the lung on the film's left half, the one on its right half.
        box: (left, top, right, bottom) in film pixels that the answer covers.
    """
    sides = (("left", answer[..., 1]), ("right", answer[..., 2]))
    found = [_find_lung(name, channel, box) for name, channel in sides]
    lungs = tuple(lung for lung in found if lung is not None)
    return LungMask(np.clip(1.0 - answer[..., 0], 0.0, 1.0), lungs, box)


def _find_lung(name: str, channel: Float32, box: tuple[int, int, int, int]) -> Lung | None:
    size = channel.shape[0] * _FINE
    fine = cv2.resize(np.ascontiguousarray(channel), (size, size), interpolation=cv2.INTER_LINEAR)
    inside = (fine > 0.5).astype(np.uint8)
    _, parts, facts, _ = cv2.connectedComponentsWithStats(inside)
    areas = facts[:, cv2.CC_STAT_AREA] / size**2
    large = [part for part in range(1, len(areas)) if areas[part] >= _LEAST_SHARE]
    if not large:
        return None
    kept = np.isin(parts, large).astype(np.uint8)
    contours, _ = cv2.findContours(kept, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    left, top, right, bottom = box
    scale = np.array([right - left, bottom - top], np.float32) / np.float32(size)
    corner = np.array([left, top], np.float32)
    outline = tuple(corner + _polygon(contour) * scale for contour in contours)
    return Lung(name, float(areas[large].sum()), outline)


def _polygon(contour: NDArray[np.int32]) -> Float32:
    """A contour's corners at pixel centres, with what is straight left out: int32 [m, 1, 2] -> float32 [n, 2]."""
    return np.asarray(cv2.approxPolyDP(contour, 0.7, True)[:, 0], np.float32) + np.float32(0.5)


def share_inside(heatmap: Heatmap, mask: LungMask) -> float | None:
    """Tell which share of a map's positive mass lies inside the lungs.

    Every cell counts as evenly filled. A map that knows nothing of the lungs and is spread evenly has a share of
    `mask.area_share`.

    Args:
        heatmap: the map.
        mask: the lungs of the same film.

    Returns:
        The share in 0..1, or None where no cell is positive.
    """
    positive = np.maximum(heatmap.grid, 0)  # [h, w]
    if not positive.any():
        return None
    left, top, right, bottom = heatmap.box
    rows, columns = positive.shape
    (corner_x, corner_y), (scale_x, scale_y) = mask.corner, mask.scale
    x = (_sample(left, right, columns) - corner_x) * scale_x - 0.5
    y = (_sample(top, bottom, rows) - corner_y) * scale_y - 0.5
    kept = _inside(mask)
    across, down = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    points = np.asarray(cv2.remap(kept, across, down, cv2.INTER_NEAREST))
    covered = points.reshape(rows, _SAMPLES, columns, _SAMPLES).mean(axis=(1, 3))  # [h, w]
    return float((positive * covered).sum(dtype=np.float64) / positive.sum(dtype=np.float64))


def _sample(start: float, end: float, cells: int) -> NDArray[np.float64]:
    count = cells * _SAMPLES
    return start + (np.arange(count) + 0.5) * (end - start) / count


def _inside(mask: LungMask) -> Float32:
    """The lungs that were kept, drawn from their outlines: float32 [S, S] of 0 and 1."""
    rows, columns = mask.probability.shape
    drawn = np.zeros((rows, columns), np.uint8)
    corners = [(p - mask.corner) * mask.scale for lung in mask.lungs for p in lung.outline]
    polygons = [np.round(p * 256 - 128).astype(np.int32) for p in corners]
    for polygon in polygons:
        cv2.fillPoly(drawn, [polygon], 1, shift=8)
    return drawn.astype(np.float32)
