"""What the similar films say of an answer, as findings. They belong beside the answer and never before it."""

from pneumo_core.answer import Answer, AnswerKind
from pneumo_core.language import Message
from pneumo_core.types import Finding, Grade, SimilarFilms

_TRAINING_FILM = Finding(
    "training_film",
    Grade.NOTE,
    Message("The model was trained on this very film: its answer to it does not tell how good it is."),
)
_FAR = Finding(
    "far_from_training_films",
    Grade.CAUTION,
    Message(
        "Even the training films most like this one are less like it than they are for 99 % of the validation films; "
        "the answer may not hold for it."
    ),
)


def agreeing(similar: SimilarFilms, answer: Answer) -> int:
    """How many of the similar films have a label that the answer leaves open."""
    return sum(film.film_class in answer.classes for film in similar.films)


def remarks_on(similar: SimilarFilms | None, answer: Answer) -> tuple[Finding, ...]:
    """Judge an answer by the similar films.

    Args:
        similar: the film's similar films; None where the bundle has no index.
        answer: what is called the film's answer. With no answer there is nothing to disagree with.

    Returns:
        Findings, the gravest first.
    """
    if similar is None:
        return ()
    found = []
    count, films = agreeing(similar, answer), len(similar.films)
    if answer.kind is not AnswerKind.NONE and 2 * count < films:
        found.append(Finding("similar_films_disagree", Grade.CAUTION, _disagreement(count, films)))
    if similar.mean_distance > similar.usual:
        found.append(_FAR)
    if similar.is_training_film:
        found.append(_TRAINING_FILM)
    return tuple(found)


def _disagreement(count: int, films: int) -> Message:
    if count == 0:
        return Message(
            "None of the {films} training films most like this one fits this answer by its label.", films=films
        )
    return Message(
        "Only {count} of the {films} training films most like this one fits this answer by its label.",
        "Only {count} of the {films} training films most like this one fit this answer by their labels.",
        count=count,
        films=films,
    )
