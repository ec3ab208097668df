import numpy as np
import pytest

from pneumo_core.answer import PNEUMONIA, Answer, AnswerKind, answer_of
from pneumo_core.types import CLASSES, AgeGroup, Assessment, FilmClass, Finding, Grade, Prediction, Radiograph, Reading

N, B, V, C = CLASSES
REFUSAL = Finding("upside_down", Grade.REFUSE, "It stands on its head.")
CAUTION = Finding("heavy_marks", Grade.CAUTION, "Letters.")


def answer(
    set90: tuple[FilmClass, ...] | None,
    age: AgeGroup = AgeGroup.CHILD,
    set95: tuple[FilmClass, ...] | None = None,
    findings: tuple[Finding, ...] = (),
    override: str = "",
    top: FilmClass = N,
) -> Answer:
    film = Radiograph(np.zeros((2, 2), np.uint16), (0.0, 1.0), 8, "0" * 64, "PNG", "greyscale")
    probabilities = np.where([film_class is top for film_class in CLASSES], 0.7, 0.1).astype(np.float32)
    wide = set95 if set95 is not None else set90
    prediction = Prediction(np.zeros(4, np.float32), 1.0, probabilities, "m@0", set90, wide)
    return answer_of(Reading(film, prediction, (), Assessment(findings, age, "film", "intake@0")), override)


@pytest.mark.parametrize("age", AgeGroup)
def test_normal_is_called_normal_at_any_age(age: AgeGroup) -> None:
    assert answer((N,), age).kind is AnswerKind.SINGLE
    assert answer((N,), age).classes == (N,)


@pytest.mark.parametrize("classes", [(B,), (V,), (C,), (B, V), (V, C), (B, V, C)])
@pytest.mark.parametrize("age", [AgeGroup.ADULT, AgeGroup.UNCERTAIN])
def test_the_cause_is_not_told_of_an_adult(classes: tuple[FilmClass, ...], age: AgeGroup) -> None:
    found = answer(classes, age)
    assert (found.kind, found.classes) == (AnswerKind.PNEUMONIA, PNEUMONIA)
    assert "cause not told" in found.text
    assert "COVID" not in found.text
    assert found.code == f"cause_not_told_{'adult' if age is AgeGroup.ADULT else 'age_uncertain'}"


@pytest.mark.parametrize("age", [AgeGroup.ADULT, AgeGroup.UNCERTAIN])
def test_normal_or_pneumonia_is_no_answer_to_an_adults_film(age: AgeGroup) -> None:
    found = answer((N, C), age)
    assert (found.kind, found.classes, found.code) == (AnswerKind.NONE, (), "normal_or_pneumonia")


def test_the_cause_is_told_of_a_child_but_not_covid19_alone() -> None:
    assert answer((B,)).text == "Bacterial pneumonia."
    assert answer((V, C)).text == "Viral pneumonia or COVID-19: can not be separated."
    assert answer((V, C)).kind is AnswerKind.SET
    assert answer((C,)).code == "covid19_not_told_child"
    assert answer((C,)).kind is AnswerKind.PNEUMONIA
    assert answer((B, V, C)).kind is AnswerKind.NONE


def test_an_empty_set_gives_way_to_the_wider_one() -> None:
    assert answer((), set95=(V,)).classes == (V,)
    assert answer((), set95=(V,)).level == 0.95
    assert answer((V,), set95=(N, V)).level == 0.90
    assert answer((), set95=()).code == "unlike_all"


def test_a_refused_film_has_no_answer_unless_a_reader_overrides() -> None:
    refused = answer((N,), findings=(REFUSAL, CAUTION))
    assert (refused.kind, refused.code, refused.reason) == (AnswerKind.NONE, "refused", "It stands on its head.")
    assert answer((N,), findings=(REFUSAL,), override=" ").kind is AnswerKind.NONE
    assert answer((N,), findings=(REFUSAL,), override="seen upright").kind is AnswerKind.SINGLE
    assert answer((N,), findings=(CAUTION,)).kind is AnswerKind.SINGLE


def test_without_calibrated_sets_the_answer_says_so_and_keeps_to_the_rules_of_age() -> None:
    found = answer(None, AgeGroup.ADULT, top=C)
    assert (found.kind, found.code, found.level) == (AnswerKind.PNEUMONIA, "sets_not_calibrated", None)
    assert "not calibrated" in found.reason
    assert answer(None, AgeGroup.CHILD, top=B).classes == (B,)
