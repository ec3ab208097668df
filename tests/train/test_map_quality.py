import json
from pathlib import Path

import numpy as np
import pytest

from pneumo_core.explain.methods import METHODS as ALL_METHODS
from pneumo_core.model.bundle import Bundle
from train.__main__ import main
from train.map_quality import CONTROLS, MEASURED, _estimate

METHODS = ("Grad-CAM", "Eigen-CAM", "LayerCAM, fused")


@pytest.fixture(scope="module")
def report(
    small_bundle: Bundle, private_cache: Path, manifest: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict, str]:
    """The report on two drawn films and the TEST OBJECT, as JSON and as Markdown."""
    out = tmp_path_factory.mktemp("reports")
    options = ["--bundle", str(small_bundle.folder), "--data", str(manifest), "--films", "2", "--steps", "2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(private_cache))
        assert main(["map-quality", *options, "--methods", *METHODS, "--out", str(out)]) == 0
    [json_file], [markdown] = out.glob("*.json"), out.glob("*.md")
    return json.loads(json_file.read_text()), markdown.read_text()


def test_every_method_is_held_against_both_controls(report: tuple[dict, str], small_bundle: Bundle) -> None:
    found, markdown = report
    assert (found["films"], found["bundle"]) == (2, small_bundle.label)
    assert set(found["methods"]) == {*METHODS, *CONTROLS}
    for name in METHODS:
        figures = found["methods"][name]
        for control in CONTROLS:
            difference = figures["better_than"][control]["deletion"]["value"]
            expected = found["methods"][control]["deletion"]["value"] - figures["deletion"]["value"]
            assert difference == pytest.approx(expected, abs=2e-4)
        for figure in ("ssim_shift", "ssim_jpeg", "ssim_random_head", "ssim_random_network"):
            assert -1 <= figures[figure]["value"] <= 1
        assert f"{figures['insertion']['value']:.3f}" in markdown
    assert "ssim_shift" not in found["methods"]["random"]


def test_a_map_that_knows_no_class_survives_a_random_head(report: tuple[dict, str]) -> None:
    methods = report[0]["methods"]
    assert methods["Eigen-CAM"]["ssim_random_head"]["value"] == pytest.approx(1, abs=1e-4)
    assert methods["Grad-CAM"]["ssim_random_head"]["value"] < 0.9
    assert methods["LayerCAM, fused"]["ssim_random_head"]["value"] < 0.99
    assert methods["LayerCAM, fused"]["ssim_random_network"]["value"] < 0.9
    assert methods["Eigen-CAM"]["ssim_random_network"]["value"] < 0.9


def test_a_mean_with_its_interval_leaves_out_what_is_not_known() -> None:
    weights = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0], [0, 0, 3]], np.float64)
    estimate = _estimate(np.array([1, 3, np.nan], np.float32), weights)
    assert (estimate["value"], estimate["films"]) == (2, 2)
    assert estimate["low"] == pytest.approx(1.05)  # of the means 2, 1, 3
    assert estimate["high"] == pytest.approx(2.95)
    assert _estimate(np.array([np.nan], np.float32), weights[:, :1])["value"] is None


def test_what_takes_a_minute_a_film_is_measured_only_where_it_is_named() -> None:
    assert set(ALL_METHODS) - set(MEASURED) == {"Integrated gradients"}


def test_an_unknown_method_is_named(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--bundle", "none", "--data", str(manifest), "--methods", "CAM of cams"]
    assert main(["map-quality", *options]) == 2
    assert "known are Grad-CAM" in capsys.readouterr().err
