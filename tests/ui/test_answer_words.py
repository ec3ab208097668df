"""The answer in words and bars."""

import numpy as np
import pytest

from pneumo_core.types import CLASSES, Prediction
from ui import answer, texts
from ui.chart import percent, probability_chart


def prediction(*probabilities: float) -> Prediction:
    p = np.array(probabilities, np.float32)
    return Prediction(np.log(p), 1.0, p, "none")


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (0.0, "<1 %"),
        (0.0099, "<1 %"),
        (0.01, "1 %"),
        (0.714, "71 %"),
        (0.99, "99 %"),
        (0.9901, ">99 %"),
        (1.0, ">99 %"),
    ],
)
def test_percent_never_rounds_to_certainty(probability: float, expected: str) -> None:
    assert percent(probability) == expected


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ((0.02, 0.94, 0.03, 0.01), "Bacterial pneumonia"),
        ((0.05, 0.2, 0.7, 0.05), "Most likely viral pneumonia"),
        ((0.1, 0.2, 0.3, 0.4), "Undecided: COVID-19 or viral pneumonia"),
    ],
)
def test_the_headline_is_as_sure_as_the_figures(probabilities: tuple[float, ...], words: str) -> None:
    assert answer.headline(prediction(*probabilities)) == words


def test_the_uncertainty_names_what_stands_against() -> None:
    assert answer.uncertainty(prediction(0.02, 0.94, 0.03, 0.01)) == "94 %. All other answers together: 6 %."
    assert answer.uncertainty(prediction(0.05, 0.2, 0.7, 0.05)) == (
        "Viral pneumonia 70 %, bacterial pneumonia 20 %. Together they hold 90 % of the probability."
    )


def test_the_track_record_is_the_bundles_own() -> None:
    def figures(value: float, low: float, high: float) -> dict[str, object]:
        return {"figures": {"accuracy": {"value": value, "low": low, "high": high}}}

    metrics = {"splits": {"test": figures(0.93, 0.915, 0.944), "external": figures(0.66, 0.6, 0.71)}}
    assert answer.track_record(metrics) == (
        "It was right on 93 % (92 to 94 %) of its test films and on 66 % (60 to 71 %) of films from other sources."
    )
    assert answer.track_record({}) == texts.NEVER_MEASURED


def test_the_bars_keep_their_order_and_carry_their_figures() -> None:
    chart = probability_chart(prediction(0.05, 0.2, 0.7, 0.05))
    bars = chart["data"][-1]
    assert bars["y"] == [texts.SHORT_NAMES[film_class] for film_class in CLASSES]
    np.testing.assert_allclose(bars["x"], [0.05, 0.2, 0.7, 0.05], atol=1e-6)
    assert chart["layout"]["yaxis"]["autorange"] == "reversed"  # the first on top
    assert [note["text"] for note in chart["layout"]["annotations"]] == ["5 %", "20 %", "70 %", "5 %"]


def test_without_an_answer_the_bars_are_empty() -> None:
    chart = probability_chart(None)
    assert chart["data"][-1]["x"] == [0.0] * 4
    assert {note["text"] for note in chart["layout"]["annotations"]} == {""}
