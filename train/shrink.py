"""Take the EfficientNetB0 back out of a grown EfficientNetB7, to train it on at a fraction of the price.

The inverse of `train.grow`: what reads copied channels sums over the copies, all else is their mean, and B7's extra
blocks are left out. Exact as long as the copies were not trained apart; where they were, it is the B0 nearest to them.
Of a B7 that was grown from two B0s, each is a half of every layer, and one is taken out; its head reads that half in
the place of both.
"""

from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import build_model, finalize_normalization, weight_names
from pneumo_core.model.bundle import load_bundle
from train.config import HALVES
from train.grow import Array, depthwise_kernels
from train.run import RunDirectory


def shrink_weights(
    large: Mapping[str, Array], small: Mapping[str, tuple[int, ...]], depthwise: Set[str], half: str = ""
) -> dict[str, Array]:
    """Compute the weights of the B0.

    Args:
        large: the B7's weights by the names of `weight_names`.
        small: the shapes of the B0's weights by name.
        depthwise: names of depthwise kernels, which read one channel each and sum over none.
        half: of `HALVES`, where the B7 was grown from two B0s.

    Returns:
        A float32 array for every name of `small`.
    """
    if half:
        return {name: _halve(large[name], shape, HALVES.index(half)) for name, shape in small.items()}
    return {name: _narrow(large[name], shape, name in depthwise) for name, shape in small.items()}


def _halve(weight: Array, shape: tuple[int, ...], position: int) -> Array:
    """Take one half along every axis that growing doubled."""
    doubled = [axis for axis, (wide, narrow) in enumerate(zip(weight.shape, shape, strict=True)) if wide != narrow]
    for axis in doubled:
        weight = np.split(weight, 2, axis=axis)[position]
    # The head's first layer sums over both halves, and no other one does: here the one stands for both.
    return (weight * 2 if weight.ndim == 2 and doubled == [0] else weight).astype(np.float32)


def _narrow(weight: Array, shape: tuple[int, ...], is_depthwise: bool) -> Array:
    """Sum over the copies that a kernel reads, average over the copies that it makes."""
    for axis, (wide, narrow) in enumerate(zip(weight.shape, shape, strict=True)):
        if wide == narrow:
            continue
        copies = np.stack(np.split(weight, wide // narrow, axis=axis))
        reads = weight.ndim >= 2 and axis == weight.ndim - 2 and not is_depthwise
        weight = copies.sum(axis=0) if reads else copies.mean(axis=0)
    return weight.astype(np.float32)


def shrink(bundle_folder: Path, target: RunDirectory, half: str = "") -> None:
    """Write the B0 that a bundle's B7 was grown from as a run of its own; `fit --weights` takes its weights.

    Args:
        bundle_folder: the bundle.
        target: the new run.
        half: of `HALVES`, in the order of the two sources, where the B7 was grown from two; else empty.

    Raises:
        RunError: if the bundle holds no grown efficientnetb7, or `half` does not go with how it was grown.
        BundleError: if it is not whole.
    """
    bundle = load_bundle(bundle_folder)
    grown = [step["command"] for step in bundle.training.get("steps", []) if step["kind"] == "grow"]
    if bundle.backbone != "efficientnetb7" or not grown:
        raise RunError(f"{bundle.label} holds no EfficientNetB7 that was grown from a B0. Only such a one can shrink.")
    sources = grown[-1].count("--source")
    if bool(half) != (sources == len(HALVES)):
        raise RunError(
            f"{bundle.label} was grown from {sources} B0{'s' if sources > 1 else ''}, and --half is "
            f"{half or 'not given'}. Say which one to take out, {' or '.join(HALVES)}, where there are two, and only "
            "there."
        )
    small = build_model("efficientnetb0", bundle.head, "none", bundle.input_size)
    names = weight_names(small)
    shapes = {name: weight.shape for name, weight in zip(names, small.get_weights(), strict=True)}
    shrunk = shrink_weights(bundle.read(), shapes, depthwise_kernels(small), half)
    small.set_weights([shrunk[name] for name in names])
    finalize_normalization(small)
    target.create(
        {
            "kind": "shrink",
            "half": half,
            "bundle": str(bundle_folder),
            "digest": bundle.digest,
            "training": bundle.training,
            "settings": {"backbone": "efficientnetb0", "head": bundle.head, "size": bundle.input_size},
        }
    )
    target.save_best(small)
