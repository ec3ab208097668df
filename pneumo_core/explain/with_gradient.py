"""The methods that need the gradient of the whole network, by name; what runs them is chosen by `methods`."""

from collections.abc import Callable

from pneumo_core.explain.integrated import integrated_grids
from pneumo_core.explain.layercam import fused_layercam_grids
from pneumo_core.model.gradient_network import GradientNetwork
from pneumo_core.types import Float32

INTEGRATED = "Integrated gradients"
FUSED_LAYERCAM = "LayerCAM, fused"
WITH_GRADIENT: dict[str, Callable[[GradientNetwork, Float32], Float32]] = {
    FUSED_LAYERCAM: fused_layercam_grids,
    INTEGRATED: integrated_grids,
}
