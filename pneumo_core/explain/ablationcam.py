"""Ablation-CAM (Desai & Ramaswamy 2020, "Ablation-CAM: Visual Explanations via Gradient-free Localization")."""

import numpy as np

from pneumo_core.model.head import Head
from pneumo_core.types import Float32


def ablationcam_grids(feature_map: Float32, head: Head) -> Float32:
    """Weigh each channel by how far the logit falls when the channel is switched off.

    The paper divides the fall by the logit, which may be negative and is common to all channels; here it is left in
    logit units, so that the sign means the same for every class. A channel that is off adds nothing to the global
    average: the head alone has to be run again, K times.

    Args:
        feature_map: float32 [h, w, K].
        head: the head that reads it.

    Returns:
        float32 [4, h, w].
    """
    pooled = feature_map.mean(axis=(0, 1))  # [K]
    first = head.stages[0]
    whole = (pooled * first.scale + first.shift) @ first.kernel + first.bias  # [units]
    # Row k lacks channel k; the last row lacks nothing.
    values = np.vstack([whole - (pooled * first.scale)[:, None] * first.kernel, whole[None]])
    for stage in head.stages[1:]:
        values = (np.maximum(values, 0) * stage.scale + stage.shift) @ stage.kernel + stage.bias
    falls = values[-1] - values[:-1]  # [K, 4]
    grids: Float32 = np.einsum("hwk,kc->chw", feature_map, falls, optimize=True).astype(np.float32)
    return grids
