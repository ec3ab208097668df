"""The words of the reports, in one place."""

from pneumo_core.language import say, speaks
from pneumo_core.report.contents import Confidence, Opinion
from pneumo_core.types import FilmClass, Grade

BANNER = "Research and education. Not for diagnosis."
PRELIMINARY = "Preliminary"
TITLE = "Chest film: second reading"

CLASS_NAMES: dict[FilmClass, str] = {
    FilmClass.NORMAL: "Normal",
    FilmClass.BACTERIAL: "Bacterial pneumonia",
    FilmClass.VIRAL: "Viral pneumonia",
    FilmClass.COVID19: "COVID-19",
}
# Inside a sentence.
CLASSES_INSIDE: dict[FilmClass, str] = {
    FilmClass.NORMAL: "normal",
    FilmClass.BACTERIAL: "bacterial pneumonia",
    FilmClass.VIRAL: "viral pneumonia",
    FilmClass.COVID19: "COVID-19",
}
OPINIONS: dict[Opinion, str] = {
    Opinion.NORMAL: "Normal",
    Opinion.BACTERIAL: "Bacterial pneumonia",
    Opinion.VIRAL: "Viral pneumonia",
    Opinion.COVID19: "COVID-19",
    Opinion.OTHER: "Something else",
    Opinion.UNDECIDED: "Can not tell",
}
CONFIDENCES: dict[Confidence, str] = {
    Confidence.LOW: "Low confidence",
    Confidence.MODERATE: "Moderate confidence",
    Confidence.HIGH: "High confidence",
}

# The doctor's word.
DOCTOR = "The doctor's impression"
NO_IMPRESSION = "No impression was recorded."
KEPT = "Recorded before the program's answer was shown, and kept after it."
IN_VIEW = "Recorded with the program's answer in view."
FIRST = "Before the program's answer was shown: {opinion}. {confidence}."
NOTE = "Note"
READ_BY = "Read by {reader}."

# The program's answer.
PROGRAM = "Annex: the program's answer"
PROBABILITIES = "Calibrated probabilities"
WHAT_THEY_ARE = (
    "Calibrated probabilities among these four answers alone. The program knows no other disease and calls it by one "
    "of the four."
)
SET = "Can not be ruled out at the level of {level} %: {names}."
SET_EMPTY = "At the level of {level} % none of the four answers fits this film."
REFUSED = "No answer was given: the film was refused."
OVERRIDDEN = "The film was refused. The doctor asked for the answer all the same: {reason}"
FINDINGS = "Remarks on the film"
GRADES = {Grade.NOTE: "Note", Grade.CAUTION: "Caution", Grade.REFUSE: "Refused"}
FILM = "Film"
FILM_WITH_MAP = "Film with map"
MAP = (
    "Where the score for {name} came from; not where disease is. {method} on {rows} × {columns} cells, drawn smoothly."
)
MAP_EMPTY = "No part of this film spoke for {name}: there is nothing to colour."
SCALE = "0 to {scale} logit units"

# Facts.
FACTS = "Film and model"
FILE = "File"
FORMAT = "Format"
SIZE = "Size"
SIZE_VALUE = "{rows} × {columns} pixels (rows × columns)"
VIEW = "View"
DIGEST = "SHA-256 of the file"
MODEL = "Model"
TEMPERATURE = "Temperature of the calibration"
MADE = "Report made"
PAGE = "Page {page}"
PERSON = "Identity, as the file has it"


def percent(probability: float) -> str:
    """A probability in whole percent; its ends are never rounded to certainty."""
    if probability > 0.99:
        return say("{percent} %", percent=">99")
    if probability < 0.01:
        return say("{percent} %", percent="<1")
    return say("{percent} %", percent=f"{probability * 100:.0f}")


speaks(__name__)
