"""Logits of many films, from a bundle as it serves or from a training run."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pneumo_core.errors import DataError, ReadError, RunError
from pneumo_core.model.classifier import Classifier
from pneumo_core.preprocess import preprocess
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES, FilmClass, Float32, Radiograph
from train.data import FilmRow
from train.metrics import Float64, Int64, softmax
from train.run import RunDirectory

_FILMS_AT_ONCE = 32
Change = Callable[[Sequence[Radiograph]], Sequence[Radiograph]]


@dataclass(frozen=True)
class Predictor:
    """Something that gives logits for films.

    Attributes:
        name: what it is, for reports.
        temperature: the positive divisor of its logits.
        logits: films -> float32 [n, 4].
    """

    name: str
    temperature: float
    logits: Callable[[Sequence[Radiograph]], Float32]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Films and the logits that one predictor gave them, float32 [n, 4]."""

    rows: tuple[FilmRow, ...]
    logits: Float32  # [n, 4]
    temperature: float

    @property
    def labels(self) -> Int64:
        """Class indices, int64 [n]."""
        return np.array([row.film_class.index for row in self.rows], np.int64)

    @property
    def patients(self) -> list[str]:
        """Who each film is of."""
        return [row.patient for row in self.rows]

    @property
    def probabilities(self) -> Float64:
        """Calibrated probabilities, float64 [n, 4]."""
        return softmax(self.logits, self.temperature)

    def where(self, chosen: Callable[[FilmRow], bool]) -> "Predictions":
        """The films for which `chosen` holds."""
        mask = np.array([chosen(row) for row in self.rows], bool)
        return Predictions(
            tuple(row for row in self.rows if chosen(row)), self.logits[mask.nonzero()[0]], self.temperature
        )

    def among(self, classes: Sequence[FilmClass]) -> "Predictions":
        """The films of these classes, as if no other answer were allowed: the other logits are minus infinity."""
        chosen = self.where(lambda row: row.film_class in classes)
        allowed = np.array([film_class in classes for film_class in CLASSES])
        return Predictions(chosen.rows, np.where(allowed, chosen.logits, -np.inf), self.temperature)


def bundle_predictor(folder: Path, engine: str = "auto") -> Predictor:
    """Make a predictor of a bundle: the same code that serves the reader, from file to logits.

    Raises:
        BundleError, EngineError: if there is no sound bundle, or no engine for it.
    """
    return classifier_predictor(load_classifier(folder, engine))


def load_classifier(folder: Path, engine: str = "auto") -> Classifier:
    """Load a bundle, and print how far its engine is where that takes long; raises as `Classifier.load` does."""
    return Classifier.load(folder, engine, lambda share, step: print(f"{share:4.0%} {step}", flush=True))


def classifier_predictor(classifier: Classifier) -> Predictor:
    """Make a predictor of a classifier."""

    def logits(films: Sequence[Radiograph]) -> Float32:
        return np.stack([reading.prediction.logits for reading in classifier.read(films)])

    name = f"bundle {classifier.name} on {classifier.engine.name}"
    return Predictor(name, classifier.bundle.temperature, logits)


def run_predictor(run: RunDirectory) -> Predictor:
    """Make a predictor of the best weights of a training run, in Keras and not calibrated.

    Raises:
        RunError: if there is no run or it has no weights yet.
        BundleError: if the weights do not fit the run's settings.
    """
    # A bundle needs no Keras to be evaluated.
    from pneumo_core.model.architecture import build_model

    settings = run.config()["settings"]
    if not run.best_file.exists():
        raise RunError(f"{run.path} has no weights yet: {run.best_file.name} is missing. Let its first epoch finish.")
    model = build_model(settings["backbone"], settings["head"], run.best_file, settings["size"])

    def logits(films: Sequence[Radiograph]) -> Float32:
        batch = np.stack([preprocess(film.trimmed().pixels, settings["size"]) for film in films])
        return np.asarray(model.predict_on_batch(batch), np.float32)

    return Predictor(f"run {run.path.name}, best epoch, in Keras, not calibrated", 1.0, logits)


def predict(predictor: Predictor, rows: Sequence[FilmRow], title: str, change: Change | None = None) -> Predictions:
    """Predict films from their files, with a progress bar.

    Args:
        predictor: what predicts.
        rows: the films.
        title: of the progress bar.
        change: what is done to the films first, such as reducing them in size.

    Raises:
        DataError: if there is no film, or one can not be read.
    """
    if not rows:
        raise DataError("No film is left to predict. Check --split, --sources, and --classes.")
    logits = []
    with tqdm(total=len(rows), desc=title, unit="film") as progress:
        for films in read_in_groups(rows):
            logits.append(predictor.logits(change(films) if change else films))
            progress.update(len(films))
    return Predictions(tuple(rows), np.concatenate(logits), predictor.temperature)


def read_in_groups(rows: Sequence[FilmRow]) -> Iterator[list[Radiograph]]:
    """Read films in threads, a group at a time, so that memory does not grow with their number.

    Raises:
        DataError: if a film can not be read.
    """
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(rows), _FILMS_AT_ONCE):
            yield list(pool.map(_read, rows[start : start + _FILMS_AT_ONCE]))


def _read(row: FilmRow) -> Radiograph:
    try:
        return read_film(row.path.read_bytes(), row.name)
    except (ReadError, OSError) as error:
        raise DataError(
            f"{row.name} can not be read: {error} Remove it from the data set or mend it, so that the figures tell "
            "which films they are of."
        ) from error


def reduce_films(films: Sequence[Radiograph], side: int) -> list[Radiograph]:
    """Reduce films to at most `side` rows and columns by averaging over areas, as a poor copy has them."""
    return [
        replace(
            film,
            grey=cv2.resize(film.grey, (min(side, film.width), min(side, film.height)), interpolation=cv2.INTER_AREA),
        )
        for film in (film.trimmed() for film in films)
    ]


def write_predictions(path: Path, predictions: Sequence[Predictions]) -> None:
    """Write one line a film: what it is, its logits and probabilities in the order of the classes, and the answer."""
    columns = ["file", "label", "patient", "source", "age_group", "split"]
    columns += [f"{kind}_{film_class}" for kind in ("logit", "probability") for film_class in CLASSES]
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "answer"])
        for part in predictions:
            for row, logits, probabilities in zip(part.rows, part.logits, part.probabilities, strict=True):
                about = (row.name, row.film_class, row.patient, row.source, row.age_group, row.split)
                answer = CLASSES[int(probabilities.argmax())]
                writer.writerow((*about, *_plain(logits), *_plain(probabilities), answer))
    os.replace(partial, path)


def read_predictions(path: Path, temperature: float) -> dict[str, Predictions]:
    """Read what `write_predictions` wrote, by split; the rows' paths are their names.

    Args:
        path: predictions.csv.
        temperature: of the predictor, as metrics.json beside the file tells it.
    """
    rows: dict[str, list[FilmRow]] = {}
    logits: dict[str, list[list[float]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            split, name = line["split"], line["file"]
            about = (FilmClass(line["label"]), line["patient"], split, line["source"], line["age_group"])
            rows.setdefault(split, []).append(FilmRow(Path(name), name, *about))
            logits.setdefault(split, []).append([float(line[f"logit_{film_class}"]) for film_class in CLASSES])
    return {split: Predictions(tuple(rows[split]), np.array(logits[split], np.float32), temperature) for split in rows}


def _plain(values: NDArray[np.floating]) -> list[str]:
    return [f"{value:.6g}" for value in values]
