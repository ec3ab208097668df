"""Shortcuts, measured: what a network answers where disease can not be seen, and where only disease can.

(a) The lungs of test films are covered: what accuracy is left comes from elsewhere in the film. (b) All but the lungs
is covered. (c) Edges and corners are covered, where collimation and burned-in marks are. (d) How well the film's
source can be told from the network's own features, and how far age alone would go. (e) Films of places and kinds that
training never saw: how many normals are called normal, how much adult pneumonia is called COVID-19.
See Zech et al. 2018 (PLOS Medicine 15(11)) and DeGrave et al. 2021 (Nature Machine Intelligence 3).
"""

import csv
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from pneumo_core.lungs.segmenter import LUNGS_FOLDER, LungSegmenter
from pneumo_core.model.bundle import SUMS_FILE, load_bundle
from pneumo_core.model.engine import open_engine
from pneumo_core.model.head import load_head
from pneumo_core.preprocess import preprocess
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES, FilmClass, Float32, Radiograph
from train.bootstrap import LEVEL, RESAMPLES, draw_weights
from train.data import FilmRow, read_rows
from train.evaluate import Selection
from train.lung_covers import widen_lungs
from train.metrics import Float64, Int64, figures, softmax

_FILMS_AT_ONCE = 8
_SURE = 0.8
_MARGIN = 0.03  # of the side, that a lung mask is widened by
_MIDDLE = (0.12, 0.88)  # rows and columns that stand in for the lungs where no network finds them
_EDGE, _CORNER = 0.08, 0.2  # of the side
_FOLDS = 5
Cover = Callable[[Radiograph], NDArray[np.bool_]]
Share = dict[str, float]


@dataclass(frozen=True, eq=False)
class _Read:
    """What a bundle made of films: probabilities float64 [n, 4] and pooled features float32 [n, K]."""

    probabilities: Float64
    pooled: Float32


class _Reader:
    """A bundle as it serves, that also gives its pooled features, and reads films with a part covered."""

    def __init__(self, folder: Path) -> None:
        self._bundle = load_bundle(folder)
        self.name = self._bundle.label
        self._head = load_head(self._bundle)
        self._engine = open_engine(self._bundle)

    def read(self, paths: Sequence[Path], title: str, cover: Cover | None = None) -> _Read:
        """Read films; `cover` tells which pixels to cover with the mean of the others."""

        def prepare(path: Path) -> Float32:
            film = read_film(path.read_bytes(), path.name).trimmed()
            pixels = film.pixels
            if cover is not None:
                covered = cover(film)
                pixels[covered] = pixels[~covered].mean()
            return preprocess(pixels, self._bundle.input_size)

        pooled, logits = [], []
        with ThreadPoolExecutor() as pool, tqdm(total=len(paths), desc=title, unit="film") as progress:
            for start in range(0, len(paths), _FILMS_AT_ONCE):
                batch = np.stack(list(pool.map(prepare, paths[start : start + _FILMS_AT_ONCE])))
                pooled.append(self._engine.feature_map(batch).mean(axis=(1, 2)))
                logits.append(self._head(pooled[-1])[0])
                progress.update(len(batch))
        return _Read(softmax(np.concatenate(logits), self._bundle.temperature), np.concatenate(pooled))


