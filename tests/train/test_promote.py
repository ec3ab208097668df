"""From a run to a bundle and back, with a network that is small and answers at random but is otherwise whole."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from tiny_training import COLUMNS, write_manifest

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import build_model
from pneumo_core.model.bundle import Bundle, load_bundle
from pneumo_core.model.idle_blocks import idle_blocks
from pneumo_core.types import CLASSES
from train.__main__ import main
from train.calibrate import fit_temperature
from train.conformal import fit_sets, measure_sets
from train.data import read_rows, rows_digest
from train.predict import Predictions, bundle_predictor, predict, run_predictor
from train.promote import Promotion, promote, stored_weights
from train.run import RunDirectory


@pytest.fixture(scope="module")
def bundle(finished_run: Path, manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    models = tmp_path_factory.mktemp("models")
    return promote(Promotion(RunDirectory(finished_run), "tiny", manifest, "Drawn films only.", models))


@pytest.fixture(scope="module")
def of_bundle(bundle: Bundle, manifest: Path) -> dict[str, Predictions]:
    """What the bundle says once it is read back, by TensorFlow: no engine's files need to be built again."""
    predictor = bundle_predictor(bundle.folder, "tensorflow")
    rows = read_rows(manifest)
    return {
        split: predict(predictor, [row for row in rows if row.split == split], split)
        for split in ("train", "val", "test", "external")
    }


def test_the_bundle_says_what_the_run_said_but_for_rounding(
    of_bundle: dict[str, Predictions], finished_run: Path, manifest: Path
) -> None:
    rows = [row for row in read_rows(manifest) if row.split == "test"]
    of_run = predict(run_predictor(RunDirectory(finished_run)), rows, "run")
    spread = of_run.logits.std()
    assert spread > 0
    assert np.abs(of_bundle["test"].logits - of_run.logits).max() < max(0.01, 0.05 * spread)


def test_kernels_of_idle_blocks_are_stored_as_zeros_and_change_nothing() -> None:
    keras.utils.set_random_seed(5)
    model = build_model("efficientnetb0", "linear", "none", 64)
    norm = model.get_layer("block6c_project_bn")
    norm.gamma.assign(np.zeros(norm.gamma.shape))
    films = np.random.default_rng(5).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    before = model.predict_on_batch(films)
    stored = stored_weights(model, idle_blocks(model))
    zeros = {name for name, weight in stored if name.endswith("kernel") and not weight.any()}
    assert zeros == {name for name, _ in stored if name.startswith("block6c_") and name.endswith("kernel")}
    assert len(zeros) == 5
    model.set_weights([weight for _, weight in stored])
    np.testing.assert_array_equal(model.predict_on_batch(films), before)
    assert before.std() > 0


def test_the_temperature_was_fitted_on_val(bundle: Bundle, of_bundle: dict[str, Predictions]) -> None:
    val = of_bundle["val"]
    assert bundle.temperature == pytest.approx(fit_temperature(val.logits, val.labels), rel=0.02)
    assert val.temperature == bundle.temperature


def test_the_figures_are_those_of_the_bundle(bundle: Bundle, of_bundle: dict[str, Predictions]) -> None:
    for split, predictions in of_bundle.items():
        summary = bundle.metrics["splits"][split]
        assert summary["films"] == len(predictions.rows)
        right = (predictions.probabilities.argmax(axis=1) == predictions.labels).mean()
        assert summary["figures"]["accuracy"]["value"] == pytest.approx(right, abs=1e-6)
        assert sum(map(sum, summary["confusion"])) == summary["films"]
    assert set(bundle.metrics["baseline_thumbnails"]) == {"test", "external"}
    assert bundle.metrics["kermany_3_classes"]["among_these"]["films"] == 18
    assert bundle.metrics["kermany_bacterial_viral"]["among_these"]["films"] == 12
    gap = bundle.metrics["splits"]["train"]["figures"]["accuracy"]["value"]
    gap -= bundle.metrics["splits"]["test"]["figures"]["accuracy"]["value"]
    assert bundle.metrics["train_minus_test_points"] == pytest.approx(100 * gap, abs=0.01)


