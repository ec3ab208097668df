"""What the gate's network is trained on: films of the train split, damaged copies of them, and other pictures.

`ood/` and `dicom/` hold what is no frontal chest film; each of those images is seen many times, cut and turned anew.
A label of -1 says that the sample says nothing of that question (a half film may look like anything).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pneumo_core.errors import DataError, ReadError
from pneumo_core.intake.gate import KINDS
from pneumo_core.intake.look import GATE_SIZE
from pneumo_core.preprocess import to_square
from pneumo_core.reading import read_film
from train.augment import augment
from train.intake_pictures import (
    DRAWN,
    Square,
    add_marks,
    compose_lateral,
    crop_half,
    crop_patch,
    shuffle_film,
)

# The kind of each group of images; the groups are what a fold may leave out as a whole.
GROUP_KINDS = {
    "limb or hip": "other_part",
    "CT": "other_imaging",
    "MRI and other imaging": "other_imaging",
    "photograph": "picture",
    "document or noise": "picture",
}
_OOD_GROUPS = (  # the beginning of a kind of ood.csv, and its group
    ("xray", "limb or hip"),
    ("ct", "CT"),
    ("photo", "photograph"),
    (("document", "screenshot", "figure", "noise", "gradient"), "document or noise"),
    (("mri", "angiography", "nuclear", "other-medical", "secondary-capture", "ultrasound"), "MRI and other imaging"),
)
_LOOKS_FRONTAL = "ct-scout-chest"
_COPIES = 10  # of each image that is no frontal film
_OF_FILMS = {"lateral": 0.2, "shuffled": 0.12}  # composed pictures, in shares of the films
_DRAWN_SHARE = 0.13  # of the films, of each kind of drawing


@dataclass(frozen=True)
class Sample:
    """One picture and what is known of it; -1 where nothing is.

    Attributes:
        square: uint8 [S, S].
        kind: index into KINDS.
        turn: quarter turns to the left that the film was turned by, 0..3.
        inverted: 1 if the greys are inverted.
        cut: 1 if a large part of the chest is cut off.
        marked: 1 if heavy marks are burned in.
        child: 1 for a child's film, 0 for an adult's.
    """

    square: Square
    kind: int = -1
    turn: int = -1
    inverted: int = -1
    cut: int = -1
    marked: int = -1
    child: int = -1


@dataclass(frozen=True)
class Foreign:
    """An image that is no frontal chest film."""

    name: str
    group: str
    square: Square


def load_square(path: Path) -> Square:
    """Read a file as the gate would and squash it: uint8 [S, S].

    Raises:
        DataError: if it can not be read.
    """
    try:
        film = read_film(path.read_bytes(), path.name)
    except (ReadError, OSError) as error:
        raise DataError(f"{path} can not be read: {error} Remove it from the list or mend it.") from error
    return np.round(to_square(film.trimmed().pixels, GATE_SIZE) * 255.0).astype(np.uint8)


def read_foreign(folder: Path) -> list[Foreign]:
    """Read what is no frontal chest film: `ood/ood.csv`, and the readable DICOM files of other body parts.

    Args:
        folder: the folder of the films.
    """
    found = []
    with (folder / "ood" / "ood.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["kind"] != _LOOKS_FRONTAL:
                group = next(group for start, group in _OOD_GROUPS if row["kind"].startswith(start))
                found.append(Foreign(row["file"], group, load_square(folder / "ood" / row["file"])))
    parts = set()
    with (folder / "dicom" / "dicom.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            part = (row["modality"], row["body_part"])  # the same film comes in several transfer syntaxes
            if row["frontal_chest"].startswith("no") and row["body_part"] != "CHEST" and part not in parts:
                try:
                    square = load_square(folder / "dicom" / row["file"])
                except DataError:  # CT, MR, and angiography are refused by their modality
                    continue
                parts.add(part)
                found.append(Foreign(row["file"], "limb or hip", square))
    return found


def vary_foreign(images: Sequence[Foreign], random: np.random.Generator) -> tuple[list[Sample], list[int]]:
    """Draw copies of the images: cut, turned, mirrored, inverted.

    Returns:
        The samples, and the position of the image that each comes from.
    """
    samples, origins = [], []
    for position, image in enumerate(images):
        kind = KINDS.index(GROUP_KINDS[image.group])
        for copy in range(_COPIES):
            square = image.square
            if copy:
                side = round(random.uniform(0.65, 1.0) * GATE_SIZE)
                top, left = random.integers(0, GATE_SIZE - side + 1, 2)
                square = np.rot90(square[top : top + side, left : left + side], int(random.choice([0, 0, 1, 2, 3])))
                square = _vary(np.ascontiguousarray(square), random)
            samples.append(Sample(255 - square if random.random() < 0.15 else square, kind))
            origins.append(position)
    return samples, origins


def vary_films(films: Sequence[tuple[Square, int]], random: np.random.Generator) -> list[Sample]:
    """Three samples a film: as it is, varied, and damaged.

    Args:
        films: (square, 1 for a child, 0 for an adult, -1 where unknown).
        random: the source of all randomness.
    """
    samples = []
    for square, child in films:
        whole = Sample(square, KINDS.index("frontal"), 0, 0, 0, 0, child)
        samples += [whole, replace(whole, square=_vary(square, random))]
        samples.append(_damage(replace(whole, square=_vary(square, random)), random))
    return samples


def compose(films: Sequence[Square], random: np.random.Generator) -> list[Sample]:
    """Pictures made of films or drawn: likenesses of lateral views, shuffled films, limbs, textures, pages."""
    lateral, other, picture = (KINDS.index(kind) for kind in ("lateral", "other_part", "picture"))
    samples = []
    for _ in range(round(len(films) * _OF_FILMS["lateral"])):
        film = films[int(random.integers(len(films)))]
        samples.append(Sample(_vary(compose_lateral(film, random), random), lateral))
    for _ in range(round(len(films) * _OF_FILMS["shuffled"])):
        film = films[int(random.integers(len(films)))]
        samples.append(Sample(_vary(shuffle_film(film, random), random), other))
    for name, draw in DRAWN.items():
        kind = other if name == "limbs" else picture
        samples += [Sample(draw(GATE_SIZE, random), kind) for _ in range(round(len(films) * _DRAWN_SHARE))]
    return samples


def _vary(square: Square, random: np.random.Generator) -> Square:
    return np.round(augment(square, GATE_SIZE, random.uniform(0, 1), random) * 255.0).astype(np.uint8)


def _damage(whole: Sample, random: np.random.Generator) -> Sample:
    draw, film = random.random(), whole.square
    if draw < 0.55:
        turn = int(random.integers(1, 4)) if draw < 0.45 else 0
        inverted = int(draw >= 0.35)
        film = np.ascontiguousarray(np.rot90(255 - film if inverted else film, turn))
        return replace(whole, square=film, turn=turn, inverted=inverted, child=-1)
    if draw < 0.85:
        return replace(whole, square=crop_half(film, random), kind=-1, turn=-1, cut=1, child=-1)
    if draw < 0.9:
        return replace(whole, square=crop_patch(film, random), kind=-1, turn=-1, cut=1, marked=-1, child=-1)
    return replace(whole, square=add_marks(film, random), marked=1)
