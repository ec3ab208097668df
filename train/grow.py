"""Grow a trained EfficientNetB0 into an EfficientNetB7 that computes the same function.

Net2Net (Chen, Goodfellow & Shlens 2016, arXiv 1511.05641): B7's channel widths are exactly twice B0's, so every channel
is copied once; where a kernel reads copied channels it is halved, and zero-sum noise is added so that the two copies
part in training without changing the function. B7's extra blocks are residual: with the last BatchNorm's gamma at zero
they start as identity. They copy the stage's last block; a stage in which B0 has a single block, which is no residual
one, leaves them their random weights, switched off the same way.
"""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import build_model, finalize_normalization, weight_names
from train.batches import ReadingBatches
from train.data import load_films, read_rows
from train.run import RunDirectory

_NOISE = 0.1  # standard deviation of the zero-sum noise, in standard deviations of the kernel
_PROOF_FILMS = 64  # films of val on which the two networks are compared
_BATCH = 16
_BLOCK = re.compile(r"block(\d)([a-z])_(.+)")

Array = NDArray[np.float32]


def grow_weights(
    small: dict[str, Array], large: dict[str, Array], depthwise: set[str], random: np.random.Generator
) -> dict[str, Array]:
    """Compute the weights of the grown network.

    Args:
        small: the trained B0's weights by the names of `weight_names`.
        large: the B7's weights as built, by name: shapes, and what random weights stay.
        depthwise: names of depthwise kernels, which read one channel each and sum over none.
        random: source of the zero-sum noise.

    Returns:
        A new array for every name of `large`.
    """
    last_block: dict[str, str] = {}
    for name in small:
        if match := _BLOCK.match(name):
            last_block[match[1]] = max(last_block.get(match[1], "a"), match[2])
    grown = {}
    for name, built in large.items():
        source, extra = name, False
        if (match := _BLOCK.match(name)) and match[2] > last_block[match[1]]:
            source, extra = f"block{match[1]}{last_block[match[1]]}_{match[3]}", True
        if extra and match and match[3] in ("project_bn/gamma", "project_bn/beta"):
            grown[name] = np.zeros_like(built)
        elif extra and match and last_block[match[1]] == "a":
            grown[name] = built
        else:
            grown[name] = _widen(small[source], built.shape, name in depthwise, random)
    return grown


def _widen(weight: Array, shape: tuple[int, ...], is_depthwise: bool, random: np.random.Generator) -> Array:
    """Copy channels up to `shape`; halve a kernel that reads copied channels and add zero-sum noise."""
    copies = [new // old for new, old in zip(shape, weight.shape, strict=True)]
    wide = np.tile(weight, copies)
    if weight.ndim >= 2 and copies[-2] > 1 and not is_depthwise:
        wide = wide / np.float32(copies[-2])
        first, second = np.split(wide, 2, axis=-2)
        noise = random.standard_normal(first.shape, np.float32) * np.float32(_NOISE * first.std())
        wide = np.concatenate([first + noise, second - noise], axis=-2)
    if wide.shape != shape:
        raise RunError(f"A weight of shape {weight.shape} can not grow to {shape}: widths are not whole multiples.")
    return wide.astype(np.float32)


def grow(source: RunDirectory, target: RunDirectory, data: Path, seed: int) -> float:
    """Grow the best B0 of a run into a B7, prove that both agree, and write it as a run of its own.

    Args:
        source: the B0's run.
        target: directory of the new run; its best.weights.h5 is what `fit --weights` takes.
        data: the data set whose val films prove the growth.
        seed: seed of random weights and noise.

    Returns:
        The largest absolute difference between the logits of the two networks on films of val.

    Raises:
        RunError: if the source is no efficientnetb0, or the networks differ by more than 1e-3.
    """
    settings: dict[str, Any] = source.config()["settings"]
    if settings["backbone"] != "efficientnetb0":
        raise RunError(f"{source.path} holds a {settings['backbone']}. Only an efficientnetb0 can grow to a B7.")
    keras.utils.set_random_seed(seed)
    small = build_model("efficientnetb0", settings["head"], source.best_file, settings["size"])
    large = build_model("efficientnetb7", settings["head"], "none", settings["size"])
    names = weight_names(large)
    kernels = [weight for layer in large.layers for weight in layer.weights]
    owners = [layer for layer in large.layers for _ in layer.weights]
    depthwise = {
        name
        for name, owner, kernel in zip(names, owners, kernels, strict=True)
        if isinstance(owner, keras.layers.DepthwiseConv2D) and kernel.ndim == 4
    }
    grown = grow_weights(
        dict(zip(weight_names(small), small.get_weights(), strict=True)),
        dict(zip(names, large.get_weights(), strict=True)),
        depthwise,
        np.random.default_rng(seed),
    )
    large.set_weights([grown[name] for name in names])
    finalize_normalization(large)
    rows = [row for row in read_rows(data) if row.split == "val"]
    chosen = np.random.default_rng(seed).choice(len(rows), min(_PROOF_FILMS, len(rows)), replace=False)
    films = ReadingBatches(load_films([rows[index] for index in sorted(chosen)]), settings["size"], _BATCH)
    difference = float(np.abs(large.predict(films, verbose=0) - small.predict(films, verbose=0)).max())
    if difference > 1e-3:
        raise RunError(f"The grown network's logits differ from the B0's by {difference:.1e}: the growth is faulty.")
    target.create(
        {
            "kind": "grow",
            "source_run": str(source.path),
            "settings": {**settings, "backbone": "efficientnetb7", "data": str(data), "seed": seed},
            "logit_difference": difference,
            "proof_films": len(chosen),
        }
    )
    target.save_best(large)
    return difference
