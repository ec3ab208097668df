"""Shortcuts of networks whose habits are known: one that looks at a corner, and one that looks at the middle."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_ins import TEST_CARD
from tiny_training import write_manifest

from pneumo_core.model.bundle import load_bundle, write_bundle
from pneumo_core.types import CLASSES
from train import shortcuts
from train.shortcuts import measure_shortcuts
from train.shortcuts_report import put_into_bundle, shortcuts_report

_SIDE = 64


class _Engine:
    """Gives the mean grey of 8 x 8 parts of the film as 64 features."""

    def feature_map(self, batch: np.ndarray) -> np.ndarray:
        small = np.stack([cv2.resize(film[..., 0], (8, 8), interpolation=cv2.INTER_AREA) for film in batch])
        return small.reshape(len(batch), 1, 1, 64) / 255


def _bundle(folder: Path, feature: int):
    """A bundle that answers by the grey of one part, between four levels."""
    kernel = np.zeros((64, 4), np.float32)
    kernel[feature] = [0, 40, 80, 120]
    bias = np.array([0, -7, -24, -51], np.float32)  # the next answer from 0.175, 0.425, 0.675 on
    weights = [("head_logits/kernel", kernel), ("head_logits/bias", bias)]
    parts = {"backbone": "efficientnetb0", "head": "linear", "input_size": _SIDE, "temperature": 1.0}
    described = {"metrics": {}, "training": {}, "data_manifest_sha256": "0" * 64, "card": TEST_CARD}
    return write_bundle(folder, weights=weights, **parts, **described)


def _film(corner: float, middle: float) -> np.ndarray:
    film = np.full((_SIDE, _SIDE), 0.5, np.float32)
    film[:8, :8] = corner
    film[12:52, 12:52] = middle
    return np.round(film * 255).astype(np.uint8)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Films whose class is written both in a corner and in the middle; source and age follow the class."""
    monkeypatch.setattr(shortcuts, "open_engine", lambda bundle: _Engine())
    monkeypatch.setattr(shortcuts, "LUNGS_FOLDER", tmp_path / "none")
    monkeypatch.setattr(shortcuts, "preprocess", lambda pixels, size: np.repeat(pixels[..., None], 3, 2) * 255)
    lines = []
    for split in ("train", "val", "test", "external"):
        for number in range(48):
            film_class = CLASSES[number % 4]
            level = film_class.index / 4 + 0.05
            name = f"{split}-{number}.png"
            cv2.imwrite(str(tmp_path / name), _film(level, level))
            age = "paediatric" if film_class in ("bacterial", "viral") else "adult"
            lines.append((name, str(film_class), name, split, f"from-{number % 2}", age))
    (tmp_path / "lungs").mkdir()
    cv2.imwrite(str(tmp_path / "lungs" / "normal.png"), _film(0.05, 0.8))
    with (tmp_path / "lungs" / "lungs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("film", "tuberculosis"), ("normal.png", "0"), ("missing.png", "1")])
    return write_manifest(tmp_path / "manifest.csv", lines)


def test_a_network_that_looks_at_a_corner_is_found_out(tmp_path: Path, data: Path) -> None:
    found = measure_shortcuts(_bundle(tmp_path / "corner", 0).folder, data, sample=40)
    test = {name: part["balanced_accuracy"]["value"] for name, part in found["test"].items()}
    assert found["test"]["as_is"]["films"] == 40
    assert test["as_is"] == test["lungs_covered"] == 1.0
    assert test["edges_covered"] <= 0.75  # the grey that covers still tells of the middle
    assert found["groups"]["lungs_normal_called_normal"] == {
        "films": 1,
        "share": {"value": 1.0, "low": 1.0, "high": 1.0},
    }
    assert found["age"]["accuracy"]["value"] == pytest.approx(0.5, abs=0.1)  # one class of the two of each age


def test_a_network_that_looks_at_the_lungs_is_left_without_an_answer(tmp_path: Path, data: Path) -> None:
    found = measure_shortcuts(_bundle(tmp_path / "middle", 27).folder, data, sample=40)
    test = {name: part["balanced_accuracy"]["value"] for name, part in found["test"].items()}
    assert test["as_is"] == test["only_lungs"] == test["edges_covered"] == 1.0
    assert test["lungs_covered"] == 0.25
    assert found["groups"]["lungs_normal_called_normal"]["share"]["value"] == 0.0
    assert found["groups"]["external_covid19_called_covid19"]["share"]["value"] == 1.0
    assert found["groups"]["external_pneumonia_surely_covid19"]["share"]["value"] == 0.0


def test_the_table_goes_into_the_bundle(tmp_path: Path, data: Path) -> None:
    bundle = _bundle(tmp_path / "middle", 27)
    found = measure_shortcuts(bundle.folder, data, sample=40)
    label = put_into_bundle(bundle.folder, found)
    again = load_bundle(bundle.folder)
    assert label == again.label != bundle.label
    assert again.metrics["shortcuts"] == json.loads(json.dumps(found))
    assert again.card.startswith(TEST_CARD.strip())
    assert shortcuts_report(found) in again.card
    assert "| Lungs covered: should fall to chance, 0.250 balanced | 40 | " in again.card
    assert "| 0.250 (0.250 to 0.250) |" in again.card
