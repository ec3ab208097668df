"""Eigen-CAM (Muhammad & Yeasin 2020, "Eigen-CAM: Class Activation Map using Principal Components")."""

import numpy as np

from pneumo_core.types import CLASSES, Float32


def eigencam_grids(feature_map: Float32) -> Float32:
    """Project the feature map on its first right singular vector (not centred, as in the paper).

    It knows no class: the four maps are one and the same, where the network is most active. The vector's sign, which
    the decomposition leaves open, is the one that makes the map's sum positive.

    Args:
        feature_map: float32 [h, w, K].

    Returns:
        float32 [4, h, w].
    """
    rows, columns, channels = feature_map.shape
    cells = feature_map.reshape(rows * columns, channels).astype(np.float64)
    # A v = s u: the cells' Gram matrix is small, and gives s and u.
    values, vectors = np.linalg.eigh(cells @ cells.T)  # ascending
    map_ = (np.sqrt(max(values[-1], 0.0)) * vectors[:, -1]).reshape(rows, columns)
    return np.repeat((map_ * np.sign(map_.sum()))[None], len(CLASSES), axis=0).astype(np.float32)
