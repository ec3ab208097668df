from pathlib import Path

import pytest

from pneumo_core.errors import BundleError
from pneumo_core.model.active import activate, active_bundles, default_bundle, promoted_models, roll_back, runs_folder


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PNEUMO_MODEL", raising=False)
    monkeypatch.setenv("PNEUMO_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_the_last_active_bundle_answers_until_it_is_rolled_back(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ships = default_bundle()
    activate(promoted_models() / "one")
    activate(promoted_models() / "two")
    assert default_bundle() == runs / "models" / "two"
    roll_back()
    assert default_bundle() == runs / "models" / "one"
    roll_back()
    assert default_bundle() == ships
    with pytest.raises(BundleError, match="nothing to roll back"):
        roll_back()


def test_the_environment_goes_before_the_active_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    activate(tmp_path / "one")
    monkeypatch.setenv("PNEUMO_MODEL", str(tmp_path / "other"))
    assert default_bundle() == tmp_path / "other"


def test_a_damaged_pointer_is_refused(runs: Path) -> None:
    activate(runs / "one")
    (runs / "active-model.json").write_text("{}")
    with pytest.raises(BundleError, match="does not tell which model is active"):
        active_bundles()


def test_runs_lie_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PNEUMO_RUNS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert runs_folder() == tmp_path / "pneumo" / "runs"
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    assert runs_folder() == Path.home() / ".local" / "share" / "pneumo" / "runs"
