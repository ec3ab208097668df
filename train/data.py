"""Data sets: a manifest CSV, or a folder for each class.

A manifest has the columns file (relative to the manifest), label, patient, split, and optionally source and
age_group. A folder of classes is split by the digest of the file's name, since such folders carry no patient.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pneumo_core.errors import DataError, ReadError
from pneumo_core.preprocess import INPUT_SIZE, to_square
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES, FilmClass

SPLITS = ("train", "val", "test")
_COLUMNS = ("file", "label", "patient", "split")
# How the folders of the public four-class sets are called ("3 kinds of pneumonia", "Curated dataset for COVID-19").
_FOLDERS = {
    FilmClass.NORMAL: ("normal",),
    FilmClass.BACTERIAL: ("bacterial", "pneumonia-bacterial", "bacterial pneumonia"),
    FilmClass.VIRAL: ("viral", "pneumonia-viral", "viral pneumonia"),
    FilmClass.COVID19: ("covid19", "covid-19", "covid"),
}
_EXTENSIONS = {".png", ".jpg", ".jpeg", ".dcm"}


@dataclass(frozen=True)
class FilmRow:
    """One labelled film of a data set; `patient` is what the splits and the bootstrap keep together."""

    path: Path
    name: str
    film_class: FilmClass
    patient: str
    split: str
    source: str = ""
    age_group: str = ""


@dataclass(frozen=True, eq=False)
class Films:
    """Films in memory: `squares` uint8 [n, S, S], squashed but not yet grey-normalised; `rows` says what they are."""

    rows: tuple[FilmRow, ...]
    squares: NDArray[np.uint8]  # [n, S, S]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class indices, int64 [n]."""
        return np.array([row.film_class.index for row in self.rows], np.int64)


def read_rows(data: Path) -> list[FilmRow]:
    """List the films of a data set.

    Args:
        data: a manifest CSV or a folder with one folder for each class.

    Raises:
        DataError: if there is nothing to read, a class is unknown or missing, or a patient is in two splits.
    """
    rows = list_rows(data)
    splits: dict[str, str] = {}
    for row in rows:
        # Rows of other splits (such as "external") are measured apart and may share nothing with these anyway.
        if row.split in SPLITS and splits.setdefault(row.patient, row.split) != row.split:
            raise DataError(
                f"A patient of {data.name} has films in both {splits[row.patient]} and {row.split} (such as "
                f"{row.name}). Splits must keep a patient together; mend the manifest."
            )
    return rows


def list_rows(data: Path) -> list[FilmRow]:
    """List the films of a data set as `read_rows` does, but whatever its splits do with patients."""
    if data.is_dir():
        return _read_folder(data)
    if data.is_file():
        return _read_manifest(data)
    raise DataError(f"{data} does not exist. Give a manifest CSV or a folder with one folder for each class.")


def _read_manifest(path: Path) -> list[FilmRow]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{path.name} lacks the columns {', '.join(missing)}. Expected: {', '.join(_COLUMNS)}.")
        rows = []
        for number, line in enumerate(reader, start=2):
            try:
                film_class = FilmClass(line["label"])
            except ValueError:
                raise DataError(
                    f"Line {number} of {path.name} has the label {line['label']!r}. Expected one of "
                    f"{', '.join(CLASSES)}."
                ) from None
            rows.append(
                FilmRow(
                    path=path.parent / line["file"],
                    name=line["file"],
                    film_class=film_class,
                    patient=line["patient"] or line["file"],
                    split=line["split"],
                    source=line.get("source") or "",
                    age_group=line.get("age_group") or "",
                )
            )
    if not rows:
        raise DataError(f"{path.name} lists no film.")
    return rows


