"""Train the lung network: python -m train lungs --data lungs.csv --run DIR.

A run directory gets config.json, log.jsonl (one line an epoch), and lungs.weights.h5 at the end. No epoch is chosen on
val: the learning rate falls to nothing along half a cosine, and the last weights are the ones.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pneumo_core.errors import RunError
from pneumo_core.lungs.prepare import prepare_lungs
from pneumo_core.types import Float32
from train.lungs_data import LungBatches, LungFilms, load_lungs
from train.lungs_network import build_lungs, lungs_loss

WEIGHTS_FILE, CONFIG_FILE, LOG_FILE = "lungs.weights.h5", "config.json", "log.jsonl"
_VALIDATE_EVERY = 4  # epochs


@dataclass(frozen=True)
class LungsConfig:
    """How the lung network is trained: epochs, batch size, peak learning rate of Adam, and the seed of everything."""

    data: str
    epochs: int
    seed: int
    batch_size: int = 8
    learning_rate: float = 2e-3


def fit_lungs(run: Path, config: LungsConfig) -> Path:
    """Train the lung network.

    Args:
        run: the run's directory, which must not exist.
        config: how to train.

    Returns:
        The file of the last weights.

    Raises:
        RunError: if the directory exists.
        DataError: if the films or masks can not be read.
    """
    if run.exists():
        raise RunError(f"{run} exists already. Give a new run directory.")
    manifest = Path(config.data)
    train, val = load_lungs(manifest, "train"), load_lungs(manifest, "val")
    run.mkdir(parents=True)
    (run / CONFIG_FILE).write_text(json.dumps(asdict(config), indent=1) + "\n", encoding="utf-8")
    keras.utils.set_random_seed(config.seed)
    network = build_lungs()
    batches = LungBatches(train, config.batch_size, config.seed)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, config.epochs * len(batches), warmup_target=config.learning_rate, warmup_steps=len(batches)
    )
    # XLA takes half as long again as oneDNN on a CPU.
    network.compile(keras.optimizers.Adam(rate), loss=lungs_loss, jit_compile=False)
    log = _Log(run / LOG_FILE, config.epochs, lambda: measure_dice(lambda x: network.predict(x, verbose=0), val))
    network.fit(batches, epochs=config.epochs, verbose=0, callbacks=[log])
    network.save_weights(run / WEIGHTS_FILE)
    return run / WEIGHTS_FILE


def measure_dice(segment: Callable[[Float32], Float32], films: LungFilms) -> NDArray[np.float64]:
    """Measure the Dice coefficient of both lungs together, film by film, at 256 x 256 pixels.

    Args:
        segment: float32 [n, 128, 128, 1] -> float32 [n, 128, 128, 3].
        films: films with masks.

    Returns:
        float64 [n] in 0..1.
    """
    found = []
    for square, mask in zip(films.squares, films.masks, strict=True):
        answer = segment(prepare_lungs(square.astype(np.float32) / 255)[None])[0]
        lungs = cv2.resize(answer[..., 1:].sum(axis=-1), mask.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
        truth = mask > 0
        found.append(2 * (lungs & truth).sum() / max(1, lungs.sum() + truth.sum()))
    return np.array(found, np.float64)


class _Log(keras.callbacks.Callback):  # type: ignore[misc]
    """One line of JSON an epoch, and a progress bar."""

    def __init__(self, path: Path, epochs: int, measure: Callable[[], NDArray[np.float64]]) -> None:
        super().__init__()
        self._path, self._epochs, self._measure = path, epochs, measure
        self._bar = tqdm(total=epochs, desc="Training the lung network", unit="epoch")
        self._start = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        line = {"epoch": epoch + 1, "loss": round(float((logs or {})["loss"]), 5)}
        if (epoch + 1) % _VALIDATE_EVERY == 0 or epoch + 1 == self._epochs:
            dice = self._measure()
            line |= {"val_dice_mean": round(float(dice.mean()), 4), "val_dice_worst": round(float(dice.min()), 4)}
        line["seconds"] = round(time.monotonic() - self._start, 1)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._bar.set_postfix(line)
        self._bar.update()
        if epoch + 1 == self._epochs:
            self._bar.close()
