"""Reverse-mode differentiation of an OpenVINO network, as nodes of that network.

OpenVINO computes no gradients. Those of a convolutional network are again convolutions, products, and sums, so the
chain rule can be written down in OpenVINO's own operations; compiled together, one request gives values and gradients,
and no process that reads films needs TensorFlow. Known are the operations of an EfficientNet's IR.

The network runs on one film, and its gradients are taken for several outputs at once: the first axis is 1 forwards and
n backwards, and products of the two broadcast.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pneumo_core.errors import EngineError
from pneumo_core.language import Message
from pneumo_core.model.openvino_engine import import_openvino

Output = Any  # openvino.Output: OpenVINO has no types of its own to check by
_Pull = Callable[[Any, Any, Output], list[Output | None]]


def pull_back(value: Output, cotangent: Output, wanted: Sequence[Output]) -> list[Output]:
    """Carry the derivative with respect to one value of a network back to others that it was computed from.

    Args:
        value: what was computed, [1, ...], of static shape.
        cotangent: d loss / d value, [n, ...] for n losses; an axis may be 1 where all its entries are the same.
        wanted: values that it depends on.

    Returns:
        d loss / d each of `wanted`, in the full shape [n, ...].

    Raises:
        ValueError: if the value does not depend on a wanted one.
        EngineError: if the gradient of an operation on the way is not known.
    """
    ops = import_openvino().opset13
    found = {_key(value): cotangent}
    for node in _from_last(value.get_node()):
        if _key(node.output(0)) not in found:
            continue
        gradient = found[_key(node.output(0))]
        for source, part in zip(node.input_values(), _rule(node)(ops, node, gradient), strict=True):
            if part is not None:
                key = _key(source)
                found[key] = ops.add(found[key], part).output(0) if key in found else part
    if any(_key(output) not in found for output in wanted):
        raise ValueError("`value` must depend on every one of `wanted`.")
    return [_in_full(ops, found[_key(output)], output) for output in wanted]


def _key(output: Output) -> tuple[str, int]:
    return output.get_node().get_name(), output.get_index()  # names are unique in a network


def _from_last(last: Any) -> list[Any]:
    """The nodes that a node depends on and itself, each after all that use it; without constants."""
    order: list[Any] = []
    seen: set[str] = set()
    stack = [(last, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order.append(node)
        elif node.get_name() not in seen and node.get_type_name() != "Constant":
            seen.add(node.get_name())
            stack.append((node, True))
            stack += [(source.get_node(), False) for source in node.input_values()]
    return order[::-1]


def _rule(node: Any) -> _Pull:
    kind = node.get_type_name()
    if kind not in _RULES:
        raise _unknown(kind)
    return _RULES[kind]


def _unknown(kind: str) -> EngineError:
    return EngineError(
        Message(
            "This model's network has an operation ({kind}) whose gradient is not known here. Use another method.",
            kind=kind,
        )
    )


def _is_constant(output: Output) -> bool:
    return bool(output.get_node().get_type_name() == "Constant")


def _shape(output: Output) -> list[int]:
    return [int(length) for length in output.get_shape()]


def _in_full(ops: Any, gradient: Output, of: Output) -> Output:
    """Repeat a gradient along the axes on which it was left at 1."""
    shape = [_shape(gradient)[0], *_shape(of)[1:]]
    return ops.broadcast(gradient, ops.constant(np.array(shape, np.int64))).output(0)


def _summed_to(ops: Any, gradient: Output, of: Output) -> Output:
    """Sum a gradient over the axes on which the value was repeated."""
    axes = [
        axis
        for axis, (long, short) in enumerate(zip(_shape(gradient), _shape(of), strict=True))
        if axis and short == 1 and long > 1
    ]
    if not axes:
        return gradient
    return ops.reduce_sum(gradient, ops.constant(np.array(axes, np.int64)), keep_dims=True).output(0)


def _nothing(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    return []


def _add(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    # Only sums of equal shapes and of constants are known: nothing has to be summed.
    parts = node.input_values()
    if any(not _is_constant(part) and _shape(part) != _shape(node.output(0)) for part in parts):
        raise _unknown("Add of different shapes")
    return [None if _is_constant(part) else gradient for part in parts]


def _multiply(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    one, other = node.input_values()
    full = _in_full(ops, gradient, node.output(0))
    return [
        None if _is_constant(part) else _summed_to(ops, ops.multiply(full, factor).output(0), part)
        for part, factor in ((one, other), (other, one))
    ]


def _swish(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    if len(node.input_values()) != 1:
        raise _unknown("Swish with a slope")
    [value] = node.input_values()
    gate = ops.sigmoid(value)
    one = ops.constant(np.float32(1))
    slope = ops.multiply(gate, ops.add(one, ops.multiply(value, ops.subtract(one, gate))))
    return [ops.multiply(gradient, slope).output(0)]


def _sigmoid(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    gate = node.output(0)
    return [ops.multiply(gradient, ops.multiply(gate, ops.subtract(ops.constant(np.float32(1)), gate))).output(0)]


def _reduce_mean(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    value, axes = node.input_values()
    reduced = [int(axis) for axis in axes.get_node().get_data().ravel()]
    shape = _shape(value)
    kept = [1 if axis in reduced else length for axis, length in enumerate(shape)]
    share = 1 / np.prod([shape[axis] for axis in reduced])
    # Left at 1 along the axes of the mean: every entry has the same gradient.
    spread = ops.reshape(gradient, ops.constant(np.array([-1, *kept[1:]], np.int64)), special_zero=False)
    return [ops.multiply(spread, ops.constant(np.float32(share))).output(0), None]


def _reshape(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    value = node.input_values()[0]
    full = _in_full(ops, gradient, node.output(0))
    shape = ops.constant(np.array([-1, *_shape(value)[1:]], np.int64))
    return [ops.reshape(full, shape, special_zero=False).output(0), None]


def _transpose(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    order = np.asarray(node.input_values()[1].get_node().get_data()).ravel()
    return [ops.transpose(gradient, ops.constant(np.argsort(order).astype(np.int64))).output(0), None]


def _convolution(ops: Any, node: Any, gradient: Output) -> list[Output | None]:
    """The transposed convolution; at stride 1 it is an ordinary one with the kernel turned, which runs faster."""
    is_grouped = node.get_type_name() == "GroupConvolution"
    value, weights = node.input_values()
    kernel = _constant(weights)  # [out, in, h, w], or [groups, out, in, h, w]
    how = node.get_attributes()
    if any(step != 1 for step in how["dilations"]):
        raise _unknown("dilated Convolution")
    full = _in_full(ops, gradient, node.output(0))
    sides, begin, end = kernel.shape[-2:], how["pads_begin"], how["pads_end"]
    if all(step == 1 for step in how["strides"]):
        turned = np.ascontiguousarray(np.swapaxes(kernel, -3, -4)[..., ::-1, ::-1])
        run = ops.group_convolution if is_grouped else ops.convolution
        pads = [[side - 1 - pad for side, pad in zip(sides, edge, strict=True)] for edge in (begin, end)]
        return [run(full, ops.constant(turned), [1, 1], *pads, [1, 1]).output(0), None]
    run = ops.group_convolution_backprop_data if is_grouped else ops.convolution_backprop_data
    # What the last step of the stride left over at the end of the input.
    left = [
        long - (step * (short - 1) + side - first - last)
        for long, short, step, side, first, last in zip(
            _shape(value)[2:], _shape(node.output(0))[2:], how["strides"], sides, begin, end, strict=True
        )
    ]
    transposed = run(
        full,
        ops.constant(kernel),
        strides=how["strides"],
        pads_begin=begin,
        pads_end=end,
        dilations=[1, 1],
        auto_pad="explicit",
        output_padding=left,
    )
    return [transposed.output(0), None]


def _constant(output: Output) -> Any:
    if not _is_constant(output):
        raise _unknown("Convolution by computed kernels")
    return np.asarray(output.get_node().get_data())


_RULES: dict[str, _Pull] = {
    "Parameter": _nothing,
    "Add": _add,
    "Multiply": _multiply,
    "Swish": _swish,
    "Sigmoid": _sigmoid,
    "ReduceMean": _reduce_mean,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Convolution": _convolution,
    "GroupConvolution": _convolution,
}
