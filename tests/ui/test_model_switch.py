from pathlib import Path

import pytest

from pneumo_core.model.active import activate, roll_back
from ui.model import SharedModel, shared_model


def _settled() -> SharedModel:
    model = shared_model()
    model._thread.join(60)
    return model


def test_the_app_takes_the_model_that_was_made_active_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PNEUMO_MODEL", raising=False)
    monkeypatch.setenv("PNEUMO_RUNS", str(tmp_path))
    activate(tmp_path / "one")  # neither bundle is there: what each says of it tells them apart
    first = _settled()
    assert first is shared_model()
    assert str(tmp_path / "one") in first.error
    activate(tmp_path / "two")
    second = _settled()
    assert str(tmp_path / "two") in second.error
    roll_back()
    assert str(tmp_path / "one") in _settled().error
