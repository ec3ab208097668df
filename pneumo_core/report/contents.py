"""What goes into a report: the reading, the doctor's impression, and the study that the film belongs to."""

import datetime
import enum
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from pneumo_core.answer import Answer, answer_of
from pneumo_core.similar import remarks_on
from pneumo_core.types import Assessment, Finding, Heatmap, Prediction, Radiograph, Reading, SimilarFilms, Verdict


class Opinion(enum.StrEnum):
    """What a doctor may call a film: the four classes, another disease, or nothing definite."""

    NORMAL = "normal"
    BACTERIAL = "bacterial"
    VIRAL = "viral"
    COVID19 = "covid19"
    OTHER = "other"
    UNDECIDED = "undecided"


class Confidence(enum.StrEnum):
    """How sure the doctor is."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


@dataclass(frozen=True)
class Impression:
    """The doctor's own word on one film.

    Attributes:
        opinion: what the doctor calls the film now.
        confidence: how sure the doctor is now.
        first: (opinion, confidence) as recorded before the program's answer was shown; None where the answer was in
            view from the start.
        note: free text; empty where none was given.
        reader: the doctor's name as the doctor typed it; empty where none was given.
    """

    opinion: Opinion
    confidence: Confidence
    first: tuple[Opinion, Confidence] | None = None
    note: str = ""
    reader: str = ""

    @property
    def changed(self) -> bool:
        """Whether the doctor calls the film something else after the program's answer than before."""
        return self.first is not None and self.first[0] is not self.opinion


@dataclass(frozen=True, eq=False)
class ReportContents:
    """One film's report.

    Attributes:
        film: the film.
        prediction: the program's probabilities.
        heatmaps: a map for each class, in the order of `FilmClass`.
        assessment: what the intake found.
        file_name: the film's file, as it was dropped.
        made_at: when the report is made, with its time zone.
        impression: the doctor's word; None where none was recorded.
        header: patient and study of a DICOM film (`study.study_header`); None for PNG and JPEG.
        identity: (label, value) pairs that identify a person; printed in the PDF if given.
        override: why the doctor asked for the answer to a film that the intake refused; empty where nobody did.
        similar: the training films most like it; None where the model has no index of them.
    """

    film: Radiograph
    prediction: Prediction
    heatmaps: tuple[Heatmap, ...]
    assessment: Assessment
    file_name: str
    made_at: datetime.datetime
    impression: Impression | None = None
    header: Dataset | None = field(default=None, repr=False)
    identity: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    override: str = ""
    similar: SimilarFilms | None = None

    @property
    def answered(self) -> bool:
        """Whether the program's answer belongs in the report: not for a refused film, unless the doctor asked."""
        return self.verdict is not Verdict.REFUSE or bool(self.override)

    @property
    def verdict(self) -> Verdict:
        """What the intake says of the film as a whole."""
        return self.assessment.verdict

    @property
    def answer(self) -> Answer:
        """What is called the answer."""
        return answer_of(Reading(self.film, self.prediction, self.heatmaps, self.assessment), self.override)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All remarks on the film and, where it has an answer, on that."""
        of_answer = remarks_on(self.similar, self.answer) if self.answered else ()
        return (*of_answer, *self.assessment.findings)

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError("`made_at` must have a time zone; a report without one can not be put in order.")
