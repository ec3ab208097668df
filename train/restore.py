"""A restoration autoencoder: from a film that was reduced, blurred, noised, and compressed back to the film.

A small U-Net (Ronneberger et al. 2015, arXiv 1505.04597) that predicts what is missing, trained with the mean absolute
error. `python -m train evaluate --restorer RUN` puts it before a classifier.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import RunError
from pneumo_core.preprocess import to_square
from pneumo_core.types import Float32, Radiograph
from train.data import Films, load_films, read_rows, rows_digest
from train.run import RunDirectory

SIDE = 160  # rows and columns that films are restored to
_CHANNELS = (16, 32, 64, 96)  # of the levels, each half the size of the one before
_REDUCED_TO = (24, 128)  # pixels of the side, log-uniform
_BLUR_SIGMA, _NOISE_SIGMA, _JPEG_QUALITY = 1.0, 0.03, (20, 95)
_BATCH_SIZE = 16
_LEARNING_RATE = 2e-3


@dataclass(frozen=True)
class RestoreConfig:
    """Settings of a restoration run; the names are those of the command line's options."""

    data: str
    films: int = 24_000  # degraded films seen in all
    seed: int = 0


def degrade(square: NDArray[np.uint8], random: np.random.Generator) -> Float32:
    """Spoil a film as poor archives and screenshots do: uint8 [S, S] -> float32 [S, S] in 0..1."""
    size = square.shape[0]
    low = round(float(np.exp(random.uniform(*np.log(_REDUCED_TO)))))
    film = cv2.resize(square, (low, low), interpolation=cv2.INTER_AREA).astype(np.float32)
    if random.random() < 0.3:
        film = np.asarray(cv2.GaussianBlur(film, (0, 0), random.uniform(0.3, _BLUR_SIGMA)), np.float32)
    if random.random() < 0.3:
        film = film + random.standard_normal(film.shape, np.float32) * np.float32(255 * _NOISE_SIGMA)
    stored = np.clip(np.round(film), 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        _, data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(*_JPEG_QUALITY))])
        stored = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return to_square(stored.astype(np.float32) / np.float32(255.0), size)


def build_restorer() -> keras.Model:
    """The U-Net: float32 [n, 160, 160, 1] in 0..1 -> the same, restored."""

    def block(x: Any, channels: int) -> Any:
        for _ in range(2):
            x = keras.layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        return x

    inputs = x = keras.Input((SIDE, SIDE, 1))
    skips = []
    for channels in _CHANNELS[:-1]:
        x = block(x, channels)
        skips.append(x)
        x = keras.layers.MaxPooling2D()(x)
    x = block(x, _CHANNELS[-1])
    for channels, skip in zip(_CHANNELS[-2::-1], skips[::-1], strict=True):
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = block(keras.layers.Concatenate()([x, skip]), channels)
    missing = keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros")(x)
    return keras.Model(inputs, keras.layers.Add()([inputs, missing]), name="restorer")


class _DegradedBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Pairs of degraded films and films, float32 [n, 160, 160, 1] in 0..1; each a function of seed and position."""

    def __init__(self, films: Films, count: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._films, self._count, self._seed = films, count, seed

    def __len__(self) -> int:
        return self._count // _BATCH_SIZE

    def __getitem__(self, index: int) -> tuple[Float32, Float32]:
        random = np.random.default_rng((self._seed, index))
        squares = self._films.squares[random.integers(len(self._films.rows), size=_BATCH_SIZE)]
        degraded = np.stack([degrade(square, random) for square in squares])
        return degraded[..., None], (squares.astype(np.float32) / np.float32(255.0))[..., None]


def fit_restorer(run: RunDirectory, config: RestoreConfig) -> dict[str, float]:
    """Train on the train split and measure on val.

    Returns:
        Mean absolute error on degraded films of val, in 0..1, "before" and "after" restoration.

    Raises:
        DataError, RunError: with what to do.
    """
    keras.utils.set_random_seed(config.seed)
    rows = read_rows(Path(config.data))
    run.create({"kind": "restore", "settings": config.__dict__, "data_sha256": rows_digest(rows)})
    train = load_films([row for row in rows if row.split == "train"], SIDE, "Reading train")
    val = load_films([row for row in rows if row.split == "val"], SIDE, "Reading val")
    batches = _DegradedBatches(train, config.films, config.seed)
    model = build_restorer()
    schedule = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, max(1, len(batches)))
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mean_absolute_error", jit_compile=False)
    model.fit(batches, shuffle=False, verbose=2)
    run.save_best(model)
    before, after = [], []
    for degraded, films in (
        _DegradedBatches(val, len(val.rows), config.seed + 1)[i] for i in range(len(val.rows) // _BATCH_SIZE)
    ):
        before.append(np.abs(degraded - films).mean())
        after.append(np.abs(np.clip(model.predict_on_batch(degraded), 0, 1) - films).mean())
    errors = {"before": float(np.mean(before)), "after": float(np.mean(after))}
    run.log("end", **errors)
    return errors


class Restorer:
    """The trained autoencoder of a run."""

    def __init__(self, run: RunDirectory) -> None:
        """Load it.

        Raises:
            RunError: if the run is not one of restoration or has no weights yet.
        """
        if run.config().get("kind") != "restore" or not run.best_file.exists():
            raise RunError(f"{run.path} holds no trained restorer. Make one by `python -m train restore`.")
        self._model = build_restorer()
        self._model.load_weights(run.best_file)

    def __call__(self, films: Sequence[Radiograph]) -> list[Radiograph]:
        """Restore films; each becomes 160 x 160, its window applied."""
        squares = np.stack([to_square(film.trimmed().pixels, SIDE) for film in films])[..., None]
        restored = np.clip(np.asarray(self._model.predict_on_batch(squares))[..., 0], 0.0, 1.0)
        return [
            replace(film, grey=np.round(square * 65535.0).astype(np.uint16), window=(0.0, 65535.0), bars=(0, 0, 0, 0))
            for film, square in zip(films, restored, strict=True)
        ]
