"""The network with the gradients of its logits, on OpenVINO: what maps that look below the last feature map need.

The bundle's IR and its head become one network; `reverse_mode` appends the way back. One request gives the logits of a
film, the gradients of all four with respect to its pixels, and values and gradients at several depths.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pneumo_core.model.bundle import Bundle
from pneumo_core.model.head import Head, load_head
from pneumo_core.model.ir_cache import prepare_ir
from pneumo_core.model.openvino_engine import import_openvino, open_request
from pneumo_core.model.reverse_mode import pull_back
from pneumo_core.types import CLASSES, Float32

_FINEST = 8  # the shallowest depth has 1 / 8 of the input's rows: finer values know edges, and no class


@dataclass(frozen=True, eq=False)
class Depth:
    """A feature map inside the network, and how the logits depend on it.

    Attributes:
        values: float32 [h, w, K].
        gradient: float32 [4, h, w, K], d logit / d values.
    """

    values: Float32
    gradient: Float32


@dataclass(frozen=True, eq=False)
class Slopes:
    """What one request gives.

    Attributes:
        logits: float32 [4].
        pixels: float32 [4, S, S, 3], d logit / d input.
        depths: from the finest to the last feature map: the last one of each size of grid.
    """

    logits: Float32
    pixels: Float32
    depths: tuple[Depth, ...]


class GradientNetwork:
    """Runs a bundle's network forwards and back. One film at a time; not to be called from several threads."""

    def __init__(self, bundle: Bundle, head: Head | None = None) -> None:
        """Make the network ready, building the bundle's IR where this machine has none yet.

        Args:
            bundle: the checked bundle.
            head: put on its backbone in place of its own.

        Raises:
            EngineError: if the IR can not be built or loaded, or the gradient of one of its operations is not known.
            BundleError: if the head can not be read.
        """
        openvino = import_openvino()
        chosen = head or load_head(bundle)

        def with_gradients(network: Any) -> Any:
            outputs, self._depths = _outputs(openvino.opset13, network, chosen)
            return openvino.Model(outputs, network.get_parameters(), "gradients")

        self._request = open_request(prepare_ir(bundle), bundle.input_size, with_gradients)

    def __call__(self, square: Float32) -> Slopes:
        """Run the network on one input, float32 [S, S, 3] in 0..255."""
        results = self._request.infer([np.ascontiguousarray(square[None])])
        # Copies: the request reuses its memory.
        logits, pixels, *depths = (np.array(results[place], np.float32) for place in range(2 + 2 * self._depths))
        pairs = zip(depths[: self._depths], depths[self._depths :], strict=True)
        by_cell = tuple(Depth(values[0].transpose(1, 2, 0), slope.transpose(0, 2, 3, 1)) for values, slope in pairs)
        return Slopes(logits[0], pixels, by_cell)


def _outputs(ops: Any, network: Any, head: Head) -> tuple[list[Any], int]:
    """The outputs logits, pixels, values of each depth, gradients of each depth; and the number of depths."""
    features = network.output(0).get_node().input_value(0)  # [1, h, w, K]
    depths = [*_before_strides(network), _in_front_of_transpose(features)]  # [1, K, h, w]
    logits, cotangent = _head(ops, features, head)
    gradients = pull_back(features, cotangent, [network.input(0), *depths])
    return [logits, gradients[0], *depths, *gradients[1:]], len(depths)


def _before_strides(network: Any) -> list[Any]:
    """What the strided convolutions read, from the finest allowed grid on: the last values of each size."""
    films = network.input(0).get_shape()
    strided = [
        node.input_value(0)
        for node in network.get_ordered_ops()
        if node.get_type_name() in ("Convolution", "GroupConvolution") and max(node.get_attributes()["strides"]) > 1
    ]
    return [value for value in strided if value.get_shape()[2] * _FINEST <= films[1]]


def _in_front_of_transpose(features: Any) -> Any:
    node = features.get_node()
    return node.input_value(0) if node.get_type_name() == "Transpose" else features


def _head(ops: Any, features: Any, head: Head) -> tuple[Any, Any]:
    """The logits [1, 4], and d logit / d features [4, 1, 1, K], the same in every cell."""

    def constant(values: Any) -> Any:
        return ops.constant(np.asarray(values, np.float32))

    values = ops.reduce_mean(features, ops.constant(np.array([1, 2], np.int64)))  # [1, K]
    zero, active = constant(0), []
    for position, stage in enumerate(head.stages):
        if position:
            active.append(ops.convert(ops.greater(values, zero), "f32"))  # [1, units]
            values = ops.relu(values)
        scaled = ops.add(ops.multiply(values, constant(stage.scale[None])), constant(stage.shift[None]))
        values = ops.add(ops.matmul(scaled, constant(stage.kernel), False, False), constant(stage.bias[None]))
    slope = constant(np.eye(len(CLASSES)))  # [4, units]
    for position in reversed(range(len(head.stages))):
        stage = head.stages[position]
        back = ops.matmul(slope, constant(stage.kernel), False, True)
        slope = ops.multiply(back, constant(stage.scale[None]))
        if position:
            slope = ops.multiply(slope, active[position - 1])
    cells = features.get_shape()[1] * features.get_shape()[2]
    spread = ops.reshape(slope, ops.constant(np.array([len(CLASSES), 1, 1, -1], np.int64)), special_zero=False)
    return values.output(0), ops.multiply(spread, constant(1 / cells)).output(0)
