import pytest

from pneumo_core.explain.methods import METHODS
from ui.prices import Prices


def test_a_price_is_told_from_a_reading_until_it_is_measured() -> None:
    prices = Prices()
    assert prices.line() == ""
    prices.note_reading(0.12)
    prices.note_reading(0.3)  # beside others
    assert prices.of("Occlusion") == pytest.approx(65 * 0.12)
    assert "Eigen-CAM 0.1 s · Occlusion 7.8 s" in prices.line()
    prices.note_maps("Occlusion", 4.26)
    assert " · Occlusion 4.3 s · " in prices.line()
    assert prices.of("Eigen-CAM") == pytest.approx(0.12)


def test_the_maps_that_come_with_the_reading_have_no_price() -> None:
    prices = Prices()
    prices.note_reading(0.5)
    assert prices.of("Grad-CAM") is None
    assert [part.rpartition(" ")[0].rpartition(" ")[0] for part in prices.line().split(" · ")] == list(METHODS)[1:]
