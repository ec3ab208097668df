import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_training import draw_film

from pneumo_core.errors import DataError
from pneumo_core.model.bundle import Bundle
from pneumo_core.types import FilmClass
from train.__main__ import main
from train.map_metrics import overlap
from train.map_quality import CONTROLS
from train.marks import decode_runs, read_marks

# By pycocotools 2.0.11 of the mask that `test_cocos_packed_runs...` draws.
_PACKED = "_9U1g000000kd0mNX\\O00000000000000000000000000000000000000000000000X18`N0000000"


def _films(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), draw_film(FilmClass.VIRAL, number))
    return folder


def _rsna(path: Path, *lines: tuple[object, ...]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("patientId", "x", "y", "width", "height", "Target"), *lines])
    return path


def test_rsna_boxes_of_a_film_are_put_together(tmp_path: Path) -> None:
    lines = (("a", 10.0, 20.0, 5.0, 8.0, 1), ("b", "", "", "", "", 0), ("a", 12.0, 24.0, 30.0, 4.0, 1))
    lines = (*lines, ("gone", 1, 1, 2, 2, 1))
    marks = read_marks(_rsna(tmp_path / "labels.csv", *lines), _films(tmp_path / "films", "a.png", "b.png"))
    assert marks.missing == 1
    [film] = marks.films
    assert (film.name, film.path.name) == ("a", "a.png")
    expected = np.zeros((96, 80), bool)
    expected[20:28, 10:15] = expected[24:28, 12:42] = True
    np.testing.assert_array_equal(film.mask(96, 80), expected)


def test_chexlocalize_polygons_are_scaled_to_the_film(tmp_path: Path) -> None:
    square = [[20, 40], [39, 40], [39, 79], [20, 79]]
    content = {
        "patient7_study1_view1_frontal": {"img_size": [192, 160], "Consolidation": [square], "Cardiomegaly": [square]},
        "patient8_study1_view1_frontal": {"img_size": [192, 160], "Edema": [square]},
    }
    (tmp_path / "gt.json").write_text(json.dumps(content))
    folder = _films(tmp_path / "CheXpert", *(f"valid/patient{n}/study1/view1_frontal.jpg" for n in (7, 8)))
    [film] = read_marks(tmp_path / "gt.json", folder).films
    assert film.patient == "patient7"
    assert film.path.parent.parent.name == "patient7"
    expected = np.zeros((96, 80), bool)
    expected[20:40, 10:20] = True
    np.testing.assert_array_equal(film.mask(96, 80), expected)
    [other] = read_marks(tmp_path / "gt.json", folder, ("Edema",)).films
    assert other.patient == "patient8"


def test_cocos_packed_runs_are_what_coco_packed(tmp_path: Path) -> None:
    expected = np.zeros((60, 50), bool)
    expected[3:40, 5:9] = expected[10:12, 20:45] = expected[50:60, 45:50] = True
    np.testing.assert_array_equal(decode_runs(_PACKED, 60, 50), expected)
    flat = expected.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    np.testing.assert_array_equal(decode_runs(runs, 60, 50), expected)
    content = {"p_1": {"Airspace Opacity": {"size": [60, 50], "counts": _PACKED}, "Edema": {"size": 0, "counts": 0}}}
    empty = {"size": [60, 50], "counts": [3000]}
    content["p_2"] = {"Airspace Opacity": empty}
    (tmp_path / "masks.json").write_text(json.dumps(content))
    [film] = read_marks(tmp_path / "masks.json", _films(tmp_path / "films", "p_1.png", "p_2.png")).films
    np.testing.assert_array_equal(film.mask(60, 50), expected)
    with pytest.raises(ValueError, match="not to 60 x 51"):
        decode_runs(_PACKED, 60, 51)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "patientId,x\nf,1\n", "lacks the columns y"),
        ("a.csv", "patientId,x,y,width,height,Target\nf,,,,,1\n", "Line 2 of a.csv has Target 1 but no box"),
        ("a.csv", "patientId,x,y,width,height,Target\nf,,,,,0\n", "None of the 0 films"),
        ("a.json", "[1, 2]", "CheXlocalize's format"),
        ("a.json", '{"f": {"Consolidation": {"size": [2, 2], "counts": [5]}}}', "add up to 5"),
        ("a.json", '{"f": ', "CheXlocalize's format"),
    ],
)
def test_a_file_of_no_known_format_is_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=told):
        read_marks(tmp_path / name, _films(tmp_path / "films", "f.png"))
    with pytest.raises(DataError, match="can not be read"):
        read_marks(tmp_path / "missing.csv", tmp_path)


def test_a_map_over_the_mark_hits_it_and_one_beside_it_does_not() -> None:
    grid = np.zeros((8, 8), np.float32)
    grid[2, 5] = 3
    mask = np.zeros((160, 160), bool)
    mask[40:60, 100:120] = True  # the cell of row 2, column 5
    found = overlap(grid, mask)
    assert found["hit"] == 1
    # Bilinear, a cell is a pyramid over two cells; above half of it lie about 1.2 cells of area.
    assert 0.5 < found["iou"] <= 1
    assert overlap(grid, ~mask)["hit"] == 0
    assert overlap(-grid, mask) == {"hit": 0, "iou": 0}
    steps = np.kron(mask[::20, ::20], np.ones((20, 20), bool)).astype(np.float32)
    assert overlap(steps, mask) == {"hit": 1, "iou": 1}


def test_map_quality_reports_hits_and_overlap(
    small_bundle: Bundle, private_cache: Path, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_cache))
    folder = _films(tmp_path / "films", "a.png", "b.png", "c.png")
    marks = _rsna(tmp_path / "boxes.csv", ("a", 0, 0, 80, 96, 1), ("b", 0, 0, 80, 96, 1), ("c", 0, 0, 80, 96, 1))
    options = ["--bundle", str(small_bundle.folder), "--data", str(manifest), "--films", "2", "--steps", "1"]
    options += ["--methods", "Grad-CAM", "--marks", str(marks), "--out", str(tmp_path)]
    assert main(["map-quality", *options]) == 2  # no folder of films
    assert main(["map-quality", *options, "--marked-films", str(folder)]) == 0
    report = json.loads(next(tmp_path.glob("map-quality-*.json")).read_text())
    found = report["marks"]
    assert (found["films"], found["patients"], found["not_found"], found["findings"]) == (2, 2, 0, ["pneumonia"])
    # The whole film is marked: whatever is positive hits.
    for control in CONTROLS:
        assert found["methods"][control]["hit"]["value"] == 1
    grad_cam = found["methods"]["Grad-CAM"]
    difference = grad_cam["better_than"]["random"]["iou"]["value"]
    assert difference == pytest.approx(grad_cam["iou"]["value"] - found["methods"]["random"]["iou"]["value"], abs=2e-4)
    assert "Against what readers marked" in next(tmp_path.glob("map-quality-*.md")).read_text()
