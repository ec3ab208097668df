"""The plan, what is left to do of it, and the report, on arms whose answers are set; no network is trained."""

from pathlib import Path

import numpy as np
import pytest

from pneumo_core.errors import RunError
from train.compare import MEASURED, MEASURED_TRAIN, Arm, Plan, _commands
from train.compare_report import write_report
from train.data import read_rows
from train.predict import Predictions, read_predictions, write_predictions
from train.run import RunDirectory, write_json


def _plan(folder: Path, data: Path, **changes) -> Plan:
    settings = {
        "backbones": ("efficientnetb0", "efficientnetb7"),
        "starts": ("none", "given", "grown"),
        "tunings": ("frozen", "fine-tuned"),
        "heads": ("linear",),
        "seeds": (0, 1),
        "weights": {"efficientnetb0": Path("/w/b0.h5")},
    }
    return Plan(data=data, runs=folder, epochs=4, train_sample=10, options=("--size", "64"), **(settings | changes))


def test_arms_are_those_that_can_be_and_the_grown_come_last(tmp_path: Path) -> None:
    plan = _plan(tmp_path, tmp_path)
    arms = plan.arms()
    networks = {(arm.backbone, arm.start) for arm in arms}
    assert networks == {
        ("efficientnetb0", "none"),
        ("efficientnetb0", "given"),
        ("efficientnetb7", "none"),
        ("efficientnetb7", "grown"),
    }
    assert len(arms) == 4 * 2 * 2
    assert [arm.start == "grown" for arm in arms] == [False] * 12 + [True] * 4
    grown = Arm("efficientnetb7", "grown", "frozen", "linear", 1)
    assert plan.source(grown) == Arm("efficientnetb0", "given", "fine-tuned", "linear", 1)
    with pytest.raises(RunError, match="there is none"):
        _plan(tmp_path, tmp_path, tunings=("frozen",)).arms()


def test_what_is_done_is_not_done_again(tmp_path: Path, manifest: Path) -> None:
    plan = _plan(tmp_path, manifest)
    arm = Arm("efficientnetb0", "given", "fine-tuned", "linear", 0)
    fit, test, train = _commands(plan, arm)
    for option, value in (("--weights", "/w/b0.h5"), ("--frozen-epochs", "1"), ("--epochs", "3"), ("--size", "64")):
        assert fit[fit.index(option) + 1] == value
    assert test[test.index("--split") + 1 : test.index("--out")] == ["test", "external"]
    assert train[train.index("--sample") + 1] == "10"
    run = RunDirectory(plan.runs / arm.name)
    run.create({"settings": {}})
    assert next(_commands(plan, arm))[-1] == "--resume"
    run.log("end", epoch=4)
    assert [command[0] for command in _commands(plan, arm)] == ["evaluate", "evaluate"]
    for part in (MEASURED, MEASURED_TRAIN):
        (run.path / part).mkdir()
        write_json(run.path / part / "metrics.json", {})
    assert list(_commands(plan, arm)) == []
    frozen = next(_commands(plan, Arm("efficientnetb0", "none", "frozen", "linear", 0)))
    assert [frozen[frozen.index(name) + 1] for name in ("--frozen-epochs", "--epochs", "--weights")] == [
        "4",
        "0",
        "none",
    ]


def test_a_growth_that_was_killed_is_done_again(tmp_path: Path, manifest: Path) -> None:
    plan = _plan(tmp_path, manifest)
    arm = Arm("efficientnetb7", "grown", "fine-tuned", "linear", 0)
    start = RunDirectory(plan.runs / arm.name / "start")
    start.create({"kind": "grow"})  # its weights were not written any more
    command = next(_commands(plan, arm))
    assert command[0] == "grow"
    assert not start.config_file.exists()
    start.create({"kind": "grow"})
    start.best_file.touch()
    command = next(_commands(plan, arm))
    assert (command[0], command[command.index("--weights") + 1]) == ("fit", str(start.best_file))


def _fabricate(plan: Plan, arm: Arm, wrong: int) -> None:
    """Leave what an arm leaves that gives `wrong` films of each split a wrong answer."""
    run = RunDirectory(plan.runs / arm.name)
    run.create({"settings": {}})
    run.log("epoch", epoch=0, val_accuracy=0.5, val_loss=1.0)
    write_json(run.path / "network.json", {"parameters": 1234567, "seconds": 0.025})
    rows = read_rows(plan.data)
    for part, splits in ((MEASURED, ("test", "external")), (MEASURED_TRAIN, ("train",))):
        found = []
        for split in splits:
            chosen = tuple(row for row in rows if row.split == split)
            logits = np.eye(4, dtype=np.float32)[[row.film_class.index for row in chosen]] * 4
            if split != "train":
                logits[:wrong] = np.roll(logits[:wrong], 1, axis=1)
            found.append(Predictions(chosen, logits, 1.0))
        (run.path / part).mkdir()
        write_predictions(run.path / part / "predictions.csv", found)


def test_the_report_tells_figures_differences_and_what_is_missing(tmp_path: Path, manifest: Path) -> None:
    plan = _plan(
        tmp_path / "runs",
        manifest,
        backbones=("efficientnetb0",),
        starts=("none", "given", "imagenet"),
        tunings=("fine-tuned",),
    )
    for arm in plan.arms():
        if arm.start == "imagenet":
            (plan.runs / arm.name).mkdir()
            (plan.runs / arm.name / "log.txt").write_text("Loading\nURLError: no route to host\n")
        else:
            _fabricate(plan, arm, wrong={"none": 6, "given": 3}[arm.start])
    write_report(plan, tmp_path / "reports" / "tiny", ["compare", "--data", "my films"])
    report = (tmp_path / "reports" / "tiny.md").read_text()
    assert "python -m train compare --data 'my films'" in report
    assert "| efficientnetb0 | none | fine-tuned | linear | 2 | 0.750 (" in report
    assert "| given less none | efficientnetb0, fine-tuned, linear | +0.125 (" in report
    assert "+12.5 | 1,234,567 | 25 |" in report  # the gap between train and test: 100 % less 87.5 %
    assert report.count("URLError: no route to host") == 2
    assert "Does the backbone matter?" not in report
    page = (tmp_path / "reports" / "tiny.html").read_text()
    assert "Plotly.newPlot" in page
    assert "<td>given less none</td>" in page
    assert '<script src="http' not in page


def test_predictions_are_read_as_they_were_written(tmp_path: Path, manifest: Path) -> None:
    rows = tuple(row for row in read_rows(manifest) if row.split in ("test", "val"))
    logits = np.random.default_rng(0).normal(size=(len(rows), 4)).astype(np.float32)
    parts = Predictions(rows, logits, 1.5)
    write_predictions(tmp_path / "p.csv", [parts])
    found = read_predictions(tmp_path / "p.csv", 1.5)
    assert set(found) == {"test", "val"}
    expected = parts.where(lambda row: row.split == "val")
    np.testing.assert_allclose(found["val"].probabilities, expected.probabilities, atol=1e-5)
    assert [(row.name, row.patient, row.source) for row in found["val"].rows] == [
        (row.name, row.patient, row.source) for row in expected.rows
    ]