def measure_shortcuts(folder: Path, data: Path, sample: int, seed: int = 0) -> dict[str, Any]:
    """Measure a bundle.

    Args:
        folder: the bundle.
        data: a manifest. Beside it may lie lungs/lungs.csv and unspecified.csv; what is not there is not measured.
        sample: films read of each set, at most.
        seed: of the samples.

    Returns:
        Plain JSON values: bundle, seed, seconds, lungs_by; test (by cover: films, accuracy, and balanced_accuracy);
        source (films, accuracy, and largest, the share of the largest source) and age (accuracy, the answer being the
        commonest class of the age group); groups (by name: films and share). Each figure has value, low, and high.

    Raises:
        DataError, BundleError, EngineError: if something can not be read.
    """
    began = time.monotonic()
    reader = _Reader(folder)
    rows = read_rows(data)
    test = Selection(sample=sample, seed=seed).rows(rows, "test")
    lungs, lungs_by = _lung_finder()
    covers: dict[str, Cover | None] = {
        "as_is": None,
        "lungs_covered": lungs,
        "only_lungs": lambda film: ~lungs(film),
        "edges_covered": _edges,
    }
    paths = [row.path for row in test]
    reads = {name: reader.read(paths, f"Test films, {name}", cover) for name, cover in covers.items()}
    return {
        "bundle": reader.name,
        "seed": seed,
        "lungs_by": lungs_by,
        "test": {name: _accuracies(test, read.probabilities) for name, read in reads.items()},
        "source": _source_from_features(test, reads["as_is"].pooled),
        "age": _age_alone(rows, test),
        "groups": _groups(reader, data, rows, sample, seed),
        "seconds": round(time.monotonic() - began),
    }


def _lung_finder() -> tuple[Cover, str]:
    """What tells where the lungs are, and its name."""
    if not (LUNGS_FOLDER / SUMS_FILE).is_file():
        return _middle, "the middle of the film"
    segmenter = LungSegmenter.load()

    def lungs(film: Radiograph) -> NDArray[np.bool_]:
        widened = widen_lungs(segmenter.mask(film).probability, film.width, film.height, _MARGIN)
        # Where no lung is found, or nothing else, there is nothing to take the covering grey from.
        return widened if widened.any() and not widened.all() else _middle(film)

    return lungs, segmenter.name


def _middle(film: Radiograph) -> NDArray[np.bool_]:
    covered = np.zeros((film.height, film.width), bool)
    covered[tuple(slice(*(round(end * side) for end in _MIDDLE)) for side in covered.shape)] = True
    return covered


def _edges(film: Radiograph) -> NDArray[np.bool_]:
    height, width = film.height, film.width
    down = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None] / height
    across = np.minimum(np.arange(width), np.arange(width)[::-1])[None] / width
    return np.asarray((down < _EDGE) | (across < _EDGE) | ((down < _CORNER) & (across < _CORNER)))


def _accuracies(rows: Sequence[FilmRow], probabilities: Float64) -> dict[str, Any]:
    labels = np.array([row.film_class.index for row in rows], np.int64)
    drawn = _draw(labels, probabilities, [row.patient for row in rows])
    balanced = np.mean([drawn[f"sensitivity_{film_class}"] for film_class in CLASSES], axis=0)
    return {
        "films": len(rows),
        "accuracy": _estimate(drawn["accuracy"]),
        "balanced_accuracy": _estimate(balanced),
    }


def _draw(labels: Int64, probabilities: Float64, patients: Sequence[str]) -> dict[str, Float64]:
    resamples = draw_weights(patients, RESAMPLES, np.random.default_rng(0))
    return figures(labels, probabilities, np.concatenate([np.ones((1, len(labels))), resamples]))


