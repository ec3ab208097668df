"""Make a bundle's index of similar films: where its training films lie for its network, and what val says of that.

The features of a film are the network's last feature map, averaged over rows and columns. They are standardised and
projected on principal components. How places are compared (whitened or not, by distance or by direction) is chosen by
the films of val, of whom none is in train: the way by which most of their nearest training films have their own label.
On 1,000 films of train and 300 of val, drawn from each class, with pneumo-b7@e0d3bdf5e6cb that was a share of 0.814 by
direction, 0.810 by distance, 0.79 by whitened direction, and 0.67 by whitened distance (mean of the classes). For 13 of
those 300 fewer than half of the nearest films had the most probable class as their label: it was right for 4 of the 13,
and for 0.90 of the others.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from pneumo_core.errors import DataError, RunError
from pneumo_core.model.bundle import Bundle, load_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.engine import Engine
from pneumo_core.similar.index import NEIGHBOURS, SimilarIndex, film_digest, put_index
from pneumo_core.types import CLASSES, Float32, Radiograph, SimilarFilms, TrainingFilm
from train.data import FilmRow, read_rows, rows_digest
from train.evaluate import Selection
from train.metrics import Float64, Int64
from train.predict import Predictions, Predictor, classifier_predictor, load_classifier, predict

COMPONENTS = 64
_USUAL = 0.99  # share of val whose mean distance is usual
_LEAST_VARIANCE = 1e-6  # of the first component's; what varies less is rounding, and whitening would blow it up
_WAYS = ("distance", "whitened distance", "direction", "whitened direction")


class _Recorder:
    """An engine that keeps the mean of each feature map that it gives."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.kept: list[Float32] = []
        self._engine = engine

    def feature_map(self, batch: Float32) -> Float32:
        maps = self._engine.feature_map(batch)
        self.kept += list(maps.mean(axis=(1, 2)))
        return maps


class FeatureKeeper:
    """A bundle that keeps the features of the films that it predicts: no film has to be read twice.

    Attributes:
        classifier: the bundle's.
    """

    def __init__(self, folder: Path, engine: str = "auto") -> None:
        """Load the bundle.

        Raises:
            BundleError, EngineError: if there is no sound bundle, or no engine for it.
        """
        self.classifier: Classifier = load_classifier(folder, engine)
        self._recorder = _Recorder(self.classifier.engine)
        self.classifier.engine = self._recorder
        self._digests: list[str] = []
        self._seen: dict[str, tuple[Float32, Float32, str]] = {}  # features [K], logits [4], digest, by name

    def predict(self, rows: Sequence[FilmRow], title: str) -> Predictions:
        """Predict films with a progress bar, as `train.predict.predict` does, and keep their features."""
        self._recorder.kept.clear()
        self._digests.clear()
        predictor = classifier_predictor(self.classifier)

        def logits(films: Sequence[Radiograph]) -> Float32:
            self._digests += [film_digest(film.digest) for film in films]
            return predictor.logits(films)

        found = predict(Predictor(predictor.name, predictor.temperature, logits), rows, title)
        seen = zip(self._recorder.kept, found.logits, self._digests, strict=True)
        self._seen |= zip((row.name for row in rows), seen, strict=True)
        return found

    def features(self, rows: Sequence[FilmRow], title: str) -> tuple[Float32, Float32, list[str]]:
        """Give (features float32 [n, K], logits float32 [n, 4], digests) of films; those not seen yet are read."""
        if unseen := [row for row in rows if row.name not in self._seen]:
            self.predict(unseen, title)
        features, logits, digests = zip(*(self._seen[row.name] for row in rows), strict=True)
        return np.stack(features), np.stack(logits), list(digests)


def index_bundle(folder: Path, data: Path, films: int = 0, seed: int = 0) -> tuple[Bundle, SimilarIndex]:
    """Make the index of a bundle and write it into the bundle.

    Args:
        folder: the bundle's folder.
        data: the data set that it was trained on.
        films: at most about so many films of train, drawn from each class by its share; 0 takes all.
        seed: of the draw.

    Returns:
        The bundle, with its new digest, and the index.

    Raises:
        BundleError, EngineError: if there is no sound bundle, or no engine for it.
        RunError: if the bundle was trained on another data set.
        DataError: if train or val is empty or too small, or a film can not be read.
    """
    bundle, rows = load_bundle(folder), read_rows(data)
    if bundle.data_manifest_sha256 != rows_digest(rows):
        raise RunError(
            f"The bundle {bundle.name} was trained on another data set than {data}: its films are not those that the "
            "network learned from. Give --data the data set of the bundle."
        )
    index = make_index(FeatureKeeper(folder), rows, films, seed)
    return put_index(folder, index), index


