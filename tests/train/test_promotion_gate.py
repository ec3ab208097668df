"""The gate, with predictors whose answers are set."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pneumo_core.model.active import activate, active_bundles
from pneumo_core.types import Float32, Radiograph
from train import gate as gate_module
from train.data import read_rows
from train.gate import gate
from train.predict import Predictor


@pytest.fixture
def answer(tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch):
    """Set how many films of viral each bundle gets right on val, and how far its engines are apart."""
    monkeypatch.setenv("PNEUMO_RUNS", str(tmp_path / "runs"))
    labels = [row.film_class.index for row in read_rows(manifest) if row.split == "val"]

    def set_answers(right: dict[str, int], apart: float = 0.0, problems: tuple[str, ...] = ()) -> None:
        monkeypatch.setattr(gate_module, "_selftest_problems", lambda folder: list(problems))

        def predictor(folder: Path, engine: str) -> Predictor:
            given = np.array(labels)
            viral = np.flatnonzero(given == 2)
            given[viral[right[folder.name] :]] = 1
            waiting = list(np.eye(4, dtype=np.float32)[given] * 5)

            def logits(films: Sequence[Radiograph]) -> Float32:
                taken = np.stack([waiting.pop(0) for _ in films])
                return taken * np.float32(1 + apart) if engine == "tensorflow" else taken

            return Predictor(folder.name, 1.0, logits)

        monkeypatch.setattr(gate_module, "bundle_predictor", predictor)

    return set_answers


def _gate(tmp_path: Path, manifest: Path, margin: float) -> dict:
    gate(tmp_path / "new", tmp_path / "old", manifest, margin, tmp_path / "gate.json")
    return json.loads((tmp_path / "gate.json").read_text())


def test_a_bundle_that_loses_no_more_than_the_margin_takes_over(tmp_path: Path, manifest: Path, answer) -> None:
    answer({"old": 6, "new": 5})
    activate(tmp_path / "old")
    outcome = _gate(tmp_path, manifest, margin=0.17)
    assert outcome["passed"]
    assert outcome["films"] == 24
    assert outcome["changed"] == 1
    viral = outcome["classes"]["viral"]
    assert (viral["first"], viral["second"]) == (1.0, pytest.approx(5 / 6))
    assert viral["low"] <= -1 / 6 <= viral["high"]
    assert [folder.name for folder in active_bundles()] == ["old", "new"]


def test_a_bundle_that_loses_more_stays_out(tmp_path: Path, manifest: Path, answer) -> None:
    answer({"old": 6, "new": 5})
    outcome = _gate(tmp_path, manifest, margin=0.16)
    assert not outcome["passed"]
    assert [name for name, part in outcome["classes"].items() if not part["passed"]] == ["viral"]
    assert active_bundles() == []


def test_a_bundle_whose_engines_differ_stays_out(tmp_path: Path, manifest: Path, answer) -> None:
    answer({"old": 6, "new": 6}, apart=0.1)
    outcome = _gate(tmp_path, manifest, margin=1.0)
    assert not outcome["passed"]
    assert outcome["engines"]["difference"] > outcome["engines"]["limit"]
    assert active_bundles() == []


def test_a_bundle_that_fails_its_self_test_stays_out(tmp_path: Path, manifest: Path, answer) -> None:
    answer({"old": 6, "new": 6}, problems=("The logits differ.",))
    outcome = _gate(tmp_path, manifest, margin=1.0)
    assert not outcome["passed"]
    assert outcome["selftest"] == ["The logits differ."]
    assert active_bundles() == []
