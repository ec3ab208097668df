from pathlib import Path

import pytest

import train.__main__
import train.fit
from train.__main__ import main
from train.config import FitConfig
from train.jobs import OUT_OF_MEMORY
from train.run import RunDirectory


@pytest.mark.parametrize("command", ["fit", "evaluate", "grow", "promote", "compare", "shortcuts", "check", "gate"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "--data" in capsys.readouterr().out


def test_every_setting_of_a_run_is_an_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    shown = capsys.readouterr().out
    for name in FitConfig.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in shown
    assert "(default: efficientnetb7)" in " ".join(shown.split())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["fit"],
        ["evaluate", "--data", "m.csv"],
        ["evaluate", "--data", "m.csv", "--run", "a", "--bundle", "b"],
        ["evaluate", "--data", "m.csv", "--run", "a", "--classes", "normal,flu"],
        ["evaluate", "--data", "m.csv", "--run", "a", "--classes", "normal"],
        ["promote", "--run", "a"],
    ],
)
def test_wrong_use_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m train" in capsys.readouterr().err


def test_what_can_not_be_done_is_said_in_one_line(
    tmp_path: Path, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = str(tmp_path / "empty")
    for arguments, message in (
        (["fit", "--run", empty], "--data is missing"),
        (["fit", "--run", empty, "--resume"], "holds no run"),
        (["fit", "--run", empty, "--data", str(tmp_path / "no.csv")], "does not exist"),
        (["fit", "--run", empty, "--data", str(manifest), "--leave-out", "nowhere"], "are elsewhere, kermany/drawn"),
        (["evaluate", "--run", empty, "--data", str(manifest)], "holds no run"),
        (["evaluate", "--bundle", empty, "--data", str(manifest)], "no model bundle"),
        (["evaluate", "--baseline", "thumbnails", "--data", str(tmp_path)], "no films for normal"),
        (["grow", "--source", empty, "--run", f"{empty}2", "--data", str(manifest)], "holds no run"),
        (["promote", "--run", empty, "--name", "x", "--data", str(manifest)], "holds no run"),
    ):
        assert main(arguments) == 2
        shown = capsys.readouterr().err.strip().splitlines()
        assert message in shown[-1]
        assert shown[-1].startswith(f"python -m train {arguments[0]}: ")
    assert not Path(empty).exists()


def test_a_source_that_is_left_out_is_neither_trained_on_nor_chosen_by(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    monkeypatch.setattr(train.fit, "_run_epochs", lambda run, config, model, *films, **more: taken.extend(films[:2]))
    options = ["--backbone", "efficientnetb0", "--weights", "none", "--size", "64", "--leave-out", "kermany"]
    assert main(["fit", "--run", str(tmp_path / "run"), "--data", str(manifest), *options]) == 0
    assert [len(films.rows) for films in taken] == [8, 6]
    assert {row.source for films in taken for row in films.rows} == {"elsewhere"}


def test_a_grown_network_is_no_training_to_go_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RunDirectory(tmp_path).create({"kind": "grow", "source_run": "b0", "settings": {}})
    assert main(["fit", "--run", str(tmp_path), "--resume"]) == 2
    assert "Train it in a new run by --weights" in capsys.readouterr().err


def test_the_baseline_is_evaluated_from_the_command_line(
    tmp_path: Path, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--split", "test", "external", "--out", str(tmp_path)]
    assert main(["evaluate", "--baseline", "thumbnails", "--data", str(manifest), *options]) == 0
    assert "# baseline: logistic regression on 12 x 12 thumbnails" in capsys.readouterr().out
    assert (tmp_path / "predictions.csv").exists()
    assert (tmp_path / "metrics.json").exists()


def test_a_full_disk_is_told_in_words(tmp_path: Path, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "predictions.partial").symlink_to("/dev/full")
    options = ["--split", "external", "--out", str(tmp_path)]
    assert main(["evaluate", "--baseline", "thumbnails", "--data", str(manifest), *options]) == 2
    assert "The disk is full. Nothing that was finished is lost" in capsys.readouterr().err
    assert not (tmp_path / "predictions.csv").exists()


@pytest.mark.parametrize("text", ["RESOURCE_EXHAUSTED: Out of memory while trying to allocate", "shape mismatch"])
def test_a_full_accelerator_has_a_status_of_its_own(
    text: str, manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(options: object) -> None:
        raise RuntimeError(text)

    monkeypatch.setitem(train.__main__._COMMANDS, "check", fail)
    if text.startswith("RESOURCE"):
        assert main(["check", "--data", str(manifest)]) == OUT_OF_MEMORY
        assert "Use a smaller --batch-size" in capsys.readouterr().err
    else:
        with pytest.raises(RuntimeError, match="shape mismatch"):
            main(["check", "--data", str(manifest)])
