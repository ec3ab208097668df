"""The index of similar films of a bundle whose features are the greys of the film's parts."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_ins import TEST_CARD
from tiny_training import write_manifest

from pneumo_core.errors import DataError, RunError
from pneumo_core.model import classifier as classifier_module
from pneumo_core.model.bundle import Bundle, load_bundle, write_bundle
from pneumo_core.reading import read_film
from pneumo_core.selftest import PHANTOMS
from pneumo_core.similar import SimilarIndex, load_index
from pneumo_core.similar.index import NEIGHBOURS
from pneumo_core.types import CLASSES
from train import promote as promote_module
from train.__main__ import main
from train.data import read_rows, rows_digest
from train.run import RunDirectory
from train.similar import FeatureKeeper, _draw, index_bundle, make_index

SIDE, CHANNELS = 64, 16
FILMS = {"train": 80, "val": 24, "test": 8}


class PartsEngine:
    """Gives the greys of 4 x 4 parts of the film as 16 channels of a map of one cell, and counts the films."""

    name = "parts"

    def __init__(self) -> None:
        self.films = 0

    def feature_map(self, batch: np.ndarray) -> np.ndarray:
        self.films += len(batch)
        small = np.stack([cv2.resize(film[..., 0], (4, 4), interpolation=cv2.INTER_AREA) for film in batch])
        return small.reshape(len(batch), 1, 1, CHANNELS) / 255


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> PartsEngine:
    made = PartsEngine()
    monkeypatch.setattr(classifier_module, "open_engine", lambda bundle, engine, progress: made)
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Films with one bright part, which tells the class, and noise; classes of different size."""
    random, lines = np.random.default_rng(0), []
    for split, films in FILMS.items():
        for number in range(films):
            film_class = CLASSES[[0, 0, 1, 2, 3][number % 5]]
            film = np.full((SIDE, SIDE), 100.0)
            column = 16 * film_class.index
            film[16:32, column : column + 16] += 90
            film += random.normal(0, 12, film.shape)
            name = f"{split}-{number}.png"
            cv2.imwrite(str(tmp_path / name), np.clip(film, 0, 255).astype(np.uint8))
            lines.append((name, str(film_class), name, split, f"from-{number % 2}", "adult" if number % 3 else ""))
    return write_manifest(tmp_path / "manifest.csv", lines)


@pytest.fixture
def bundle(tmp_path: Path, data: Path) -> Bundle:
    """A TEST OBJECT that was trained on nothing and says that it was on these films."""
    random = np.random.default_rng(1)
    return write_bundle(
        tmp_path / "test-object",
        backbone="efficientnetb0",
        head="linear",
        weights=[("head_logits/kernel", random.normal(size=(CHANNELS, 4))), ("head_logits/bias", np.zeros(4))],
        temperature=1.0,
        metrics={},
        training={},
        data_manifest_sha256=rows_digest(read_rows(data)),
        card=TEST_CARD,
        input_size=SIDE,
    )


def places(index: SimilarIndex, engine: PartsEngine, folder: Path) -> dict[str, np.ndarray]:
    """Where the films of the index lie, computed from their files anew."""
    from pneumo_core.preprocess import preprocess

    found = {}
    for film in index.films:
        radiograph = read_film((folder / film.name).read_bytes(), film.name)
        pooled = engine.feature_map(preprocess(radiograph.pixels, SIDE)[None]).mean(axis=(1, 2))
        found[film.name] = index.place(pooled)[0]
    return found


def test_the_command_writes_an_index_that_finds_films_of_the_same_kind(
    bundle: Bundle, data: Path, engine: PartsEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["similar", "--bundle", str(bundle.folder), "--data", str(data)]) == 0
    written = load_bundle(bundle.folder)
    printed = capsys.readouterr().out
    assert f"which is {written.label} now" in printed
    assert written.digest != bundle.digest
    index = load_index(written, CHANNELS)
    assert index is not None
    rows = {row.name: row for row in read_rows(data) if row.split == "train"}
    assert [film.name for film in index.films] == list(rows)
    for film in index.films:
        row = rows[film.name]
        assert (film.film_class, film.source, film.age_group) == (row.film_class, row.source, row.age_group)
    assert index.measured["val_films"] == FILMS["val"]
    assert (
        index.measured["agreement"][index.measured["compared_by"]] > 0.9
    )  # the bright part tells the class; by chance 0.25
    assert index.measured["agreement"][index.measured["compared_by"]] == max(index.measured["agreement"].values())
    assert f'"val_films": {FILMS["val"]}' in printed
    assert engine.films == FILMS["train"] + FILMS["val"]  # each film was read once, those of test never
    # What lies in the bundle is where the films lie when they are read again, but for half precision.
    again = places(index, engine, data.parent)
    spread = np.abs(index.places).max()
    for film, place in zip(index.films, index.places, strict=True):
        np.testing.assert_allclose(place, again[film.name], atol=2e-3 * spread)


