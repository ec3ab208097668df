"""Films with lung masks, and what may differ between two films of the same lungs.

The masks at hand are of adults, half of them healthy. Strong changes of size, aspect, and place stand in for children;
shadows of the density of soft tissue, up to a whole white lung, stand in for dense disease: the mask stays.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import DataError
from pneumo_core.lungs.prepare import LUNGS_SIZE, prepare_lungs
from pneumo_core.types import Float32

_STORED = 256  # rows and columns in memory; variants are cut out of these
_COLUMNS = ("film", "mask", "source", "split")
_ROTATION_DEGREES = 20.0
_SCALE = 0.35  # exp(+-)
_STRETCH = 0.25  # exp(+-) of the ratio of the two directions
_SHEAR = 0.12
_SHIFT = 0.15  # of the side
_BEND = 0.03  # of the side, of a smooth random displacement


@dataclass(frozen=True, eq=False)
class LungFilms:
    """Films and masks of one split, in memory.

    Attributes:
        names: file names of the films.
        sources: where each came from.
        squares: uint8 [n, 256, 256], squashed films.
        masks: uint8 [n, 256, 256]; 0 outside, 1 the lung on the film's left half, 2 the one on its right.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    squares: NDArray[np.uint8]
    masks: NDArray[np.uint8]


def load_lungs(manifest: Path, split: str) -> LungFilms:
    """Read the films and masks of one split.

    Args:
        manifest: CSV with the columns film and mask (relative to it), source, split.
        split: such as "train".

    Raises:
        DataError: if the manifest, a film, or a mask can not be read, or the split is empty.
    """
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row.get("split") == split]
    except OSError as error:
        raise DataError(f"{manifest} can not be read ({error.strerror}). Give the CSV of films and masks.") from error
    if not rows or any(column not in rows[0] for column in _COLUMNS):
        raise DataError(f"{manifest.name} has no rows for {split}, or lacks a column of {', '.join(_COLUMNS)}.")
    squares, masks = [], []
    for row in rows:
        film, mask = (_read_grey(manifest.parent / row[column]) for column in ("film", "mask"))
        squares.append(cv2.resize(film, (_STORED, _STORED), interpolation=cv2.INTER_AREA))
        masks.append(_label_sides(cv2.resize(mask, (_STORED, _STORED), interpolation=cv2.INTER_AREA) > 127))
    names, sources = (tuple(row[column] for row in rows) for column in ("film", "source"))
    return LungFilms(names, sources, np.stack(squares), np.stack(masks))


