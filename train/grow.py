"""Grow a trained EfficientNetB0 into an EfficientNetB7 that computes the same function.

Net2Net (Chen, Goodfellow & Shlens 2016, arXiv 1511.05641): B7's channel widths are exactly twice B0's, so every channel
is copied once; where a kernel reads copied channels it is halved, and zero-sum noise is added so that the two copies
part in training without changing the function. B7's extra blocks are residual: with the last BatchNorm's gamma at zero
they start as identity. They copy the stage's last block; a stage in which B0 has a single block, which is no residual
one, leaves them their random weights, switched off the same way.

Two B0s that were trained apart from one start can be grown together: each becomes one half of every layer, and no
kernel reads across at first, so that the B7's features are those of both. The head reads the mean of what the two heads
made of them, and is to be trained on.
"""

import re
from collections.abc import Mapping, Sequence, Set
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
    sources: Sequence[Mapping[str, Array]],
    large: Mapping[str, Array],
    depthwise: Set[str],
    random: np.random.Generator,
) -> dict[str, Array]:
    """Compute the weights of the grown network.

    Args:
        sources: the weights of one trained B0, or of two, by the names of `weight_names`.
        large: the B7's weights as built, by name: shapes, and what random weights stay.
        depthwise: names of depthwise kernels, which read one channel each and sum over none.
        random: source of the zero-sum noise.

    Returns:
        A new array for every name of `large`.
    """
    last_block: dict[str, str] = {}
    for name in sources[0]:
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
        elif len(sources) == 1:
            grown[name] = _widen(sources[0][source], built.shape, name in depthwise, random)
        else:
            grown[name] = _join(sources[0][source], sources[1][source], built.shape, name in depthwise)
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
    return _checked(wide, weight.shape, shape)


def _join(first: Array, second: Array, shape: tuple[int, ...], is_depthwise: bool) -> Array:
    """Set two weights side by side; each half of a kernel reads its own half, and what can not double is the mean."""
    doubled = [axis for axis, (new, old) in enumerate(zip(shape, first.shape, strict=True)) if new == 2 * old]
    reads = first.ndim >= 2 and first.ndim - 2 in doubled and not is_depthwise
    if not doubled:
        wide = (first + second) / np.float32(2)
    elif reads and len(doubled) == 1:  # the first layer of the head
        wide = np.concatenate([first, second], axis=-2) / np.float32(2)
    elif reads:
        nothing = np.zeros(first.shape, np.float32)
        halves = [np.concatenate(pair, axis=-2) for pair in ((first, nothing), (nothing, second))]
        wide = np.concatenate(halves, axis=-1)
    else:
        wide = np.concatenate([first, second], axis=doubled[0])
    return _checked(wide, first.shape, shape)


def _checked(wide: Array, small: tuple[int, ...], large: tuple[int, ...]) -> Array:
    if wide.shape != large:
        raise RunError(f"A weight of shape {small} can not grow to {large}: widths are not whole multiples.")
    return wide.astype(np.float32)


def grow(sources: Sequence[RunDirectory], target: RunDirectory, data: Path, seed: int) -> float:
    """Grow the best B0 of a run, or of two, into a B7, prove that they agree, and write it as a run of its own.

    Args:
        sources: the runs of one or two B0s; of two sizes of input the B7 gets the larger one.
        target: directory of the new run; its best.weights.h5 is what `fit --weights` takes.
        data: the data set whose val films prove the growth.
        seed: seed of random weights and noise.

    Returns:
        The largest absolute difference, on films of val: between the logits of the two networks, or, of two sources,
        between the pooled features of the B7 and those of both B0s.

    Raises:
        RunError: if a source is no efficientnetb0, the two differ in their heads, or the networks differ by more than
            1e-3.
    """
    settings: list[dict[str, Any]] = [source.config()["settings"] for source in sources]
    for source, setting in zip(sources, settings, strict=True):
        if setting["backbone"] != "efficientnetb0":
            raise RunError(f"{source.path} holds a {setting['backbone']}. Only an efficientnetb0 can grow to a B7.")
    head, size = settings[0]["head"], max(setting["size"] for setting in settings)
    if head != settings[-1]["head"]:
        raise RunError("The two runs differ in their heads. Grow together what was trained from one start.")
    keras.utils.set_random_seed(seed)
    small = [build_model("efficientnetb0", head, source.best_file, size) for source in sources]
    large = build_model("efficientnetb7", head, "none", size)
    names = weight_names(large)
    grown = grow_weights(
        [dict(zip(weight_names(model), model.get_weights(), strict=True)) for model in small],
        dict(zip(names, large.get_weights(), strict=True)),
        depthwise_kernels(large),
        np.random.default_rng(seed),
    )
    large.set_weights([grown[name] for name in names])
    finalize_normalization(large)
    rows = [row for row in read_rows(data) if row.split == "val"]
    chosen = np.random.default_rng(seed).choice(len(rows), min(_PROOF_FILMS, len(rows)), replace=False)
    films = ReadingBatches(load_films([rows[index] for index in sorted(chosen)]), size, _BATCH)
    difference = _difference(large, small, films)
    if difference > 1e-3:
        raise RunError(f"The grown network differs from what it came from by {difference:.1e}: the growth is faulty.")
    target.create(
        {
            "kind": "grow",
            "source_run": str(sources[0].path),
            **({"second_run": str(sources[1].path)} if len(sources) > 1 else {}),
            "settings": {**settings[0], "backbone": "efficientnetb7", "size": size, "data": str(data), "seed": seed},
            "difference": difference,
            "proof_films": len(chosen),
        }
    )
    target.save_best(large)
    return difference


def depthwise_kernels(model: keras.Model) -> set[str]:
    """Names of the kernels that read one channel each and sum over none."""
    owners = [layer for layer in model.layers for _ in layer.weights]
    weights = [weight for layer in model.layers for weight in layer.weights]
    return {
        name
        for name, owner, weight in zip(weight_names(model), owners, weights, strict=True)
        if isinstance(owner, keras.layers.DepthwiseConv2D) and weight.ndim == 4
    }


def _difference(large: keras.Model, small: list[keras.Model], films: ReadingBatches) -> float:
    if len(small) == 1:
        return float(np.abs(large.predict(films, verbose=0) - small[0].predict(films, verbose=0)).max())
    pooled = [keras.Model(model.input, model.get_layer("head_pool").output) for model in (large, *small)]
    found, *expected = (model.predict(films, verbose=0) for model in pooled)
    return float(np.abs(found - np.concatenate(expected, axis=-1)).max())
