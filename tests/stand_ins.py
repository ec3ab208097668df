"""Stand-ins that tests make: bundles of random weights and films of noise. None of them means anything."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.model.bundle import Bundle, write_bundle
from pneumo_core.preprocess import preprocess
from pneumo_core.types import Radiograph

TEST_CARD = "# Test object\n\nRandom weights, made by the tests. It knows nothing about films.\n"


def make_bundle(folder: Path, backbone: str, head: str) -> Bundle:
    """Write a bundle of seeded random weights that answers differently to different films."""
    import keras

    from pneumo_core.model.architecture import build_model, split_model, weight_names

    keras.utils.set_random_seed(7)
    model = build_model(backbone, head)
    rng = np.random.default_rng(7)
    spread = {"gamma": (0.8, 1.6), "beta": (-0.5, 0.5), "moving_mean": (-0.2, 0.2), "moving_variance": (0.5, 1.5)}
    for weight in model.weights:
        if weight.name in spread:
            weight.assign(rng.uniform(*spread[weight.name], weight.shape).astype(np.float32))
    extractor, layers = split_model(model)
    pooled = extractor.predict(noise_inputs(8), verbose=0).mean(axis=(1, 2))
    if head == "published":
        norm = next(layer for layer in layers if layer.name == "head_bn0")
        norm.moving_mean.assign(pooled.mean(axis=0))
        norm.moving_variance.assign(pooled.var(axis=0) + 1e-6)
    layers[-1].kernel.assign(rng.normal(0.0, 0.05, layers[-1].kernel.shape).astype(np.float32))
    return write_bundle(
        folder,
        backbone=backbone,
        head=head,
        weights=list(zip(weight_names(model), model.get_weights(), strict=True)),
        temperature=1.3,
        data_manifest_sha256="0" * 64,
        metrics={},
        training={"command": "none: random weights, made by the tests"},
        card=TEST_CARD,
    )


def noise_inputs(count: int, size: int = 256) -> NDArray[np.float32]:
    """Inputs that differ from one another in more than noise: float32 [count, size, size, 3] in 0..255."""
    return np.stack([preprocess(film.pixels, size) for film in noise_films(count)])


def noise_films(count: int) -> list[Radiograph]:
    """Films of smooth seeded noise, each of another shape and coarseness."""
    films = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        rows, columns = 300 + 37 * seed % 200, 260 + 53 * seed % 240
        coarse = rng.uniform(0, 1, (4 + seed % 9, 5 + seed % 7)).astype(np.float32)
        grey = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC).clip(0, 1)
        grey += rng.normal(0, 0.02, grey.shape).astype(np.float32)
        samples = (grey.clip(0, 1) * 4095).astype(np.uint16)
        films.append(
            Radiograph(
                grey=samples,
                window=(0.0, 4095.0),
                bits_stored=12,
                digest=hashlib.sha256(samples.tobytes()).hexdigest(),
                file_format="PNG",
                photometric="greyscale",
            )
        )
    return films
