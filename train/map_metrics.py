"""Figures of a map's quality, each against the network whose answer the map explains.

    deletion, insertion   Petsiuk et al. 2018 (RISE), arXiv 1806.07421
    ROAD                  Rong et al. 2022, arXiv 2202.00449: what is removed is imputed from around it, so that the
                          shape of the hole tells the network nothing
    SSIM                  Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity"
    hit                   the pointing game, Zhang et al. 2016 (excitation backprop), arXiv 1608.00507
    IoU                   of what Otsu's threshold leaves of the map, as in Saporta et al. 2022 (CheXlocalize)

Maps are compared as they are shown: bilinear, positive part, from 0 to their largest value.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, identity
from scipy.sparse.linalg import cg

from pneumo_core.types import Float32

Probability = Callable[[Float32], Float32]  # float32 [n, S, S] in 0..255 -> float32 [n], of the class explained
_BLUR = 0.06  # of the side: what is left of a film before anything is inserted
ROAD_SHARES = (0.2, 0.4, 0.6, 0.8)  # of the pixels that are removed
_ROAD_NOISE = 1.0  # grey levels of 255
_ROAD_STEPS = 30  # of the solver
_NEIGHBOURS = (  # rows and columns away, and the weight of the imputation
    *(((row, column), 1 / 6) for row, column in ((0, 1), (0, -1), (1, 0), (-1, 0))),
    *(((row, column), 1 / 12) for row, column in ((1, 1), (1, -1), (-1, 1), (-1, -1))),
)


def enlarge(grid: Float32, size: int) -> Float32:
    """Interpolate a grid as the viewer does: float32 [h, w] -> float32 [size, size]."""
    return np.asarray(cv2.resize(grid, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def shown(grid: Float32, size: int = 128) -> Float32:
    """The map as it is seen: the positive part, 0..1; all 0 where nothing is positive."""
    large = np.maximum(enlarge(grid, size), 0)
    return (large / max(float(large.max()), 1e-12)).astype(np.float32)


def rank_pixels(grid: Float32, size: int) -> NDArray[np.int64]:
    """Order the pixels by the map, the highest first: int64 [size * size] of flat positions."""
    return np.argsort(-enlarge(grid, size).ravel(), kind="stable")


def deletion_insertion(square: Float32, grid: Float32, probability: Probability, steps: int) -> tuple[float, float]:
    """Measure how fast the probability falls and rises along the map's order.

    Deleted pixels take the film's mean grey; insertion starts from a blurred film.

    Args:
        square: float32 [S, S] in 0..255, the network's input.
        grid: float32 [h, w], the map.
        probability: of the class explained.
        steps: equal shares of the pixels, one pass of the network for each.

    Returns:
        The areas under both curves, in 0..1: of deletion (a good map's is low) and of insertion (high).
    """
    size = square.shape[0]
    order = rank_pixels(grid, size)
    blurred = cv2.GaussianBlur(square, (0, 0), _BLUR * size)
    deleted: list[Float32] = []
    inserted: list[Float32] = []
    for step in range(steps + 1):
        first = order[: round(step / steps * order.size)]
        for films, start, source in (
            (deleted, square, np.full_like(square, square.mean())),
            (inserted, blurred, square),
        ):
            film = start.copy()
            film.ravel()[first] = source.ravel()[first]
            films.append(film)
    curves = probability(np.stack(deleted + inserted)).reshape(2, steps + 1)
    deletion, insertion = ((curve[1:] + curve[:-1]).mean() / 2 for curve in curves)
    return float(deletion), float(insertion)


def road(square: Float32, grid: Float32, probability: Probability, random: np.random.Generator) -> float:
    """Measure by how much removing the least relevant pixels hurts less than removing the most relevant ones.

    Args:
        square: float32 [S, S] in 0..255.
        grid: float32 [h, w], the map.
        probability: of the class explained.
        random: of the imputation's noise.

    Returns:
        The mean over `ROAD_SHARES` of (probability without the lowest - without the highest) / 2, in -0.5..0.5.
    """
    order = rank_pixels(grid, square.shape[0])
    films = []
    for ranks in (order, order[::-1]):
        for share in ROAD_SHARES:
            hole = np.zeros(square.size, bool)
            hole[ranks[: round(share * order.size)]] = True
            films.append(impute(square, hole.reshape(square.shape), random))
    highest, lowest = probability(np.stack(films)).reshape(2, len(ROAD_SHARES))
    return float((lowest - highest).mean() / 2)


def impute(square: Float32, hole: NDArray[np.bool_], random: np.random.Generator) -> Float32:
    """Fill a hole so that each pixel is the weighted mean of its neighbours, plus noise.

    Args:
        square: float32 [S, S] in 0..255.
        hole: bool [S, S].
        random: of the noise.

    Returns:
        float32 [S, S] in 0..255; outside the hole as it was.
    """
    rows, columns = np.nonzero(hole)
    place = np.full(hole.shape, -1)
    place[rows, columns] = np.arange(rows.size)
    known, total = np.zeros(rows.size), np.zeros(rows.size)
    entries: list[tuple[NDArray[np.int64], NDArray[np.int64], float]] = []
    for (down, right), weight in _NEIGHBOURS:
        r, c = rows + down, columns + right
        there = (r >= 0) & (r < hole.shape[0]) & (c >= 0) & (c < hole.shape[1])
        total += weight * there
        at = np.flatnonzero(there)
        unknown = place[r[at], c[at]] >= 0
        np.add.at(known, at[~unknown], weight * square[r[at[~unknown]], c[at[~unknown]]])
        entries.append((at[unknown], place[r[at[unknown]], c[at[unknown]]], weight))
    across = np.concatenate([np.full(row.size, weight) for row, _, weight in entries])
    pairs = (np.concatenate([row for row, _, _ in entries]), np.concatenate([column for _, column, _ in entries]))
    links = coo_array((across, pairs), shape=(rows.size, rows.size))
    # total x - links x = known: symmetric, and positive definite where the hole has an edge.
    system = csr_array(identity(rows.size, format="csr").multiply(total[:, None]) - links)
    # From a guess that is smooth already a few steps suffice; from a flat one the middle of a hole takes hundreds.
    values, _ = cg(system, known, x0=_guess(square, hole)[rows, columns], rtol=1e-3, maxiter=_ROAD_STEPS)
    filled = square.copy()
    filled[rows, columns] = values + random.normal(0, _ROAD_NOISE, rows.size)
    return np.clip(filled, 0, 255).astype(np.float32)


def _guess(square: Float32, hole: NDArray[np.bool_]) -> Float32:
    """Fill a hole from ever coarser means of what is known (pull-push, Gortler et al. 1996): float32 [S, S]."""
    if not hole.any():
        return square
    if min(hole.shape) == 1:
        return np.full_like(square, square[~hole].mean() if (~hole).any() else 0)
    half = (max(1, square.shape[1] // 2), max(1, square.shape[0] // 2))
    known = (~hole).astype(np.float32)
    weights = np.asarray(cv2.resize(known, half, interpolation=cv2.INTER_AREA))
    sums = np.asarray(cv2.resize(square * known, half, interpolation=cv2.INTER_AREA))
    coarse = _guess((sums / np.maximum(weights, 1e-6)).astype(np.float32), weights < 1e-6)
    return np.where(hole, cv2.resize(coarse, square.shape[::-1], interpolation=cv2.INTER_LINEAR), square)


def ssim(one: Float32, other: Float32) -> float:
    """Structural similarity of two maps in 0..1: float32 [S, S] each; at most 1, which means the same."""

    def mean(values: Float32) -> Float32:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float32)

    mean_one, mean_other = mean(one), mean(other)
    variance = mean(one**2) - mean_one**2 + mean(other**2) - mean_other**2
    covariance = mean(one * other) - mean_one * mean_other
    light = (2 * mean_one * mean_other + 0.01**2) / (mean_one**2 + mean_other**2 + 0.01**2)
    return float((light * (2 * covariance + 0.03**2) / (variance + 0.03**2)).mean())


def overlap(grid: Float32, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Hold a map against what a reader marked.

    Args:
        grid: float32 [h, w], the map.
        mask: bool [H, W], what is marked on the film.

    Returns:
        "hit": 1 if the map is highest inside the marks, else 0. "iou": intersection over union of the marks and the
        map's cells above Otsu's threshold. Both are 0 where nothing of the map is positive.
    """
    large = np.maximum(cv2.resize(grid, mask.shape[::-1], interpolation=cv2.INTER_LINEAR), 0)
    if large.max() <= 0:
        return {"hit": 0.0, "iou": 0.0}
    grey = np.round(large / large.max() * 255).astype(np.uint8)
    _, chosen = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    found = chosen.astype(bool)
    hit = float(mask.ravel()[int(large.argmax())])
    return {"hit": hit, "iou": float((found & mask).sum() / (found | mask).sum())}


def centre_blob(cells: int) -> Float32:
    """A control that knows nothing of the film: a Gaussian in its middle, float32 [cells, cells]."""
    axis = (np.arange(cells) + 0.5) / cells - 0.5
    return np.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / (2 * 0.2**2)).astype(np.float32)
