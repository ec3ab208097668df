"""From a reading to what is called the answer: one class, two that can not be told apart, pneumonia, or no answer.

The four probabilities are shown whatever the answer is called. What stands between them and an answer:

- a film that the intake refuses has none, unless a reader overrides the refusal with a reason;
- the prediction set (`pneumo_core.model.sets`) has to name one class, or two: the one at 90 %, or, where that is empty,
  the one at 95 %;
- training has no adult with bacterial or viral pneumonia, and a dozen children with COVID-19: whatever the network says
  of an adult's pneumonia, it can not tell the cause, nor COVID-19 in a child.
"""

import enum
from dataclasses import dataclass

from pneumo_core.language import Message
from pneumo_core.types import CLASSES, AgeGroup, FilmClass, Reading, Verdict

PNEUMONIA = (FilmClass.BACTERIAL, FilmClass.VIRAL, FilmClass.COVID19)
_NAMES = {
    FilmClass.NORMAL: Message("normal"),
    FilmClass.BACTERIAL: Message("bacterial pneumonia"),
    FilmClass.VIRAL: Message("viral pneumonia"),
    FilmClass.COVID19: Message("COVID-19"),
}
_NAMES_FIRST = {  # at the beginning of a sentence
    FilmClass.NORMAL: Message("Normal"),
    FilmClass.BACTERIAL: Message("Bacterial pneumonia"),
    FilmClass.VIRAL: Message("Viral pneumonia"),
    FilmClass.COVID19: Message("COVID-19"),
}
_ONLY_ONE = Message("Only this class can not be ruled out.")


class AnswerKind(enum.StrEnum):
    """What the program commits itself to."""

    SINGLE = "single"  # one class
    SET = "set"  # two classes that can not be told apart
    PNEUMONIA = "pneumonia"  # pneumonia, but not its cause
    NONE = "none"  # no answer


@dataclass(frozen=True)
class Answer:
    """What is called the answer to one film.

    Attributes:
        kind: what the program commits itself to.
        classes: the classes that the answer leaves open, in the order of `FilmClass`; empty where there is no answer.
        code: why the answer is what it is, in snake case: "single", "pair", "cause_not_told_adult",
            "cause_not_told_age_uncertain", "covid19_not_told_child", "refused", "not_separated", "normal_or_pneumonia",
            "unlike_all", "sets_not_calibrated".
        text: the answer in words, a `Message`.
        reason: one sentence that explains it, a `Message`.
        level: of the prediction set that it comes from, 0.90 or 0.95; None where there is none.
    """

    kind: AnswerKind
    classes: tuple[FilmClass, ...]
    code: str
    text: str
    reason: str
    level: float | None = None


def answer_of(reading: Reading, override: str = "") -> Answer:
    """Say what the answer to a film is.

    Args:
        reading: the reading.
        override: why a reader wants a refused film to be read all the same; empty leaves a refusal as it is.
    """
    if reading.assessment.verdict is Verdict.REFUSE and not override.strip():
        return _none("refused", reading.assessment.reason)
    prediction = reading.prediction
    if prediction.set90 is None or prediction.set95 is None:
        return _uncalibrated(reading)
    classes, level = (prediction.set90, 0.90) if prediction.set90 else (prediction.set95, 0.95)
    if not classes:
        reason = Message("No class is as probable as it nearly always is where it is the truth.")
        return _none("unlike_all", reason, level)
    return _of_classes(classes, reading.assessment.age_group, level)


def _of_classes(classes: tuple[FilmClass, ...], age_group: AgeGroup, level: float | None) -> Answer:
    pneumonia = tuple(film_class for film_class in classes if film_class is not FilmClass.NORMAL)
    if not pneumonia:
        return Answer(AnswerKind.SINGLE, classes, "single", Message("Normal."), _ONLY_ONE, level)
    if age_group is not AgeGroup.CHILD:
        # The cause is not told: the three causes are one outcome, and normal is the other.
        if len(pneumonia) < len(classes):
            reason = Message("Neither a normal film nor pneumonia can be ruled out.")
            return _none("normal_or_pneumonia", reason, level)
        code, text, reason = _CAUSE_NOT_TOLD[age_group]
        return Answer(AnswerKind.PNEUMONIA, PNEUMONIA, code, text, reason, level)
    if classes == (FilmClass.COVID19,):
        text = Message("Pneumonia; COVID-19 is not told in children by this model.")
        reason = Message("The model has seen hardly a child with COVID-19.")
        return Answer(AnswerKind.PNEUMONIA, PNEUMONIA, "covid19_not_told_child", text, reason, level)
    if len(classes) == 1:
        text = Message("{name}.", name=_NAMES_FIRST[classes[0]])
        return Answer(AnswerKind.SINGLE, classes, "single", text, _ONLY_ONE, level)
    if len(classes) == 2:
        first, second = _NAMES_FIRST[classes[0]], _NAMES[classes[1]]
        text = Message("{first} or {second}: can not be separated.", first=first, second=second)
        return Answer(AnswerKind.SET, classes, "pair", text, Message("Neither of the two can be ruled out."), level)
    reason = Message("{count} of the {all} classes can not be ruled out.", count=len(classes), all=len(CLASSES))
    return _none("not_separated", reason, level)


_CAUSE_NOT_TOLD = {
    AgeGroup.ADULT: (
        "cause_not_told_adult",
        Message("Pneumonia; cause not told for adults by this model."),
        Message("The film is an adult's, and the model has seen no adult with bacterial or viral pneumonia."),
    ),
    AgeGroup.UNCERTAIN: (
        "cause_not_told_age_uncertain",
        Message("Pneumonia; cause not told by this model."),
        Message(
            "It is uncertain whether the film is an adult's, and the model has seen no adult with bacterial or viral "
            "pneumonia."
        ),
    ),
}


def _uncalibrated(reading: Reading) -> Answer:
    """The most probable class under the same rules of age, with the plain word that no set stands behind it."""
    found = _of_classes((reading.prediction.film_class,), reading.assessment.age_group, None)
    reason = Message(
        "{reason} Sets are not calibrated for this model: this is only its most probable class.", reason=found.reason
    )
    return Answer(found.kind, found.classes, "sets_not_calibrated", found.text, reason)


def _none(code: str, reason: str, level: float | None = None) -> Answer:
    return Answer(AnswerKind.NONE, (), code, Message("No answer."), reason, level)