def _estimate(drawn: Float64) -> Share:
    low, high = np.nanquantile(drawn[1:], ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return {name: round(float(value), 4) for name, value in (("value", drawn[0]), ("low", low), ("high", high))}


def _share(hits: NDArray[np.bool_], patients: Sequence[str]) -> dict[str, Any]:
    """The share of films for which something holds."""
    resamples = draw_weights(patients, RESAMPLES, np.random.default_rng(0))
    weights = np.concatenate([np.ones((1, len(hits))), resamples])
    return {"films": len(hits), "share": _estimate((weights @ hits) / weights.sum(axis=1))}


def _source_from_features(rows: Sequence[FilmRow], pooled: Float32) -> dict[str, Any]:
    """How often a logistic regression on the features names a film's source, cross-validated by patient."""
    sources = np.array([row.source for row in rows])
    counted = Counter(sources.tolist())
    kept = np.array([counted[source] >= 2 * _FOLDS for source in sources])
    patients = np.array([row.patient for row in rows])[kept]
    if len(set(sources[kept])) < 2 or len(set(patients)) < _FOLDS:
        return {}
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    told = cross_val_predict(model, pooled[kept], sources[kept], groups=patients, cv=GroupKFold(_FOLDS))
    found = _share(told == sources[kept], patients.tolist())
    largest = max(Counter(sources[kept].tolist()).values()) / int(kept.sum())
    return {"films": found["films"], "accuracy": found["share"], "largest": round(largest, 4)}


def _age_alone(rows: Sequence[FilmRow], test: Sequence[FilmRow]) -> dict[str, Any]:
    """How often the commonest class of a film's age group in train is right."""
    counted: dict[str, Counter[FilmClass]] = {}
    for row in rows:
        if row.split == "train":
            counted.setdefault(row.age_group, Counter())[row.film_class] += 1
    whole: Counter[FilmClass] = sum(counted.values(), Counter())
    answers = [counted.get(row.age_group, whole).most_common(1)[0][0] for row in test]
    right = np.array([answer is row.film_class for answer, row in zip(answers, test, strict=True)])
    found = _share(right, [row.patient for row in test])
    return {"films": found["films"], "accuracy": found["share"]}


def _groups(reader: _Reader, data: Path, rows: Sequence[FilmRow], sample: int, seed: int) -> dict[str, Any]:
    """Films that training never saw, by what the right answer to them is or is not."""
    found: dict[str, Any] = {}
    if any(row.split == "external" for row in rows):
        external = Selection(("external",), sample=sample, seed=seed).rows(rows, "external")
        probabilities = reader.read([row.path for row in external], "External films").probabilities
        pneumonia = (FilmClass.BACTERIAL, FilmClass.VIRAL)
        for name, wanted, hits in (
            ("external_normal_called_normal", (FilmClass.NORMAL,), _called(probabilities, FilmClass.NORMAL)),
            ("external_covid19_called_covid19", (FilmClass.COVID19,), _called(probabilities, FilmClass.COVID19)),
            ("external_pneumonia_surely_covid19", pneumonia, _surely_covid19(probabilities)),
        ):
            chosen = np.array([row.film_class in wanted for row in external])
            if chosen.any():
                patients = [row.patient for row, use in zip(external, chosen, strict=True) if use]
                found[name] = _share(hits[chosen], patients)
    lungs, unspecified = data.parent / "lungs" / "lungs.csv", data.parent / "unspecified.csv"
    if lungs.is_file():
        paths, patients = _listed(lungs, "film", {"tuberculosis": "0"}, sample, seed)
        probabilities = reader.read(paths, "Normals of lungs").probabilities
        found["lungs_normal_called_normal"] = _share(_called(probabilities, FilmClass.NORMAL), patients)
    if unspecified.is_file():
        paths, patients = _listed(unspecified, "file", {}, sample, seed)
        probabilities = reader.read(paths, "Unspecified pneumonia").probabilities
        found["unspecified_surely_covid19"] = _share(_surely_covid19(probabilities), patients)
    return found


def _listed(file: Path, column: str, wanted: dict[str, str], sample: int, seed: int) -> tuple[list[Path], list[str]]:
    """(paths, patients) of at most so many films of a list, drawn at random; `column` holds the films' names."""
    with file.open(newline="", encoding="utf-8") as lines:
        chosen = [line for line in csv.DictReader(lines) if all(line[key] == value for key, value in wanted.items())]
    if len(chosen) > sample:
        drawn = np.random.default_rng(seed).choice(len(chosen), sample, replace=False)
        chosen = [chosen[position] for position in sorted(drawn)]
    return [file.parent / line[column] for line in chosen], [line.get("patient") or line[column] for line in chosen]


def _called(probabilities: Float64, film_class: FilmClass) -> NDArray[np.bool_]:
    return np.asarray(probabilities.argmax(axis=1) == film_class.index)


def _surely_covid19(probabilities: Float64) -> NDArray[np.bool_]:
    return _called(probabilities, FilmClass.COVID19) & (probabilities[:, FilmClass.COVID19.index] > _SURE)
