"""The answer in words and bars."""

import numpy as np
import pytest

from pneumo_core.answer import PNEUMONIA, AnswerKind
from pneumo_core.report.texts import percent
from pneumo_core.types import CLASSES, FilmClass, Finding, Grade, Prediction
from ui import answer, texts
from ui.chart import probability_chart
from ui.films import Film, FilmState


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


def test_the_strip_says_no_more_than_the_answer(said_of) -> None:
    one = Film("0", "film", phantom=False, state=FilmState.ANSWERED)
    for kind, classes, words in (
        (AnswerKind.SINGLE, (FilmClass.VIRAL,), "Viral"),
        (AnswerKind.SET, (FilmClass.BACTERIAL, FilmClass.VIRAL), "Bacterial or Viral"),
        (AnswerKind.PNEUMONIA, PNEUMONIA, texts.PNEUMONIA),
        (AnswerKind.NONE, (), texts.NO_ANSWER),
    ):
        one.said = said_of(kind=kind, classes=classes)
        assert answer.short(one) == words
    one.said = said_of(Finding("no_chest", Grade.REFUSE, "No chest."), kind=AnswerKind.NONE)
    assert answer.short(one) == "Refused"
    assert not one.is_answered
    one.override = "I see one."
    assert one.is_answered


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