def _read_grey(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataError(f"{path} is no picture that can be read. Mend or remove its row.")
    return np.asarray(picture, np.uint8)


def _label_sides(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Call each connected part by the side of its centre from the whole mask's centre: bool [S, S] -> uint8 [S, S]."""
    _, parts, _, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    middle = np.nonzero(mask)[1].mean() if mask.any() else 0.0
    sides = np.where(centres[:, 0] < middle, 1, 2).astype(np.uint8)
    sides[0] = 0  # the first part is what is outside
    return sides[parts]


def one_hot(mask: NDArray[np.uint8]) -> Float32:
    """uint8 [S, S] of 0, 1, 2 -> float32 [S, S, 3]."""
    return np.eye(3, dtype=np.float32)[mask]


class LungBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented, shuffled batches, the same for the same seed.

    A batch is (inputs float32 [n, S, S, 1] in 0..1, one-hot masks float32 [n, S, S, 3]).
    """

    def __init__(self, films: LungFilms, batch_size: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._films, self._batch_size, self._seed, self._epoch = films, batch_size, seed, 0
        self._draw()

    def _draw(self) -> None:
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._films.names))

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self._epoch += 1
        self._draw()

    def __len__(self) -> int:
        """Number of batches; the last short one is left out."""
        return len(self._order) // self._batch_size

    def __getitem__(self, index: int) -> tuple[Float32, Float32]:
        """Batch number `index`."""
        inputs, truths = [], []
        for film in self._order[index * self._batch_size : (index + 1) * self._batch_size]:
            random = np.random.default_rng((self._seed, self._epoch, int(film), 1))
            square, mask = vary(self._films.squares[film], self._films.masks[film], random)
            inputs.append(prepare_lungs(square))
            truths.append(one_hot(mask))
        return np.stack(inputs), np.stack(truths)


def vary(
    square: NDArray[np.uint8], mask: NDArray[np.uint8], random: np.random.Generator
) -> tuple[Float32, NDArray[np.uint8]]:
    """Draw a variant of one film and of its mask.

    Args:
        square: uint8 [256, 256].
        mask: uint8 [256, 256] of 0, 1, 2.
        random: the source of all randomness.

    Returns:
        (float32 [128, 128] in 0..1, uint8 [128, 128] of 0, 1, 2).
    """
    mirrored = random.random() < 0.5
    if mirrored:
        square, mask = square[:, ::-1], np.array([0, 2, 1], np.uint8)[mask[:, ::-1]]
    columns, rows = _draw_places(random)
    # What lies beyond the film is black, as beyond the collimator, or goes on as the film ends.
    border = cv2.BORDER_CONSTANT if random.random() < 0.7 else cv2.BORDER_REPLICATE
    smooth = cv2.GaussianBlur(square, (0, 0), random.uniform(0.6, 1.6))
    film = cv2.remap(smooth, columns, rows, cv2.INTER_LINEAR, borderMode=border).astype(np.float32) / 255
    mask = np.asarray(cv2.remap(mask, columns, rows, cv2.INTER_NEAREST), np.uint8)
    if random.random() < 0.6:
        film = _add_disease(film, mask, random)
    if random.random() < 0.5:
        film = _add_things(film, random)
    film = film ** np.exp(random.uniform(-0.6, 0.6))
    film = film + random.normal(0, random.uniform(0, 0.04), film.shape)
    return np.clip(film, 0.0, 1.0).astype(np.float32), mask


def _draw_places(random: np.random.Generator) -> tuple[Float32, Float32]:
    """Where each pixel of the variant lies on the stored film: columns and rows, float32 [128, 128]."""
    angle = np.deg2rad(random.uniform(-_ROTATION_DEGREES, _ROTATION_DEGREES))
    scale, stretch = np.exp(random.uniform(-_SCALE, _SCALE)), np.exp(random.uniform(-_STRETCH, _STRETCH) / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[stretch, random.uniform(-_SHEAR, _SHEAR)], [0, 1 / stretch]]) / scale
    axis = (np.arange(LUNGS_SIZE) + 0.5) / LUNGS_SIZE - 0.5
    places = np.stack(np.meshgrid(axis, axis), axis=-1) @ matrix.T + random.uniform(-_SHIFT, _SHIFT, 2)
    bends = random.normal(0, _BEND, (5, 5, 2)).astype(np.float32)
    places += cv2.resize(bends, (LUNGS_SIZE, LUNGS_SIZE), interpolation=cv2.INTER_CUBIC)
    places = ((places + 0.5) * _STORED - 0.5).astype(np.float32)
    return places[..., 0], places[..., 1]


def _add_disease(film: Float32, mask: NDArray[np.uint8], random: np.random.Generator) -> Float32:
    """Whiten parts of the lungs, or now and then a whole one."""
    inside = np.argwhere(mask > 0)
    if not len(inside):
        return film
    rows, columns = np.mgrid[:LUNGS_SIZE, :LUNGS_SIZE]
    density = np.zeros_like(film)
    for _ in range(random.integers(1, 5)):
        row, column = inside[random.integers(len(inside))]
        tall, wide = random.uniform(0.03, 0.22, 2) * LUNGS_SIZE
        distance = ((rows - row) / tall) ** 2 + ((columns - column) / wide) ** 2
        density = np.maximum(density, random.uniform(0.3, 1.0) * np.exp(-(distance ** random.uniform(1, 3))))
    if random.random() < 0.12:
        lung = (mask == random.integers(1, 3)).astype(np.float32)
        density = np.maximum(density, random.uniform(0.5, 1.0) * cv2.GaussianBlur(lung, (0, 0), 3.0))
    level = random.uniform(0.6, 0.95)
    return np.asarray(np.maximum(film, film + density * (level - film)), np.float32)


def _add_things(film: Float32, random: np.random.Generator) -> Float32:
    """Cover parts with marks, plates, and wires, none of which move the lungs."""
    film = np.ascontiguousarray(film)
    for _ in range(random.integers(1, 4)):
        first, second = random.integers(0, LUNGS_SIZE, (2, 2)).tolist()
        grey = float(random.choice([0.0, 1.0, random.random()]))
        if random.random() < 0.5:
            cv2.line(film, first, second, grey, int(random.integers(1, 3)), cv2.LINE_AA)
        else:
            sides = random.integers(4, LUNGS_SIZE // 4, 2).tolist()
            cv2.rectangle(film, first, [first[0] + sides[0], first[1] + sides[1]], grey, -1)
    return film
