from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_training import COLUMNS, draw_film, write_manifest

from pneumo_core.errors import DataError
from pneumo_core.types import CLASSES, FilmClass
from train.data import class_weights, load_films, read_rows, rows_digest


def test_manifest_is_read_line_by_line(manifest: Path) -> None:
    rows = read_rows(manifest)
    assert len(rows) == 96
    first = rows[0]
    assert first.path == manifest.parent / "train-normal-0-0.png"
    assert (first.film_class, first.patient, first.split) == (FilmClass.NORMAL, "train-normal-0", "train")
    assert (first.source, first.age_group) == ("kermany/drawn", "paediatric")


def test_a_film_without_patient_is_its_own(tmp_path: Path) -> None:
    rows = read_rows(write_manifest(tmp_path / "m.csv", [("a.png", "normal", "", "train", "", "")]))
    assert rows[0].patient == "a.png"


@pytest.mark.parametrize(
    ("lines", "columns", "message"),
    [
        ([("a.png", "flu", "p", "train", "", "")], COLUMNS, "Line 2 of m.csv has the label 'flu'"),
        ([], COLUMNS, "lists no film"),
        ([("a.png", "normal")], ("file", "label"), "lacks the columns patient, split"),
        (
            [("a.png", "normal", "p", "train", "", ""), ("b.png", "normal", "p", "test", "", "")],
            COLUMNS,
            "both train and test",
        ),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path: Path, lines: list, columns: tuple, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_rows(write_manifest(tmp_path / "m.csv", lines, columns))


def test_a_missing_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_rows(tmp_path / "nothing.csv")


def _write_folders(root: Path, names: dict[str, list[str]]) -> None:
    for folder, files in names.items():
        (root / folder).mkdir(parents=True)
        for file in files:
            cv2.imwrite(str(root / folder / file), draw_film(FilmClass.NORMAL, 0))


def test_folders_of_classes_are_read_and_split_by_patient(tmp_path: Path) -> None:
    bacterial = [f"person{patient}_bacteria_{film}.jpeg" for patient in range(40) for film in range(3)]
    viral = [f"person{patient}_virus_{film}.jpeg" for patient in range(40) for film in range(2)]
    names = {"NORMAL": [f"n{i}.png" for i in range(60)], "Pneumonia-Bacterial": bacterial, "pneumonia-viral": viral}
    _write_folders(tmp_path, {**names, "COVID-19": [f"c{i}.png" for i in range(60)], "readme": ["not-a-class.png"]})
    rows = read_rows(tmp_path)
    assert len(rows) == 60 + 120 + 80 + 60
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row.patient, set()).add(row.split)
    assert all(len(found) == 1 for found in splits.values())
    assert len({row.patient for row in rows if row.film_class is FilmClass.BACTERIAL}) == 40
    share = sum(row.split == "train" for row in rows) / len(rows)
    assert 0.55 < share < 0.85
    assert read_rows(tmp_path) == rows


def test_a_folder_without_a_class_is_refused(tmp_path: Path) -> None:
    _write_folders(tmp_path, {"normal": ["a.png"], "bacterial": ["b.png"], "viral": ["c.png"]})
    with pytest.raises(DataError, match="no films for covid19"):
        read_rows(tmp_path)


def test_films_are_loaded_squashed(manifest: Path) -> None:
    rows = read_rows(manifest)[:5]
    films = load_films(rows, 32)
    assert films.squares.shape == (5, 32, 32)
    assert films.squares.dtype == np.uint8
    film = cv2.imread(str(rows[3].path), cv2.IMREAD_GRAYSCALE)
    expected = cv2.resize(film.astype(np.float32), (32, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(films.squares[3] - expected).max() <= 0.51
    assert films.labels.tolist() == [row.film_class.index for row in rows]


def test_unreadable_films_are_counted_and_named(tmp_path: Path, manifest: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    lines = [("bad.png", "normal", "p", "train", "", ""), ("gone.png", "normal", "q", "train", "", "")]
    rows = read_rows(write_manifest(tmp_path / "m.csv", lines))
    with pytest.raises(DataError, match=r"2 of 7 films can not be read, the first: bad\.png"):
        load_films([*read_rows(manifest)[:5], *rows])
    with pytest.raises(DataError, match="No film is left"):
        load_films([])


def test_digest_tells_data_sets_apart_whatever_their_order(manifest: Path) -> None:
    rows = read_rows(manifest)
    assert rows_digest(rows[::-1]) == rows_digest(rows)
    assert rows_digest(rows[1:]) != rows_digest(rows)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_class_weights(power: float) -> None:
    labels = np.repeat(np.arange(4), [8, 4, 2, 2])
    weights = class_weights(labels, power)
    assert weights[labels].mean() == pytest.approx(1.0)
    np.testing.assert_allclose(weights / weights[0], (np.array([1, 2, 4, 4.0])) ** power, rtol=1e-6)


def test_a_class_without_training_films_is_refused() -> None:
    with pytest.raises(DataError, match="no film for covid19"):
        class_weights(np.array([0, 1, 2]), 1.0)
    assert CLASSES[3] == "covid19"
