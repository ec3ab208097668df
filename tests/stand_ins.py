"""Stand-ins that tests make: bundles of random weights and films of noise. None of them means anything."""

import csv
import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.model.bundle import Bundle, write_bundle
from pneumo_core.preprocess import preprocess
from pneumo_core.types import Radiograph

ROOT = Path(__file__).parents[1]
FILMS = ROOT.parent / "shared" / "cxr"
TEST_CARD = "# Test object\n\nRandom weights, made by the tests. It knows nothing about films.\n"


def make_bundle(folder: Path, backbone: str, head: str) -> Bundle:
    """Write a bundle of seeded random weights that answers differently to different films."""
    import keras

    from pneumo_core.model.architecture import HEAD_PREFIX, build_model, weight_names

    keras.utils.set_random_seed(7)
    model = build_model(backbone, head)
    rng = np.random.default_rng(7)
    for weight in model.weights:
        if weight.name in ("gamma", "beta"):
            weight.assign(weight + rng.normal(0.0, 0.1, weight.shape).astype(np.float32))
    # A random network with idle BatchNorms says the same to everything, or blows rounding up to whole answers.
    # Taking the statistics of noise films gives it the even activations of a trained one.
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    model(noise_inputs(8), training=True)
    for norm in norms:
        if norm.name.startswith(HEAD_PREFIX):  # eight films say little about how much a feature varies
            variance = np.asarray(norm.moving_variance)
            norm.moving_variance.assign(np.maximum(variance, variance.mean()))
    logits = model.get_layer("head_logits")
    logits.kernel.assign(rng.normal(0.0, 1.0 / np.sqrt(logits.kernel.shape[0]), logits.kernel.shape))
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


def film_paths(count: int) -> list[Path]:
    """Films of the test split, spread over the manifest; needs the films of ../shared/cxr."""
    with (FILMS / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    return [FILMS / row["file"] for row in rows[:: len(rows) // count][:count]]
