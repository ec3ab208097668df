"""Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks"), on the logit.

On the logit and not on the softmax: a probability near 1 has no slope left, and its map would be rounding noise.
The sign is kept in the grid: the paper's ReLU belongs to the display, and where nothing speaks for a class the viewer
can say so instead of showing an empty map.
"""

import numpy as np

from pneumo_core.types import CLASSES, Float32, Heatmap, Radiograph

METHOD = "Grad-CAM"


def heatmaps(feature_map: Float32, gradient: Float32, film: Radiograph) -> tuple[Heatmap, ...]:
    """Make the maps of all four classes out of one forward pass.

    The paper's weight of channel k is the mean over the cells of d logit / d A_k. After global average pooling each
    cell adds 1 / (h w) of itself to the pooled feature, so that mean is d logit / d pooled_k / (h w), the same in
    every cell.

    Args:
        feature_map: float32 [h, w, K], the last feature map A.
        gradient: float32 [4, K], d logit / d pooled feature (`model.head.Head`).
        film: the film; it is squashed into the network's input as a whole, so the grid covers all of it.

    Returns:
        Four maps in the order of `FilmClass`, all on one scale.
    """
    rows, columns, _ = feature_map.shape
    grids = np.einsum("hwk,ck->chw", feature_map, gradient / np.float32(rows * columns), optimize=True)
    scale = float(np.abs(grids).max())
    box = (0.0, 0.0, float(film.width), float(film.height))
    return tuple(
        Heatmap(film_class, METHOD, np.ascontiguousarray(grid, np.float32), scale, box)
        for film_class, grid in zip(CLASSES, grids, strict=True)
    )