def test_the_figures_are_those_of_plain_counting(bundle: Bundle, data: Path, engine: PartsEngine) -> None:
    keeper, rows = FeatureKeeper(bundle.folder), read_rows(data)
    index = make_index(keeper, rows)
    val = [row for row in rows if row.split == "val"]
    features, logits, digests = keeper.features(val, "val")
    own, disagree, right, means = [], [], [], []
    for row, pooled, logit, digest in zip(val, features, logits, digests, strict=True):
        found = index.nearest(pooled, digest)
        labels = [film.film_class for film in found.films]
        assert len(labels) == NEIGHBOURS
        own.append(labels.count(row.film_class))
        disagree.append(labels.count(CLASSES[logit.argmax()]) < NEIGHBOURS / 2)
        right.append(CLASSES[logit.argmax()] is row.film_class)
        means.append(found.mean_distance)
    by_class = [
        np.mean([count / NEIGHBOURS for count, row in zip(own, val, strict=True) if row.film_class is film_class])
        for film_class in CLASSES
    ]
    measured = index.measured
    assert measured["agreement"][measured["compared_by"]] == pytest.approx(np.mean(by_class), abs=1e-4)
    assert measured["most_have_own_label"] == pytest.approx(np.mean([count > 4 for count in own]), abs=1e-4)
    assert measured["disagree"] == pytest.approx(np.mean(disagree), abs=1e-4)
    assert 0 < np.sum(disagree) < len(val)  # a random head: both happen
    where = [ok for ok, flag in zip(right, disagree, strict=True) if flag]
    assert measured["right_where_they_disagree"] == pytest.approx(np.mean(where), abs=1e-4)
    assert sum(mean > index.usual for mean in means) == 1  # 99 % of 24 films: one lies beyond
    assert index.usual < max(means)


def test_films_that_were_predicted_before_are_not_read_again(bundle: Bundle, data: Path, engine: PartsEngine) -> None:
    keeper, rows = FeatureKeeper(bundle.folder), read_rows(data)
    some = [row for row in rows if row.split == "train"][10:30]
    predictions = keeper.predict(some, "some")
    fresh = make_index(FeatureKeeper(bundle.folder), rows)
    engine.films = 0
    index = make_index(keeper, rows)
    assert engine.films == FILMS["train"] + FILMS["val"] - len(some)
    np.testing.assert_array_equal(index.places, fresh.places)
    assert index.films == fresh.films
    _, logits, _ = keeper.features(some, "some")
    np.testing.assert_array_equal(logits, predictions.logits)


def test_a_sample_is_drawn_from_each_class_by_its_share(bundle: Bundle, data: Path, engine: PartsEngine) -> None:
    train = [row for row in read_rows(data) if row.split == "train"]
    drawn = _draw(train, 20, 5)
    assert [sum(row.film_class is film_class for row in drawn) for film_class in CLASSES] == [8, 4, 4, 4]
    assert drawn == _draw(train, 20, 5) != _draw(train, 20, 6)
    assert drawn == [row for row in train if row in drawn]
    assert _draw(train, 0, 5) == _draw(train, 80, 5) == train
    _, index = index_bundle(bundle.folder, data, films=20)
    assert len(index.films) == 20
    assert index.measured["train_is_a_sample"]
    assert engine.films == 20 + FILMS["val"]


def test_other_data_than_the_bundles_is_refused(bundle: Bundle, data: Path, engine: PartsEngine) -> None:
    rows = read_rows(data)
    lines = [(row.name, str(row.film_class), row.patient, row.split, row.source, row.age_group) for row in rows[:-1]]
    other = write_manifest(data.parent / "other.csv", lines)
    with pytest.raises(RunError, match="trained on another data set"):
        index_bundle(bundle.folder, other)
    assert load_bundle(bundle.folder).digest == bundle.digest
    assert engine.films == 0


def test_too_few_films_are_refused(bundle: Bundle, data: Path, engine: PartsEngine) -> None:
    with pytest.raises(DataError, match="more than 8 are needed"):
        index_bundle(bundle.folder, data, films=5)
    assert load_bundle(bundle.folder).digest == bundle.digest


class Network:
    """Stands in for the trained network of a run: a linear head on the engine's features."""

    def __init__(self, *arguments: object) -> None:
        random = np.random.default_rng(2)
        self._weights = [random.normal(size=(CHANNELS, 4)), np.zeros(4)]
        self.layers: list[object] = []

    def get_weights(self) -> list[np.ndarray]:
        return self._weights


def test_promotion_makes_the_index_and_reads_no_film_twice(
    tmp_path: Path, data: Path, engine: PartsEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDirectory(tmp_path / "run")
    settings = {"data": str(data), "backbone": "efficientnetb0", "head": "linear", "size": SIDE, "weights": "none"}
    digest = rows_digest(read_rows(data))
    run.create({"settings": {**settings, "unfreeze_from": ""}, "data_sha256": digest, "versions": {}})
    run.log("epoch", epoch=0, val_accuracy=0.5, best=True)
    run.best_file.touch()
    monkeypatch.setattr(promote_module, "build_model", Network)
    monkeypatch.setattr(promote_module, "weight_names", lambda model: ["head_logits/kernel", "head_logits/bias"])
    bundle = promote_module.promote(promote_module.Promotion(run, "promoted", data, "", tmp_path / "models"))
    phantoms = len(list(PHANTOMS.glob("*.dcm")))
    assert engine.films == sum(FILMS.values()) + phantoms
    index = load_index(bundle, CHANNELS)
    assert index is not None
    assert [film.name for film in index.films] == [row.name for row in read_rows(data) if row.split == "train"]
    fresh = make_index(FeatureKeeper(bundle.folder), read_rows(data))
    np.testing.assert_array_equal(index.places, fresh.places)
    assert index.measured == fresh.measured
