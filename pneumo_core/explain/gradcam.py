"""Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks"), on the logit.

On the logit and not on the softmax: a probability near 1 has no slope left, and its map would be rounding noise.
The sign is kept in the grid: the paper's ReLU belongs to the display, and where nothing speaks for a class the viewer
can say so instead of showing an empty map.

HiResCAM (Draelos & Carin 2020, arXiv 2011.08891) multiplies each cell by its own gradient instead of the mean gradient.
Behind a global average every cell has the same gradient, so on these networks HiResCAM is Grad-CAM, cell for cell, and
is not offered beside it; a test holds the two together.
"""

import numpy as np

from pneumo_core.explain.place import on_film
from pneumo_core.types import Float32, Heatmap, Radiograph

METHOD = "Grad-CAM"


def heatmaps(feature_map: Float32, gradient: Float32, film: Radiograph) -> tuple[Heatmap, ...]:
    """Make the maps of all four classes out of one forward pass.

    Args:
        feature_map: float32 [h, w, K], the last feature map A.
        gradient: float32 [4, K], d logit / d pooled feature (`model.head.Head`).
        film: the film.

    Returns:
        Four maps in the order of `FilmClass`, all on one scale.
    """
    return on_film(METHOD, gradcam_grids(feature_map, gradient), film)


def gradcam_grids(feature_map: Float32, gradient: Float32) -> Float32:
    """Weigh the channels of the feature map by their gradients.

    The paper's weight of channel k is the mean over the cells of d logit / d A_k. After global average pooling each
    cell adds 1 / (h w) of itself to the pooled feature, so that mean is d logit / d pooled_k / (h w), the same in
    every cell.

    Args:
        feature_map: float32 [h, w, K].
        gradient: float32 [4, K], d logit / d pooled feature.

    Returns:
        float32 [4, h, w], in logit units.
    """
    rows, columns, _ = feature_map.shape
    grids: Float32 = np.einsum("hwk,ck->chw", feature_map, gradient / np.float32(rows * columns), optimize=True)
    return grids
