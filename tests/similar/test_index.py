"""The index of similar films: what is nearest, the round trip through a bundle, and whatever can be wrong with it."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from stand_ins import noise_films

from pneumo_core.errors import BundleError
from pneumo_core.model.bundle import SUMS_FILE, Bundle, load_bundle, write_sums
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.head import load_head
from pneumo_core.similar import SimilarIndex, load_index
from pneumo_core.similar.index import INDEX_FILE, NEIGHBOURS, PLACES_FILE, film_digest, index_files, put_index
from pneumo_core.types import CLASSES, TrainingFilm

FILMS = 40


def make_index(channels: int = 6, components: int = 3, unit_length: bool = False) -> SimilarIndex:
    """A TEST OBJECT: seeded random places of films that do not exist."""
    random = np.random.default_rng(3)
    films = tuple(
        TrainingFilm(
            name=f"films/{number}.png",
            film_class=CLASSES[number % 4],
            source=("", "köln/β", "elsewhere")[number % 3],
            age_group=("adult", "paediatric")[number % 2],
            digest=film_digest(hashlib.sha256(f"{number}".encode()).hexdigest()),
        )
        for number in range(FILMS)
    )
    index = SimilarIndex(
        centre=random.normal(size=channels).astype(np.float32),
        projection=random.normal(size=(channels, components)).astype(np.float32),
        unit_length=unit_length,
        places=np.zeros((FILMS, components), np.float32),
        films=films,
        usual=1.5,
        measured={"val_films": 7},
    )
    places = index.place(random.normal(size=(FILMS, channels)).astype(np.float32))
    return dataclasses.replace(index, places=places.astype(np.float16).astype(np.float32))


@pytest.fixture
def bundle(small_bundle: Bundle, tmp_path: Path) -> Bundle:
    """The TEST OBJECT in a folder of its own."""
    shutil.copytree(small_bundle.folder, tmp_path / "test-object")
    return load_bundle(tmp_path / "test-object")


@pytest.mark.parametrize("unit_length", [False, True])
def test_the_nearest_are_those_of_plain_arithmetic(unit_length: bool) -> None:
    index = make_index(unit_length=unit_length)
    pooled = np.random.default_rng(5).normal(size=6).astype(np.float32)
    place = (pooled.astype(np.float64) - index.centre) @ index.projection.astype(np.float64)
    if unit_length:
        place /= np.sqrt((place**2).sum())
    distances = np.sqrt(((index.places - place) ** 2).sum(axis=1))
    order = sorted(range(FILMS), key=lambda at: distances[at])[:NEIGHBOURS]
    found = index.nearest(pooled, "f" * 64)
    assert found.films == tuple(index.films[at] for at in order)
    np.testing.assert_allclose(found.distances, distances[order], rtol=1e-5)
    assert found.mean_distance == pytest.approx(distances[order].mean(), rel=1e-5)
    assert (found.usual, found.is_training_film) == (1.5, False)


def test_a_training_film_is_known_and_not_called_like_itself() -> None:
    index = make_index()
    itself = hashlib.sha256(b"11").hexdigest()
    pooled = np.linalg.pinv(index.projection.T) @ index.places[11] + index.centre
    assert index.nearest(pooled, "f" * 64).films[0] is index.films[11]
    found = index.nearest(pooled, itself)
    assert found.is_training_film
    assert index.films[11] not in found.films
    assert len(found.films) == NEIGHBOURS


def test_a_small_index_gives_all_it_has() -> None:
    index = make_index()
    small = dataclasses.replace(index, places=index.places[:3], films=index.films[:3])
    assert len(small.nearest(index.centre, "f" * 64).films) == 3


def test_an_index_that_does_not_fit_together_is_not_made() -> None:
    index = make_index()
    for wrong in (
        {"places": index.places[1:]},
        {"centre": index.centre[1:]},
        {"films": index.films[:1], "places": index.places[:1]},
        {"projection": np.full_like(index.projection, np.nan)},
        {"usual": 0.0},
        {"usual": float("nan")},
    ):
        with pytest.raises(ValueError, match=r"expected|not finite"):
            dataclasses.replace(index, **wrong)


def test_what_half_precision_can_not_hold_is_not_written() -> None:
    index = make_index()
    with pytest.raises(ValueError, match="too far out"):
        index_files(dataclasses.replace(index, places=index.places * 1e6))


def test_the_index_comes_back_from_the_bundle_as_it_was(bundle: Bundle) -> None:
    index = make_index()
    assert load_index(bundle, 6) is None
    written = put_index(bundle.folder, index)
    assert written.digest != bundle.digest
    assert written.files == bundle.files | {INDEX_FILE, PLACES_FILE}
    again = load_index(written, 6)
    assert again is not None
    for name in ("centre", "projection", "places"):
        np.testing.assert_array_equal(getattr(again, name), getattr(index, name))
    for name in ("unit_length", "films", "usual", "measured"):
        assert getattr(again, name) == getattr(index, name)
    size = (written.folder / PLACES_FILE).stat().st_size
    assert size == 4 * 6 + 4 * 6 * 3 + 2 * FILMS * 3
    assert sorted(path.name for path in bundle.folder.parent.iterdir()) == [bundle.folder.name]  # nothing left over


def test_an_index_replaces_the_one_before_it(bundle: Bundle) -> None:
    first = put_index(bundle.folder, make_index())
    second = put_index(bundle.folder, dataclasses.replace(make_index(), usual=2.5))
    assert second.digest != first.digest
    index = load_index(second, 6)
    assert index is not None
    assert index.usual == 2.5
    assert put_index(bundle.folder, make_index()).digest == first.digest


def test_a_writer_killed_anywhere_leaves_a_sound_bundle(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    from pneumo_core.similar import index as module

    put_index(bundle.folder, make_index())
    replace, steps = module._replace, 0

    class KilledError(Exception):
        pass

    for survived in range(4):

        def replace_until_killed(folder: Path, name: str, content: bytes, most: int = survived) -> None:
            nonlocal steps
            if steps == most:
                raise KilledError
            steps += 1
            replace(folder, name, content)

        steps = 0
        monkeypatch.setattr(module, "_replace", replace_until_killed)
        with pytest.raises(KilledError):
            put_index(bundle.folder, dataclasses.replace(make_index(), usual=3.5))
        left = load_bundle(bundle.folder)  # sound: every digest holds
        index = load_index(left, 6)
        # The first replacing takes the former index off the list; until the last the list has no new one.
        assert (index.usual if index else None) == (1.5 if survived == 0 else None)
        monkeypatch.setattr(module, "_replace", replace)
        put_index(bundle.folder, make_index())


def test_a_damaged_file_is_refused_with_the_bundle(bundle: Bundle) -> None:
    put_index(bundle.folder, make_index())
    path = bundle.folder / PLACES_FILE
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BundleError, match=r"similar\.bin .* was damaged or changed"):
        load_bundle(bundle.folder)


def test_a_file_that_is_not_listed_does_not_count(bundle: Bundle) -> None:
    for name, content in index_files(make_index()).items():
        (bundle.folder / name).write_bytes(content)
    assert load_index(load_bundle(bundle.folder), 6) is None


@pytest.mark.parametrize("missing", [INDEX_FILE, PLACES_FILE])
def test_half_an_index_is_refused(bundle: Bundle, missing: str) -> None:
    with pytest.raises(BundleError, match="but not the other file"):
        load_index(_with(bundle, missing, None), 6)


@pytest.mark.parametrize("part", ["short", "long", "text", "list", "label", "source", "schema", "usual", "channels"])
def test_an_index_that_says_something_else_is_refused(bundle: Bundle, part: str) -> None:
    files = index_files(make_index())
    described = json.loads(files[INDEX_FILE])
    if part in ("short", "long"):
        data = files[PLACES_FILE]
        wrong = _with(bundle, PLACES_FILE, data[:-2] if part == "short" else data + b"\0\0")
    else:
        if part == "label":
            described["films"][0][1] = 9
        elif part == "source":
            described["films"][0][2] = 9
        elif part == "list":
            described = [described]
        elif part != "text":
            described[part] = {"schema": 99, "usual": -1, "channels": 5}[part]
        text = "{" if part == "text" else json.dumps(described)
        wrong = _with(bundle, INDEX_FILE, text.encode())
    with pytest.raises(BundleError, match="can not be read" if part != "schema" else "this version reads 1"):
        load_index(wrong, 6)


def test_an_index_of_another_network_is_refused(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="reads 6 features, the network gives 1280"):
        load_index(put_index(bundle.folder, make_index()), 1280)


def _with(bundle: Bundle, name: str, content: bytes | None) -> Bundle:
    """The bundle with an index of which one file is another; all of them are listed."""
    put_index(bundle.folder, make_index())
    (bundle.folder / name).unlink()
    if content is not None:
        (bundle.folder / name).write_bytes(content)
    write_sums(bundle.folder, sorted(path.name for path in bundle.folder.iterdir() if path.name != SUMS_FILE))
    return load_bundle(bundle.folder)


def test_a_film_that_is_read_gets_its_similar_films(small_classifier: Classifier, bundle: Bundle) -> None:
    index = make_index(channels=load_head(bundle).channels)
    with_index = Classifier(bundle, small_classifier.engine, load_head(bundle), small_classifier.gate, similar=index)
    films = noise_films(3)
    for film, reading, without in zip(films, with_index.read(films), small_classifier.read(films), strict=True):
        assert without.similar is None
        pooled = small_classifier.engine.feature_map(_input(small_classifier, film)).mean(axis=(1, 2))[0]
        assert reading.similar is not None
        assert reading.similar.films == index.nearest(pooled, film.digest).films
        np.testing.assert_array_equal(reading.prediction.logits, without.prediction.logits)
        assert reading.assessment == without.assessment  # the intake knows nothing of it


def _input(classifier: Classifier, film) -> np.ndarray:
    return classifier._input(film)[0][None]


def test_loading_a_classifier_loads_the_index(
    bundle: Bundle, private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pneumo_core.model import classifier as module

    monkeypatch.setattr(module, "open_engine", lambda *arguments: None)
    assert Classifier.load(bundle.folder).similar is None
    put_index(bundle.folder, make_index(channels=1280))
    loaded = Classifier.load(bundle.folder).similar
    assert loaded is not None
    assert len(loaded.films) == FILMS
