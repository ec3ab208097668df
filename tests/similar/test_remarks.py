"""What similar films say of an answer."""

import pytest

from pneumo_core.answer import Answer, AnswerKind
from pneumo_core.similar import remarks_on
from pneumo_core.types import CLASSES, FilmClass, Grade, SimilarFilms, TrainingFilm

NORMAL, BACTERIAL, VIRAL, COVID19 = CLASSES


def similar(*classes: FilmClass, mean: float = 1.0, known: bool = False) -> SimilarFilms:
    films = tuple(TrainingFilm(f"{at}.png", film_class, "", "", f"{at:016}") for at, film_class in enumerate(classes))
    return SimilarFilms(films, (mean,) * len(films), 2.0, known)


def answer(*classes: FilmClass, kind: AnswerKind = AnswerKind.SINGLE) -> Answer:
    return Answer(kind, classes, "made_up", "Made up.", "Made up by a test.")


def codes(found: SimilarFilms | None, given: Answer) -> list[str]:
    return [finding.code for finding in remarks_on(found, given)]


@pytest.mark.parametrize(("agree", "disagrees"), [(8, False), (5, False), (4, False), (3, True), (1, True), (0, True)])
def test_fewer_than_half_with_a_fitting_label_are_a_caution(agree: int, disagrees: bool) -> None:
    found = similar(*[VIRAL] * agree, *[NORMAL] * (8 - agree))
    assert codes(found, answer(VIRAL)) == ["similar_films_disagree"] * disagrees
    if disagrees:
        [finding] = remarks_on(found, answer(VIRAL))
        assert finding.grade is Grade.CAUTION
        expected = {
            3: "Only 3 of the 8 training films most like this one fit",
            1: "Only 1 of the 8",
            0: "None of the 8",
        }
        assert finding.text.startswith(expected[agree])


def test_every_class_that_the_answer_leaves_open_agrees_with_it() -> None:
    found = similar(*[VIRAL] * 3, *[COVID19] * 3, *[NORMAL] * 2)
    assert codes(found, answer(VIRAL)) == ["similar_films_disagree"]
    assert codes(found, answer(VIRAL, COVID19, kind=AnswerKind.SET)) == []
    assert codes(found, answer(BACTERIAL, VIRAL, COVID19, kind=AnswerKind.PNEUMONIA)) == []


def test_without_an_answer_there_is_nothing_to_disagree_with() -> None:
    assert codes(similar(*[NORMAL] * 8), answer(kind=AnswerKind.NONE)) == []


def test_a_film_far_from_all_is_a_caution_whatever_the_answer() -> None:
    far = similar(*[NORMAL] * 8, mean=2.1)
    assert codes(far, answer(kind=AnswerKind.NONE)) == ["far_from_training_films"]
    assert codes(far, answer(NORMAL)) == ["far_from_training_films"]
    assert codes(similar(*[NORMAL] * 8, mean=2.0), answer(NORMAL)) == []
    assert codes(far, answer(VIRAL)) == ["similar_films_disagree", "far_from_training_films"]


def test_a_training_film_is_a_note() -> None:
    [finding] = remarks_on(similar(*[NORMAL] * 8, known=True), answer(NORMAL))
    assert (finding.code, finding.grade) == ("training_film", Grade.NOTE)


def test_a_bundle_without_an_index_says_nothing() -> None:
    assert remarks_on(None, answer(NORMAL)) == ()


def test_similar_films_have_a_distance_each() -> None:
    with pytest.raises(ValueError, match="One distance for each"):
        SimilarFilms((), (), 1.0)
    with pytest.raises(ValueError, match="got 8 films and 1 distances"):
        SimilarFilms(similar(*[NORMAL] * 8).films, (1.0,), 1.0)
