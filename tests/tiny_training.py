"""A drawn data set, and how the tests start training on it."""

import csv
import os
import sys
from pathlib import Path

import cv2
import numpy as np

from pneumo_core.types import CLASSES, FilmClass

REPOSITORY = Path(__file__).resolve().parents[1]
COLUMNS = ("file", "label", "patient", "split", "source", "age_group")
# (split, patients of each class); every patient has two films.
_SPLITS = (("train", 4), ("val", 3), ("test", 3), ("external", 2))
# The whole way of a run in little: a frozen phase, two epochs of fine-tuning, dropout, and shuffling across epochs.
FIT_OPTIONS = (
    *("--backbone", "efficientnetb0", "--size", "64", "--batch-size", "8", "--films-per-epoch", "96"),
    *("--frozen-epochs", "1", "--epochs", "2", "--unfreeze-from", "block6a_expand_conv", "--seed", "5"),
)


def draw_film(film_class: FilmClass, seed: int) -> np.ndarray:
    """Two lungs in a chest, with shadows whose place tells the class; uint8 [96, 80]."""
    random = np.random.default_rng(seed)
    film = np.full((96, 80), 150.0)
    for centre in (24, 56):
        cv2.ellipse(film, (centre, 48), (12, 30), 0, 0, 360, 60.0, -1)
    places = {"bacterial": [(24, 66)], "viral": [(24, 34), (56, 34)], "covid19": [(18, 60), (62, 60)]}
    for place in places.get(film_class, []):
        cv2.circle(film, place, 7, 130.0, -1)
    film = cv2.GaussianBlur(film, (0, 0), 1.5) + random.normal(0, 6, film.shape) + random.uniform(-10, 10)
    return np.clip(film, 0, 255).astype(np.uint8)


def write_manifest(path: Path, lines: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(lines)
    return path


def write_films(folder: Path) -> Path:
    """Draw 96 films in four splits, of two sources and two age groups; returns the manifest."""
    lines: list[tuple[str, ...]] = []
    for split, patients in _SPLITS:
        for film_class in CLASSES:
            for patient in range(patients):
                for film in range(2):
                    name = f"{split}-{film_class}-{patient}-{film}.png"
                    cv2.imwrite(str(folder / name), draw_film(film_class, seed=len(lines)))
                    source = "elsewhere" if film_class == "covid19" else "kermany/drawn"
                    age_group = "adult" if film_class in ("normal", "covid19") and patient % 2 else "paediatric"
                    lines.append((name, str(film_class), f"{split}-{film_class}-{patient}", split, source, age_group))
    return write_manifest(folder / "manifest.csv", lines)


def train_command(*arguments: str) -> list[str]:
    """`python -m train` with arguments."""
    return [sys.executable, "-m", "train", *arguments]


def train_environment() -> dict[str, str]:
    """The environment of a training process: on the processor, where the same sums come out the same."""
    return {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
