"""LayerCAM (Jiang et al. 2021, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization")."""

import numpy as np

from pneumo_core.explain.gradcam import gradcam_grids
from pneumo_core.types import Float32


def layercam_grids(feature_map: Float32, gradient: Float32) -> Float32:
    """Weigh each cell of each channel by its positive gradient, on the last feature map.

    Behind a global average the gradient is the same in every cell of a channel: what remains of the method is Grad-CAM
    without the channels that speak against the class. Its finer maps from earlier layers need the backbone's gradient.

    Args:
        feature_map: float32 [h, w, K].
        gradient: float32 [4, K], d logit / d pooled feature.

    Returns:
        float32 [4, h, w], in logit units.
    """
    return gradcam_grids(feature_map, np.maximum(gradient, 0))
