"""Grad-CAM++ (Chattopadhay et al. 2018, "Grad-CAM++: Generalized Gradient-based Visual Explanations")."""

import numpy as np

from pneumo_core.types import Float32


def gradcam_plus_plus_grids(feature_map: Float32, gradient: Float32) -> Float32:
    """Weigh the channels by their positive gradients, each by the paper's alpha.

    With Y = exp(logit), as in the paper, alpha = g^2 / (2 g^2 + g^3 sum of A_k over the cells), with g = d logit / d A.
    Behind a global average g is the same in every cell, so the weight is (h w) alpha max(g, 0). The factor exp(logit),
    common to all cells of a class, is left out: it would only change the scale. Only positive gradients count, so the
    map shows where the channels that speak for a class are active, and nothing that speaks against it.

    Args:
        feature_map: float32 [h, w, K].
        gradient: float32 [4, K], d logit / d pooled feature.

    Returns:
        float32 [4, h, w].
    """
    rows, columns, _ = feature_map.shape
    cell = gradient.astype(np.float64) / (rows * columns)  # [4, K], d logit / d A in each cell
    below = 2 * cell**2 + cell**3 * feature_map.sum(axis=(0, 1), dtype=np.float64)
    alpha = np.divide(cell**2, below, out=np.zeros_like(cell), where=below != 0)
    weights = rows * columns * alpha * np.maximum(cell, 0)
    grids: Float32 = np.einsum("hwk,ck->chw", feature_map, weights.astype(np.float32), optimize=True)
    return grids
