"""Findings that readers marked on films, in the formats of two public data sets.

    RSNA Pneumonia Detection Challenge 2018: stage_2_train_labels.csv with the columns patientId, x, y, width, height,
        Target; boxes in pixels of the film, one line each.
    CheXlocalize (Saporta et al. 2022, Nature Machine Intelligence 4:867): JSON by film, either polygons
        (gt_annotations_*.json, with img_size) or masks in COCO's run lengths (gt_segmentations_*.json).

The data sets are not part of Pneumo: their terms of use do not allow it.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import DataError
from pneumo_core.types import Float32

_RSNA_COLUMNS = ("patientId", "x", "y", "width", "height", "Target")
PNEUMONIA = ("Airspace Opacity", "Consolidation")  # findings of CheXlocalize that pneumonia shows as
_EXTENSIONS = {".png", ".jpg", ".jpeg", ".dcm"}


@dataclass(frozen=True, eq=False)
class MarkedFilm:
    """A film with what is marked on it.

    Attributes:
        name: the film's name in the file of marks.
        path: the film.
        patient: whose it is, as far as the names tell.
        polygons: float32 [n, 2] each, (x, y) of corners that belong to the mark.
        masks: bool [h, w] each.
        frame: (rows, columns) that the marks were drawn on; None if they are pixels of the film itself.
    """

    name: str
    path: Path
    patient: str
    polygons: tuple[Float32, ...] = ()
    masks: tuple[NDArray[np.bool_], ...] = field(default=(), repr=False)
    frame: tuple[int, int] | None = None

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """All marks together, on a film of this size: bool [height, width]."""
        canvas = np.zeros(self.frame or (height, width), np.uint8)
        for mask in self.masks:
            canvas |= mask
        # One after another: cv2 would leave a hole where polygons of one call overlap.
        for polygon in self.polygons:
            cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
        if canvas.shape != (height, width):
            canvas = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_NEAREST)
        return canvas.astype(bool)


@dataclass(frozen=True)
class Marks:
    """The films of a file of marks that have one and were found, and how many have one but were not found."""

    films: tuple[MarkedFilm, ...]
    missing: int


def read_marks(file: Path, folder: Path, findings: tuple[str, ...] = PNEUMONIA) -> Marks:
    """Read a file of marks and find its films.

    Args:
        file: CSV as RSNA's, or JSON as CheXlocalize's.
        folder: where the films lie, in folders or not; RSNA's by patientId, CheXlocalize's as CheXpert keeps them
            (patient/study/view.jpg) or by name.
        findings: which ones of CheXlocalize; RSNA's is pneumonia.

    Raises:
        DataError: if the file is of neither format, or none of its marked films is in the folder.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} can not be read: {error} Give RSNA's CSV or CheXlocalize's JSON.") from error
    marked = list(_rsna(file, text) if file.suffix.lower() == ".csv" else _chexlocalize(file, text, findings))
    paths = _film_paths(folder)
    films = tuple(
        MarkedFilm(part.name, paths[part.name], part.patient, part.polygons, part.masks, part.frame)
        for part in marked
        if part.name in paths
    )
    if not films:
        raise DataError(
            f"None of the {len(marked)} films that {file.name} marks is in {folder}. Give the folder of the data set's "
            "films, or other --findings."
        )
    return Marks(films, len(marked) - len(films))


def _film_paths(folder: Path) -> dict[str, Path]:
    """Films by their names, and by their last three folders as CheXlocalize calls them (patient_study_view)."""
    paths = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _EXTENSIONS:
            paths["_".join((*path.relative_to(folder).parts[:-1][-2:], path.stem))] = path
            paths.setdefault(path.stem, path)
    return paths


def _rsna(file: Path, text: str) -> Iterator[MarkedFilm]:
    reader = csv.DictReader(text.splitlines())
    if missing := [column for column in _RSNA_COLUMNS if column not in (reader.fieldnames or ())]:
        raise DataError(f"{file.name} lacks the columns {', '.join(missing)}. RSNA's are {', '.join(_RSNA_COLUMNS)}.")
    boxes: dict[str, list[Float32]] = {}
    for number, line in enumerate(reader, start=2):
        if line["Target"] != "1":
            continue  # no finding: the box is empty
        try:
            x, y, width, height = (float(line[name]) for name in ("x", "y", "width", "height"))
        except ValueError:
            raise DataError(f"Line {number} of {file.name} has Target 1 but no box. Mend or remove it.") from None
        right, bottom = x + width - 1, y + height - 1  # the last pixels inside
        corners = np.array([(x, y), (right, y), (right, bottom), (x, bottom)], np.float32)
        boxes.setdefault(line["patientId"], []).append(corners)
    for name, found in boxes.items():
        yield MarkedFilm(name, Path(), name, tuple(found))


def _chexlocalize(file: Path, text: str, findings: tuple[str, ...]) -> Iterator[MarkedFilm]:
    try:
        for name, content in json.loads(text).items():
            film = _chexlocalize_film(name, content, findings)
            if film.polygons or any(mask.any() for mask in film.masks):
                yield film
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(
            f"{file.name} is not in CheXlocalize's format ({error!r}). Expected polygons with img_size, or size and "
            "counts, by film and finding."
        ) from error


def _chexlocalize_film(name: str, content: dict[str, Any], findings: tuple[str, ...]) -> MarkedFilm:
    chosen = [content[finding] for finding in findings if finding in content]
    if "img_size" in content:
        rows, columns = (int(value) for value in content["img_size"])
        polygons = tuple(np.array(polygon, np.float32).reshape(-1, 2) for part in chosen for polygon in part if polygon)
        return MarkedFilm(name, Path(), name.partition("_")[0], polygons, frame=(rows, columns))
    masks = tuple(decode_runs(part["counts"], *(int(value) for value in part["size"])) for part in chosen)
    return MarkedFilm(name, Path(), name.partition("_")[0], masks=masks, frame=masks[0].shape if masks else None)


def decode_runs(counts: str | list[int], height: int, width: int) -> NDArray[np.bool_]:
    """Decode COCO's run lengths: down the columns, unmarked and marked in turn.

    Args:
        counts: the lengths, or COCO's packing of them: six bits a character, five of them value, the lowest first,
            and from the fourth run on the difference from the run before the last.
        height: rows.
        width: columns.

    Returns:
        bool [height, width].

    Raises:
        ValueError: if the runs do not add up to the size.
    """
    runs = list(counts) if isinstance(counts, list) else _unpack(counts)
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(f"the runs add up to {sum(runs)}, not to {height} x {width}")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def _unpack(packed: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in packed:
        code = ord(character) - 48
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue  # more of this number follows
        if code & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