def test_the_sets_were_calibrated_on_val_and_measured_elsewhere(
    bundle: Bundle, of_bundle: dict[str, Predictions]
) -> None:
    assert bundle.conformal is not None
    val = of_bundle["val"]
    thresholds = fit_sets(val.probabilities, val.labels)
    np.testing.assert_allclose(bundle.conformal.at90, thresholds.at90, atol=0.02)
    assert set(bundle.metrics["sets"]) == set(bundle.metrics["risk_coverage"]) == {"test", "external"}
    found = measure_sets(of_bundle["test"], bundle.conformal)["0.90"]
    measured = bundle.metrics["sets"]["test"]["0.90"]
    assert measured["figures"]["coverage"]["value"] == pytest.approx(found["figures"]["coverage"]["value"], abs=0.05)
    assert sum(measured["sets_by_size"]) == len(of_bundle["test"].rows)
    assert "### Sets on test" in bundle.card
    assert "holds only for films like those of val" in bundle.card


def test_the_bundle_tells_data_and_training(bundle: Bundle, manifest: Path) -> None:
    assert bundle.data_manifest_sha256 == rows_digest(read_rows(manifest))
    assert bundle.training["command"].startswith("python -m train fit --run ")
    assert "--unfreeze-from block6a_expand_conv" in bundle.training["command"]
    assert [step["kind"] for step in bundle.training["steps"]] == ["fit"]
    model = json.loads((bundle.folder / "model.json").read_text())
    assert model["classes"] == list(CLASSES)
    assert model["input_size"] == 64


def test_the_card_quotes_the_measured_figures(bundle: Bundle) -> None:
    card = bundle.card
    for split in ("test", "external"):
        figure = bundle.metrics["splits"][split]["figures"]["accuracy"]
        assert f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})" in card
    for expected in (
        "Research and education. Not for diagnosis.",
        "The weights began as the weights of the file start.weights.h5, then trained on the films as efficientnetb0.",
        bundle.training["command"],
        f"{bundle.metrics['train_minus_test_points']:+.1f} points",
        "Train holds no film of an adult with label bacterial or viral",
        "Drawn films only.",
        "| kermany/drawn | adult | normal | 4 | 2 | 2 | 2 |",
        "| Figure | test | external | train (not augmented) | val |",
        "### External",
        "three classes",
        "thumbnails, external",
        "The data set states no licences",
    ):
        assert expected in card, expected
    assert "nan" not in card.lower().split()


def test_a_bundle_is_evaluated_from_the_command_line(
    bundle: Bundle, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--engine", "tensorflow", "--split", "test", "--out", str(tmp_path)]
    assert main(["evaluate", "--bundle", str(bundle.folder), "--data", str(manifest), *options]) == 0
    assert f"# bundle {bundle.label} on tensorflow" in capsys.readouterr().out
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["temperature"] == bundle.temperature
    assert found["splits"]["test"]["confusion"] == bundle.metrics["splits"]["test"]["confusion"]


def test_a_name_is_given_once(bundle: Bundle, finished_run: Path, manifest: Path) -> None:
    with pytest.raises(RunError, match="exists already"):
        promote(Promotion(RunDirectory(finished_run), "tiny", manifest, "", bundle.folder.parent))
    assert load_bundle(bundle.folder).digest == bundle.digest


def test_other_data_than_the_runs_is_refused(finished_run: Path, manifest: Path, tmp_path: Path) -> None:
    shutil.copytree(manifest.parent, tmp_path / "films")
    rows = read_rows(manifest)
    lines = [(row.name, str(row.film_class), row.patient, row.split, row.source, row.age_group) for row in rows[:-1]]
    other = write_manifest(tmp_path / "films" / "manifest.csv", lines, COLUMNS)
    with pytest.raises(RunError, match="was trained on another data set"):
        promote(Promotion(RunDirectory(finished_run), "other", other, "", tmp_path))
    assert not (tmp_path / "other").exists()
