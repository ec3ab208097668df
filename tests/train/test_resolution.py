"""Accuracy by resolution, on drawn films and the TEST OBJECT."""

import json
from pathlib import Path

import pytest

from pneumo_core.model.bundle import Bundle
from train.__main__ import main
from train.restore import build_restorer
from train.run import RunDirectory


@pytest.fixture(scope="module")
def restorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A restorer that has learned nothing: it gives back what it is given, enlarged to its size."""
    run = RunDirectory(tmp_path_factory.mktemp("runs") / "idle")
    run.create({"kind": "restore", "settings": {}})
    run.save_best(build_restorer())
    return run.path


@pytest.fixture(scope="module")
def report(
    small_bundle: Bundle,
    private_cache: Path,
    manifest: Path,
    restorer: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict, str]:
    """The report of one bundle twice, as JSON and as Markdown."""
    stem = tmp_path_factory.mktemp("reports") / "tiny"
    folder = str(small_bundle.folder)
    options = ["--bundle", folder, folder, "--data", str(manifest), "--sizes", "8", "200", "--engine", "openvino"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(private_cache))
        assert main(["resolution", *options, "--restorer", str(restorer), "--out", str(stem)]) == 0
    return json.loads(stem.with_suffix(".json").read_text()), stem.with_suffix(".md").read_text()


def _arm(report: dict, size: int, treatment: str = "nothing", bundle: int = 0) -> dict:
    [found] = [
        arm for arm in report["arms"] if (arm["size"], arm["treatment"], arm["bundle"]) == (size, treatment, bundle)
    ]
    return found


def test_each_size_is_read_with_and_without_restoration(report: tuple[dict, str]) -> None:
    found, markdown = report
    assert found["films"] == 24
    assert found["restorer"] == "idle"
    ways = {(arm["size"], arm["treatment"]) for arm in found["arms"] if arm["bundle"] == 0}
    assert ways == {(0, "nothing"), (8, "nothing"), (8, "restored"), (200, "nothing"), (200, "restored")}
    assert len(found["arms"]) == 10
    value = _arm(found, 8)["figures"]["accuracy"]["value"]
    assert f"| 8 px | nothing | {value:.3f} (" in markdown
    assert markdown.startswith("# Accuracy by resolution\n\n`python -m train resolution --bundle ")


def test_differences_are_those_of_the_figures(report: tuple[dict, str]) -> None:
    found, _ = report
    full, poor, restored = _arm(found, 0), _arm(found, 8), _arm(found, 8, "restored")
    accuracy = [arm["figures"]["accuracy"]["value"] for arm in (full, poor, restored)]
    assert poor["less_full"]["value"] == pytest.approx(accuracy[1] - accuracy[0], abs=2e-6)
    assert restored["by_restoration"]["value"] == pytest.approx(accuracy[2] - accuracy[1], abs=2e-6)
    assert "less_full" not in full
    # 64 pixels are not enough to be answered as the whole film is.
    assert poor["figures"]["log_loss"] != full["figures"]["log_loss"]


def test_a_size_above_the_films_own_changes_nothing(report: tuple[dict, str]) -> None:
    found, _ = report
    assert _arm(found, 200)["figures"] == _arm(found, 0)["figures"]
    assert _arm(found, 200)["less_full"] == {"value": 0, "low": 0, "high": 0}
    # Nor does it matter which of two bundles that are the same reads.
    assert _arm(found, 8, bundle=1)["less_first"] == {"value": 0, "low": 0, "high": 0}
