"""Speed of training, and how long it waits for data: `python -m benchmarks.training_speed --workers 1 4`.

For each backbone, head as published, all of it tuned: films a second in `train fit`'s own step with its own augmented
batches, and with one batch that stays in memory. What the first takes longer is time in which the processor or the GPU
waits for data, or makes it (below 0: the machine's noise); on a GPU host it should be under 5 %, and more `--workers`
(also of `train fit`) bring it down. Beside it, how many films a second the batches alone could bring. Films are the
phantoms of assets/phantoms, mirrored and turned. Nothing else should run on the machine meanwhile.
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pneumo_core.model.architecture import BACKBONES, build_model
from pneumo_core.preprocess import to_square
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES
from train.allocator import keep_freed_memory
from train.batches import TrainingBatches
from train.config import FitConfig
from train.data import FilmRow, Films, class_weights
from train.fit import compile_model
from train.targets import make_targets

ROOT = Path(__file__).resolve().parents[1]
_WARM_UP_STEPS = 3  # the first one compiles, the next ones set memory up


class _HeldBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """The first batch of another set, again and again: a step that never waits."""

    def __init__(self, batches: TrainingBatches) -> None:
        super().__init__()
        self._count, self._batch = len(batches), batches[0]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return self._batch


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds from the end of the warm-up to the end of the epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._began = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if batch + 1 == _WARM_UP_STEPS:
            _value_of(logs)
            self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        _value_of(logs)
        self.seconds = time.perf_counter() - self._began


def _value_of(logs: dict[str, Any] | None) -> float:
    """Wait for the step to be done: accelerators work on behind Python's back."""
    return float((logs or {})["loss"])


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Measure films a second and the wait for data in training.")
    parser.add_argument("--backbones", nargs="+", choices=tuple(BACKBONES), default=list(BACKBONES))
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=30, help="steps measured, after three to warm up")
    parser.add_argument("--workers", type=int, nargs="+", default=[1], help="threads that make batches")
    parser.add_argument("--precision", default="float32", help="float32 or mixed_bfloat16")
    options = parser.parse_args()
    keep_freed_memory()
    keras.config.set_dtype_policy(options.precision)
    devices = ", ".join(keras.distribution.list_devices())
    print(
        f"Keras {keras.__version__} on {keras.backend.backend()} ({devices}), {len(os.sched_getaffinity(0))} cores; "
        f"{options.size} px, batches of {options.batch_size}, {options.precision}, {options.steps} steps\n"
    )
    print("| Backbone | Threads | Films/s | Films/s with data in memory | Waits for data | Films/s of the data alone |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for backbone in options.backbones:
        model = build_model(backbone, "published", "none", options.size)
        config = FitConfig(data="", backbone=backbone, size=options.size, batch_size=options.batch_size)
        compile_model(model, config, "tune", options.steps)
        held = _speed(model, _HeldBatches(_batches(options, 1)), options)
        for workers in options.workers:
            real = _speed(model, _batches(options, workers), options)
            wait = 1 - real / held
            alone = _data_speed(_batches(options, workers), options)
            print(f"| {backbone} | {workers} | {real:.1f} | {held:.1f} | {wait:.1%} | {alone:.1f} |", flush=True)


def _batches(options: argparse.Namespace, workers: int) -> TrainingBatches:
    """As many augmented batches of phantoms as there are steps."""
    squares = []
    for path in sorted((ROOT / "assets" / "phantoms").glob("*.dcm")):
        square = np.round(to_square(read_film(path.read_bytes(), path.name).pixels, options.size) * 255)
        squares += [square, square[:, ::-1], square[::-1], square[::-1, ::-1]]
    rows = tuple(
        FilmRow(Path(), str(place), CLASSES[place % 4], str(place), "train", str(place % 2))
        for place in range(len(squares))
    )
    films = Films(rows, np.stack(squares).astype(np.uint8))
    count = (options.steps + _WARM_UP_STEPS) * options.batch_size
    config = FitConfig(data="", size=options.size, batch_size=options.batch_size, films_per_epoch=count)
    weights = class_weights(films.labels, config.class_balance)
    return TrainingBatches(films, make_targets(films, config), weights, config, epoch=0, workers=workers)


def _speed(model: keras.Model, batches: keras.utils.PyDataset, options: argparse.Namespace) -> float:
    """Films a second after the warm-up."""
    clock = _Clock()
    model.fit(batches, shuffle=False, verbose=0, callbacks=[clock])
    return float(options.steps * options.batch_size / clock.seconds)


def _data_speed(batches: TrainingBatches, options: argparse.Namespace) -> float:
    """Films a second that as many threads make while nothing else is done."""
    _ = batches[0]  # the first one sets memory up
    began = time.perf_counter()
    with ThreadPoolExecutor(batches.workers) as pool:
        for _ in pool.map(batches.__getitem__, range(options.steps)):
            pass
    return float(options.steps * options.batch_size / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
