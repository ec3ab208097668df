import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pneumo_core.errors import RunError
from train.lineage import trace
from train.run import RunDirectory

_START = "/somewhere/weights/efficientnetb0_imagenet_then_mango_notop.weights.h5"


def _fit_run(path: Path, backbone: str, weights: str) -> RunDirectory:
    run = RunDirectory(path)
    settings = {"data": "/home/someone/cxr/manifest.csv", "backbone": backbone, "weights": weights, "unfreeze_from": ""}
    run.create({"settings": settings, "data_sha256": "0" * 64, "versions": {"keras": "3"}})
    run.log("epoch", epoch=0, val_accuracy=0.7, best=True)
    run.log("epoch", epoch=1, val_accuracy=0.9, best=True)
    run.log("epoch", epoch=2, val_accuracy=0.8, best=False)
    run.best_file.touch()
    return run


def _grow_run(path: Path, source: RunDirectory, **more: str) -> RunDirectory:
    run = RunDirectory(path)
    settings = {"data": "/home/someone/cxr/manifest.csv", "backbone": "efficientnetb7", "seed": 3}
    run.create(
        {
            "kind": "grow",
            "source_run": str(source.path),
            "settings": settings,
            "difference": 1e-5,
            "proof_films": 8,
            **more,
        }
    )
    run.best_file.touch()
    return run


def test_a_grown_network_is_followed_to_its_start(tmp_path: Path) -> None:
    small = _fit_run(tmp_path / "b0", "efficientnetb0", _START)
    grown = _grow_run(tmp_path / "b7-grown", small)
    large = _fit_run(tmp_path / "b7", "efficientnetb7", str(grown.best_file))
    lineage = trace(large)
    assert [(step.kind, step.run) for step in lineage.steps] == [("fit", "b0"), ("grow", "b7-grown"), ("fit", "b7")]
    assert lineage.statement == (
        "The weights began as an EfficientNetB0 that was trained on ImageNet and then fine-tuned on photographs of "
        "mango leaves, then trained on the films as efficientnetb0, grown into an EfficientNetB7 (Net2Net, arXiv "
        "1511.05641), then trained on the films as efficientnetb7. The EfficientNetB7 itself was never trained on "
        "ImageNet."
    )
    assert lineage.steps[0].epochs == 3
    assert lineage.steps[0].best["epoch"] == 1


def test_commands_repeat_the_runs_without_naming_the_machine(tmp_path: Path) -> None:
    grown = _grow_run(tmp_path / "b7-grown", _fit_run(tmp_path / "b0", "efficientnetb0", _START))
    fit, grow = (step.command for step in trace(grown).steps)
    assert fit == (
        f"python -m train fit --run {tmp_path.name}/b0 --data cxr/manifest.csv --backbone efficientnetb0 "
        "--weights weights/efficientnetb0_imagenet_then_mango_notop.weights.h5"
    )
    assert grow == (
        f"python -m train grow --source {tmp_path.name}/b0 --run {tmp_path.name}/b7-grown --data cxr/manifest.csv "
        "--seed 3"
    )


@pytest.mark.parametrize(
    ("weights", "start"),
    [
        ("none", "random weights"),
        ("imagenet", "the ImageNet weights of keras.applications"),
        ("/x/own.weights.h5", "the weights of the file own.weights.h5"),
    ],
)
def test_a_single_run_names_its_start(tmp_path: Path, weights: str, start: str) -> None:
    lineage = trace(_fit_run(tmp_path / "run", "resnet50", weights))
    assert lineage.statement == f"The weights began as {start}, then trained on the films as resnet50."


def test_a_lost_run_of_the_chain_is_an_error(tmp_path: Path) -> None:
    grown = _grow_run(tmp_path / "grown", RunDirectory(tmp_path / "lost"))
    with pytest.raises(RunError, match="lost holds no run"):
        trace(grown)


def test_a_chain_that_bites_its_tail_is_an_error(tmp_path: Path) -> None:
    _fit_run(tmp_path / "a", "efficientnetb0", str(tmp_path / "b" / "best.weights.h5"))
    run = _fit_run(tmp_path / "b", "efficientnetb0", str(tmp_path / "a" / "best.weights.h5"))
    with pytest.raises(RunError, match="twice in its own chain"):
        trace(run)


def test_two_runs_grown_together_are_both_followed_and_their_common_start_told_once(tmp_path: Path) -> None:
    start = _fit_run(tmp_path / "b0", "efficientnetb0", _START)
    first, second = (_fit_run(tmp_path / name, "efficientnetb0", str(start.best_file)) for name in ("b0-a", "b0-b"))
    grown = _grow_run(tmp_path / "b7", first, second_run=str(second.path))
    lineage = trace(grown)
    assert [step.run for step in lineage.steps] == ["b0", "b0-a", "b0-b", "b7"]
    assert f"--source {tmp_path.name}/b0-a --source {tmp_path.name}/b0-b" in lineage.steps[-1].command
    assert "both grown together into one EfficientNetB7" in lineage.statement


def test_a_shrunk_bundle_brings_its_own_steps(tmp_path: Path) -> None:
    earlier = trace(_grow_run(tmp_path / "b7-grown", _fit_run(tmp_path / "b0", "efficientnetb0", _START)))
    training = {"began_as": earlier.start, "steps": json.loads(json.dumps([asdict(step) for step in earlier.steps]))}
    shrunk = RunDirectory(tmp_path / "b0-again")
    shrunk.create({"kind": "shrink", "bundle": "assets/models/pneumo-b7", "training": training, "settings": {}})
    shrunk.best_file.touch()
    lineage = trace(_fit_run(tmp_path / "b0-on", "efficientnetb0", str(shrunk.best_file)))
    assert [step.run for step in lineage.steps] == ["b0", "b7-grown", "b0-again", "b0-on"]
    assert lineage.steps[:2] == earlier.steps
    assert lineage.start == earlier.start
    assert "--bundle models/pneumo-b7" in lineage.steps[2].command
    assert "shrunk to the EfficientNetB0 inside it" in lineage.statement
    assert "--half" not in lineage.steps[2].command
    half = RunDirectory(tmp_path / "b0-half")
    settings = {"kind": "shrink", "half": "second", "bundle": "assets/models/pneumo-b7", "training": training}
    half.create({**settings, "settings": {}})
    half.best_file.touch()
    assert trace(half).steps[-1].command.endswith(f"--run {tmp_path.name}/b0-half --half second")