def make_index(keeper: FeatureKeeper, rows: Sequence[FilmRow], films: int = 0, seed: int = 0) -> SimilarIndex:
    """Make an index of films of train; see `index_bundle`, which also says what is raised.

    Args:
        keeper: the bundle; films of which it has the features are not read again.
        rows: the whole data set.
        films: at most about so many films of train; 0 takes all.
        seed: of their draw.
    """
    train = _draw(Selection().rows(rows, "train"), films, seed)
    val = Selection().rows(rows, "val")
    if len(train) <= NEIGHBOURS:
        raise DataError(f"Train has {len(train)} films to be found; more than {NEIGHBOURS} are needed for an index.")
    features, _, digests = keeper.features(train, "Features of train")
    of_val, logits, val_digests = keeper.features(val, "Features of val")
    about = tuple(
        TrainingFilm(row.name, row.film_class, row.source, row.age_group, digest)
        for row, digest in zip(train, digests, strict=True)
    )
    ways = _fit(features, about)
    found = {
        way: [index.nearest(pooled, digest) for pooled, digest in zip(of_val, val_digests, strict=True)]
        for way, index in ways.items()
    }
    labels = np.array([row.film_class.index for row in val], np.int64)
    agreement = {way: _agreement(similar, labels) for way, similar in found.items()}
    best = max(agreement, key=agreement.__getitem__)
    measured = {
        "compared_by": best,
        "agreement": {way: round(share, 4) for way, share in agreement.items()},
        **_judge(found[best], labels, logits.argmax(axis=1)),
        "train_is_a_sample": films > 0,
    }
    distances = [similar.mean_distance for similar in found[best]]
    return dataclasses.replace(ways[best], usual=float(np.quantile(distances, _USUAL)), measured=measured)


def _draw(rows: list[FilmRow], films: int, seed: int) -> list[FilmRow]:
    """Draw films from each class by its share, at least one of each, in the order of the data set."""
    if not 0 < films < len(rows):
        return rows
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    for film_class in CLASSES:
        of_class = [at for at, row in enumerate(rows) if row.film_class is film_class]
        count = max(round(films * len(of_class) / len(rows)), 1)
        chosen += random.choice(of_class, min(count, len(of_class)), replace=False).tolist()
    return [rows[at] for at in sorted(chosen)]


def _fit(features: Float32, about: tuple[TrainingFilm, ...]) -> dict[str, SimilarIndex]:
    """Fit an index for each of `_WAYS` to the features of train, float32 [n, K]."""
    centre = features.mean(axis=0)
    scale = features.std(axis=0)
    scale[scale == 0] = 1.0
    components = min(COMPONENTS, len(features) - 1, features.shape[1])
    fitted = PCA(components, svd_solver="covariance_eigh").fit(((features - centre) / scale).astype(np.float64))
    spread = np.sqrt(fitted.explained_variance_)  # [D]
    kept = spread**2 > _LEAST_VARIANCE * spread[0] ** 2
    plain = (fitted.components_.T / scale[:, None])[:, kept]  # [K, D]
    ways = {}
    for way in _WAYS:
        projection = (plain / spread[kept] if way.startswith("whitened") else plain).astype(np.float32)
        empty = np.zeros((len(about), projection.shape[1]), np.float32)
        index = SimilarIndex(centre, projection, way.endswith("direction"), empty, about, 1.0, {})
        # As the bundle will hold them: what is measured is what is served.
        places = index.place(features).astype(np.float16).astype(np.float32)
        ways[way] = dataclasses.replace(index, places=places)
    return ways


def _shares(found: Sequence[SimilarFilms], labels: Int64) -> Float64:
    """For each film the share of its nearest films that have the label given for it, float64 [n]."""
    return np.array(
        [
            np.mean([film.film_class.index == label for film in similar.films])
            for similar, label in zip(found, labels, strict=True)
        ]
    )


def _agreement(found: Sequence[SimilarFilms], labels: Int64) -> float:
    """The mean share of nearest films with the film's own label: the mean of the classes' means."""
    shares = _shares(found, labels)
    return float(np.mean([shares[labels == label].mean() for label in np.unique(labels)]))


def _judge(found: Sequence[SimilarFilms], labels: Int64, answers: Int64) -> dict[str, Any]:
    """What the nearest films say of the network's most probable classes on val."""
    own, disagrees = _shares(found, labels), _shares(found, answers) < 0.5
    right = answers == labels

    def share(mask: Any) -> float | None:
        return round(float(right[mask].mean()), 4) if mask.any() else None

    return {
        "val_films": len(labels),
        "most_have_own_label": round(float((own > 0.5).mean()), 4),
        "disagree": round(float(disagrees.mean()), 4),
        "right_where_they_disagree": share(disagrees),
        "right_elsewhere": share(~disagrees),
    }
