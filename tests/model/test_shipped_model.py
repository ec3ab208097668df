"""The model in assets/models on real films: what the small stand-in can not show."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from stand_ins import ROOT, film_paths

from pneumo_core.model.architecture import weight_names
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.restore import restore_model
from pneumo_core.types import Radiograph


def test_it_is_the_published_system(shipped_bundle: Bundle) -> None:
    model = restore_model(shipped_bundle)
    assert (shipped_bundle.backbone, shipped_bundle.head) == ("efficientnetb7", "published")
    assert model.count_params() == 67_394_715
    assert weight_names(model) == [entry.name for entry in shipped_bundle.tensors]


def test_every_file_is_small_enough_for_a_repository(shipped_bundle: Bundle) -> None:
    assert max(path.stat().st_size for path in shipped_bundle.folder.iterdir()) < 48_000_000


@pytest.mark.films
def test_the_engines_agree_on_200_films(shipped_classifier: Classifier, test_films: list[Radiograph]) -> None:
    assert len(test_films) == 200
    reference = Classifier.load(shipped_classifier.bundle.folder, "tensorflow")
    ours = [reading.prediction.probabilities for reading in shipped_classifier.read(test_films)]
    theirs = [reading.prediction.probabilities for reading in reference.read(test_films)]
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.films
def test_a_fresh_process_gives_the_same(shipped_classifier: Classifier, test_films: list[Radiograph]) -> None:
    files = [str(path) for path in film_paths(200)[:10]]  # the first of `test_films`
    command = [sys.executable, "-m", "pneumo_core", "read", *files, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    there = [list(json.loads(line)["probabilities"].values()) for line in done.stdout.splitlines()]
    here = [reading.prediction.probabilities for reading in shipped_classifier.read(test_films[:10])]
    np.testing.assert_allclose(there, here, atol=1e-5)


@pytest.mark.films
def test_the_command_line_keeps_the_order_of_many_files(tmp_path: Path, shipped_bundle: Bundle) -> None:
    (tmp_path / "bad.png").write_text("not a film")
    files = [str(path) for path in film_paths(6)]
    files.insert(3, str(tmp_path / "bad.png"))
    command = [sys.executable, "-m", "pneumo_core", "read", *files, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [record["file"] for record in records] == files
    assert [record["status"] for record in records] == ["read"] * 3 + ["refused"] + ["read"] * 3
