"""The page may not import `train`: what it names is held to it here."""

from dataclasses import fields
from pathlib import Path
from unittest.mock import patch

from pneumo_core.model.architecture import BACKBONES, HEADS
from train.__main__ import _parser
from train.config import FitConfig
from ui import training_form, training_texts
from ui.gpu import Gpu, parse


def test_the_page_offers_what_training_knows() -> None:
    assert set(training_texts.BACKBONES) == set(BACKBONES)
    assert set(training_texts.HEADS) == set(HEADS)


def test_the_commands_of_the_form_are_commands_of_train() -> None:
    settings = {"backbone": "efficientnetb7", "head": "linear", "size": 64, "epochs": 2, "learning_rate": 1e-3}
    assert settings.keys() <= {field.name for field in fields(FitConfig)}
    commands = training_form._commands(Path("runs/x"), "data", settings, ("grown", "runs/b0"), "--patience 3")
    parsed = [_parser().parse_args(command) for command in commands]
    assert [options.command for options in parsed] == ["grow", "fit", "evaluate"]
    grow, fit, evaluate = parsed
    assert fit.weights == str(grow.run / "best.weights.h5")
    assert (fit.patience, fit.size, fit.learning_rate, fit.run) == (3, 64, 1e-3, Path("runs/x"))
    assert evaluate.split == ["val"], "runs are compared on val: test stays unseen"


def test_the_lines_of_nvidia_smi_are_read() -> None:
    shown = "NVIDIA H200, 143771, 512, 37\nGeForce, Mobile, 8192, [N/A], [N/A]\n"
    assert parse(shown) == [Gpu("NVIDIA H200", 143771, 512, 37), Gpu("GeForce, Mobile", 8192, 0, 0)]


def test_training_is_off_unless_it_is_allowed(monkeypatch) -> None:
    from ui.training import training_is_allowed

    monkeypatch.delenv("PNEUMO_TRAINING", raising=False)
    with patch("ui.training.st.secrets") as secrets:
        secrets.load_if_toml_exists.return_value = False
        assert not training_is_allowed()
        secrets.load_if_toml_exists.return_value = True
        secrets.get.return_value = True
        assert training_is_allowed()
        secrets.get.return_value = "no"
        assert not training_is_allowed()
    monkeypatch.setenv("PNEUMO_TRAINING", "1")
    assert training_is_allowed()


def test_times_have_the_units_that_they_deserve() -> None:
    shown = [training_texts.duration(seconds) for seconds in (0.2, 80, 600, 3 * 3600, 80 * 3600)]
    assert shown == ["1 seconds", "80 seconds", "10 minutes", "3.0 hours", "3.3 days"]
