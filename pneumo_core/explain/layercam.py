"""LayerCAM (Jiang et al. 2021, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization")."""

from collections.abc import Sequence

import cv2
import numpy as np

from pneumo_core.explain.gradcam import gradcam_grids
from pneumo_core.model.gradient_network import Depth, GradientNetwork
from pneumo_core.types import Float32

_GAIN = 2.0  # the paper's gamma, which lifts the low values of shallow maps


def layercam_grids(feature_map: Float32, gradient: Float32) -> Float32:
    """Weigh each cell of each channel by its positive gradient, on the last feature map.

    Behind a global average the gradient is the same in every cell of a channel: what remains of the method is Grad-CAM
    without the channels that speak against the class.

    Args:
        feature_map: float32 [h, w, K].
        gradient: float32 [4, K], d logit / d pooled feature.

    Returns:
        float32 [4, h, w], in logit units.
    """
    return gradcam_grids(feature_map, np.maximum(gradient, 0))


def layercam_at(depth: Depth) -> Float32:
    """The same at any depth, where each cell has a gradient of its own: float32 [4, h, w], in logit units."""
    grids: Float32 = np.einsum("hwk,chwk->chw", depth.values, np.maximum(depth.gradient, 0), optimize=True)
    return grids


def fused_layercam_grids(network: GradientNetwork, square: Float32) -> Float32:
    """LayerCAM at the last values of each size of grid, from 1 / 8 of the input's rows on, fused.

    Args:
        network: the network with its gradients.
        square: float32 [S, S, 3] in 0..255, its input.

    Returns:
        float32 [4, S / 8, S / 8] in 0..1.
    """
    return fuse([layercam_at(depth) for depth in network(square).depths])


def fuse(maps: Sequence[Float32]) -> Float32:
    """Join maps of several depths as the paper does: positive parts, each by its largest value, the largest of all.

    Shallow maps have a few high cells; tanh(2 x) lifts the others, and the last map is left as it is. The largest value
    is that of all four classes, not the paper's of one, so that the classes stay comparable.

    Args:
        maps: float32 [4, h, w] each, from the finest to the last.

    Returns:
        float32 [4, h, w] in 0..1, on the finest grid.
    """
    rows, columns = maps[0].shape[1:]
    fused = np.zeros(maps[0].shape, np.float32)
    for position, depth in enumerate(maps):
        positive = np.maximum(depth, 0)
        share = positive / max(float(positive.max()), 1e-12)
        lifted = share if position == len(maps) - 1 else np.tanh(_GAIN * share)
        large = [cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_LINEAR) for grid in lifted]
        fused = np.maximum(fused, np.stack(large).astype(np.float32))
    return fused