def _read_folder(folder: Path) -> list[FilmRow]:
    by_name = {name: film_class for film_class, names in _FOLDERS.items() for name in names}
    rows = []
    for path in sorted(folder.rglob("*")):
        film_class = by_name.get(path.parent.name.lower())
        if film_class is None or path.suffix.lower() not in _EXTENSIONS:
            continue
        name = path.relative_to(folder).as_posix()
        draw = int(hashlib.sha256(path.name.encode()).hexdigest()[:8], 16) % 100
        split = "train" if draw < 70 else "val" if draw < 85 else "test"
        # Kermany's names hold the patient ("person83_bacteria_410.jpeg"): it decides the split there.
        patient = path.name.split("_")[0] if path.name.startswith("person") else name
        if patient != name:
            draw = int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) % 100
            split = "train" if draw < 70 else "val" if draw < 85 else "test"
        rows.append(FilmRow(path, name, film_class, patient, split, source=folder.name))
    missing = [film_class for film_class in CLASSES if not any(row.film_class is film_class for row in rows)]
    if missing:
        raise DataError(
            f"{folder} has no films for {', '.join(missing)}. Expected a folder for each class, named "
            f"{', '.join(CLASSES)} (or as in the Kaggle set '3 kinds of pneumonia'), with PNG, JPEG, or .dcm files."
        )
    return rows


def load_films(rows: Sequence[FilmRow], size: int = INPUT_SIZE, title: str = "Reading films") -> Films:
    """Read and squash films into memory, with a progress bar.

    Raises:
        DataError: if no row was given, or films can not be read; it names the first of them and their number.
    """
    if not rows:
        raise DataError("No film is left to read: the split asked for is empty. Check the data set's splits.")

    def load(row: FilmRow) -> NDArray[np.uint8] | ReadError | OSError:
        try:
            film = read_film(row.path.read_bytes(), row.name)
        except (ReadError, OSError) as error:
            return error
        return np.round(to_square(film.trimmed().pixels, size) * 255.0).astype(np.uint8)

    squares = np.empty((len(rows), size, size), np.uint8)
    failures = []
    with ThreadPoolExecutor() as pool:
        progress = tqdm(pool.map(load, rows), total=len(rows), desc=title, unit="film")
        for position, square in enumerate(progress):
            if isinstance(square, Exception):
                failures.append(f"{rows[position].name}: {square}")
            else:
                squares[position] = square
    if failures:
        raise DataError(
            f"{len(failures)} of {len(rows)} films can not be read, the first: {failures[0]} "
            "Remove them from the data set or mend them."
        )
    return Films(tuple(rows), squares)


def rows_digest(rows: Sequence[FilmRow]) -> str:
    """SHA-256 over the names, classes, patients, and splits of a data set: what a model card names as its data."""
    lines = sorted(f"{row.name}\t{row.film_class}\t{row.patient}\t{row.split}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def class_weights(labels: NDArray[np.int64], power: float) -> NDArray[np.float32]:
    """Weigh classes by (1 / frequency) ** power, so that the mean weight over the films is 1.

    Args:
        labels: int64 [n].
        power: 0 weighs all films the same, 1 gives every class the same sum of weights.

    Returns:
        float32 [4].

    Raises:
        DataError: if a class has no film.
    """
    counts = Counter(labels.tolist())
    missing = [film_class for film_class in CLASSES if not counts[film_class.index]]
    if missing:
        raise DataError(f"The training split has no film for {', '.join(missing)}. Each class needs at least one.")
    frequency = np.array([counts[film_class.index] for film_class in CLASSES], np.float64) / len(labels)
    weights = frequency**-power
    return (weights / (weights * frequency).sum()).astype(np.float32)


def film_shares(rows: Sequence[FilmRow], source_balance: float, class_draws: float = 0.0) -> NDArray[np.float64]:
    """How often each film is drawn: a class of n films, and a source within it, in proportion to n ** (1 - power).

    Args:
        rows: the films.
        source_balance: the power within a class; 0 draws its films alike, 1 its sources alike.
        class_draws: the power among classes; 0 leaves them their shares of the films, 1 draws them alike.

    Returns:
        float64 [n], of sum 1.
    """
    in_class = Counter(row.film_class for row in rows)
    in_source = Counter((row.film_class, row.source) for row in rows)
    weights = {key: count**-source_balance for key, count in in_source.items()}
    in_class_weight: Counter[FilmClass] = Counter()
    for key, count in in_source.items():
        in_class_weight[key[0]] += weights[key] * count
    drawn = {film_class: count ** (1 - class_draws) for film_class, count in in_class.items()}
    whole = sum(drawn.values())
    return np.array(
        [
            weights[row.film_class, row.source] / in_class_weight[row.film_class] * drawn[row.film_class] / whole
            for row in rows
        ],
        np.float64,
    )
