from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from pneumo_core.errors import EngineError
from pneumo_core.language import Message, speaking
from ui import review


class FailingModel:
    """A model whose maps can not be made."""

    def maps(self, film: object, method: str) -> None:
        raise EngineError(Message("The process that makes this map can not be started: {error}.", error="no memory"))


def test_where_a_map_can_not_be_made_gradcam_stays_and_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    captions: list[str] = []
    page = SimpleNamespace(
        session_state={"method": "LayerCAM, fused"}, caption=captions.append, spinner=lambda text: nullcontext()
    )
    monkeypatch.setattr(review, "st", page)
    monkeypatch.setattr(review, "shared_model", FailingModel)
    film, store = SimpleNamespace(maps={"Grad-CAM": None}), SimpleNamespace(open=lambda film: film)
    assert review._method(store, film) == "Grad-CAM"
    assert captions == ["Shown is Grad-CAM. The process that makes this map can not be started: no memory."]
    assert list(film.maps) == ["Grad-CAM"]
    with speaking("ko"):
        review._method(store, film)
    assert captions[1].startswith("Grad-CAM을 표시합니다. 이 지도를")
