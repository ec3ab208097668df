"""The classification head in NumPy: logits, and the exact derivative of each with respect to the pooled features.

Global average pooling makes Grad-CAM's channel weights a closed form of the head alone (see `explain.gradcam`), so
no engine needs to differentiate: one forward pass of the backbone gives all four maps.

    published   [BatchNorm -> Dense -> ReLU] x 3 -> BatchNorm -> Dense
    linear      Dense

Dropout does nothing at inference; a BatchNorm is a scale and a shift.
"""

from dataclasses import dataclass

import numpy as np

from pneumo_core.errors import BundleError
from pneumo_core.model.bundle import Bundle
from pneumo_core.types import CLASSES, Float32

_EPSILON = 1e-3  # of Keras' BatchNormalization
_PREFIX = "head_"
_STAGES: dict[str, tuple[tuple[str | None, str], ...]] = {  # (BatchNorm before the Dense, Dense)
    "published": (
        ("head_bn0", "head_dense1"),
        ("head_bn1", "head_dense2"),
        ("head_bn2", "head_dense3"),
        ("head_bn3", "head_logits"),
    ),
    "linear": ((None, "head_logits"),),
}


@dataclass(frozen=True, eq=False)
class Stage:
    """One BatchNorm and the Dense after it.

    Attributes:
        scale: float32 [inputs], what BatchNorm multiplies by.
        shift: float32 [inputs], what it adds after that.
        kernel: float32 [inputs, units].
        bias: float32 [units].
    """

    scale: Float32
    shift: Float32
    kernel: Float32
    bias: Float32


@dataclass(frozen=True, eq=False)
class Head:
    """A head: its stages in order, with ReLU between them and none after the last.

    Attributes:
        stages: at least one; the last gives the four logits.
    """

    stages: tuple[Stage, ...]

    @property
    def channels(self) -> int:
        """Channels K of the feature map that the head reads."""
        return int(self.stages[0].kernel.shape[0])

    def __call__(self, pooled: Float32) -> tuple[Float32, Float32]:
        """Compute the logits and their derivatives.

        Args:
            pooled: float32 [n, K], the feature map's mean over rows and columns.

        Returns:
            (logits float32 [n, 4], d logit / d pooled float32 [n, 4, K]).
        """
        # einsum and not matrix products: those would wake a second pool of threads for a few milliseconds' work, to
        # fight with the engine's, and would make a film's rounding depend on how many are read with it.
        values = pooled
        actives = []  # where each ReLU let its input through, [n, units]
        for position, stage in enumerate(self.stages):
            values = np.einsum("ni,iu->nu", values * stage.scale + stage.shift, stage.kernel) + stage.bias
            if position < len(self.stages) - 1:
                actives.append(values > 0)
                values = np.maximum(values, 0)
        logits = values
        gradient: Float32 = np.eye(len(CLASSES), dtype=np.float32)[None].repeat(len(pooled), axis=0)  # [n, 4, 4]
        for position in reversed(range(len(self.stages))):
            stage = self.stages[position]
            if position < len(actives):
                gradient = gradient * actives[position][:, None, :]
            gradient = np.einsum("ncu,iu->nci", gradient, stage.kernel) * stage.scale
        return logits, gradient


def load_head(bundle: Bundle) -> Head:
    """Read the head of a bundle.

    Raises:
        BundleError: if the bundle does not hold exactly the tensors of its head, in fitting shapes.
    """
    if bundle.head not in _STAGES:
        raise BundleError(f"The model {bundle.name} has the head {bundle.head!r}; known are {', '.join(_STAGES)}.")
    tensors = bundle.read(_PREFIX)
    stages = []
    try:
        for norm, dense in _STAGES[bundle.head]:
            kernel, bias = tensors.pop(f"{dense}/kernel"), tensors.pop(f"{dense}/bias")
            if norm is None:
                scale, shift = np.ones(kernel.shape[0], np.float32), np.zeros(kernel.shape[0], np.float32)
            else:
                names = ("gamma", "beta", "moving_mean", "moving_variance")
                gamma, beta, mean, variance = (tensors.pop(f"{norm}/{name}") for name in names)
                scale = gamma / np.sqrt(variance + np.float32(_EPSILON))
                shift = beta - mean * scale
            stages.append(Stage(scale, shift, kernel, bias))
    except KeyError as error:
        raise BundleError(f"The model {bundle.name} lacks the head's tensor {error.args[0]}.") from error
    head = Head(tuple(stages))
    if tensors or not _fits(head):
        raise BundleError(
            f"The head of the model {bundle.name} has tensors too many ({', '.join(tensors) or 'none'}) or shapes that "
            f"do not follow from one another; a {bundle.head} head was expected."
        )
    return head


def _fits(head: Head) -> bool:
    inputs = head.stages[0].kernel.shape[0]
    for stage in head.stages:
        units = stage.bias.shape[0] if stage.bias.ndim == 1 else 0
        if stage.kernel.shape != (inputs, units) or stage.scale.shape != (inputs,) or stage.shift.shape != (inputs,):
            return False
        inputs = units
    return bool(inputs == len(CLASSES))
