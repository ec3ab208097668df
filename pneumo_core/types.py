"""The values that travel along the way of one film.

Shape notation in end-of-line comments: H, W film rows and columns; h, w feature-map rows and columns;
K feature channels; the four classes always stand in the order of `FilmClass`.
"""

import enum
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pneumo_core.language import joined

Float32 = NDArray[np.float32]


class FilmClass(enum.StrEnum):
    """The four answers, in the order of every logit, probability, and map."""

    NORMAL = "normal"
    BACTERIAL = "bacterial"
    VIRAL = "viral"
    COVID19 = "covid19"

    @property
    def index(self) -> int:  # type: ignore[override]  # hides str.index, of no use on the name of a class
        """Position of the class in logits and probabilities, 0..3."""
        return CLASSES.index(self)


CLASSES: tuple[FilmClass, ...] = tuple(FilmClass)


class Grade(enum.StrEnum):
    """How much a finding weighs."""

    NOTE = "note"  # good to know
    CAUTION = "caution"  # the answer may suffer
    REFUSE = "refuse"  # an answer would mean nothing


@dataclass(frozen=True)
class Finding:
    """One remark about a film.

    Attributes:
        code: stable identifier in snake case, such as `colour_channels_differ`.
        grade: how much it weighs.
        text: one sentence for the reader, a `Message`: what was found and, where it helps, what to do.
    """

    code: str
    grade: Grade
    text: str


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One frontal film as it was read, dark = air, before any resizing.

    Attributes:
        grey: uint16 [H, W], the film's own grey values after the modality LUT and shifted to start at 0,
            polarity corrected (dark = air), not windowed.
        window: (low, high) in the units of `grey`: what is shown black and what is shown white.
        bits_stored: significant bits of a stored sample, 1..16.
        digest: SHA-256 of the file's bytes, lower-case hex.
        file_format: such as "DICOM CR", "PNG", "JPEG".
        photometric: DICOM's photometric interpretation, or "greyscale" / "colour" for rasters.
        spacing_mm: (row, column) distance between pixel centres in millimetres, or None where unknown.
        spacing_source: the DICOM attribute that the spacing comes from, or None.
        view: DICOM's ViewPosition ("PA", "AP", ...), or None where unknown.
        facts: further (label, value) pairs for the foldout, never identifying a person.
        identity: (label, value) pairs that identify a person; shown only if the reader asks.
        findings: remarks made while reading.
        bars: columns and rows at the (left, top, right, bottom) edge that are bars of one grey and no part of what the
            networks look at.
    """

    grey: NDArray[np.uint16]  # [H, W]
    window: tuple[float, float]
    bits_stored: int
    digest: str
    file_format: str
    photometric: str
    spacing_mm: tuple[float, float] | None = None
    spacing_source: str | None = None
    view: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    identity: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()
    bars: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        if self.grey.ndim != 2 or self.grey.dtype != np.uint16 or self.grey.size == 0:
            raise ValueError(
                f"`grey` must be a non-empty uint16 [H, W] array, got {self.grey.dtype} {self.grey.shape}."
            )
        if not self.window[0] < self.window[1]:
            raise ValueError(f"`window` must be (low, high) with low < high, got {self.window}.")
        left, top, right, bottom = self.box
        if min(self.bars) < 0 or left >= right or top >= bottom:
            raise ValueError(f"`bars` must leave something of {self.grey.shape}, got {self.bars}.")

    @property
    def height(self) -> int:
        """Rows of the film."""
        return int(self.grey.shape[0])

    @property
    def width(self) -> int:
        """Columns of the film."""
        return int(self.grey.shape[1])

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, and bottom edge of what lies between the bars, in pixels of the film."""
        left, top, right, bottom = self.bars
        return left, top, self.width - right, self.height - bottom

    def trimmed(self) -> "Radiograph":
        """The film without its bars: what the networks look at."""
        if not any(self.bars):
            return self
        left, top, right, bottom = self.box
        return replace(self, grey=np.ascontiguousarray(self.grey[top:bottom, left:right]), bars=(0, 0, 0, 0))

    @property
    def pixels(self) -> Float32:
        """The windowed film: float32 [H, W] in 0..1, 0 = darkest. Computed anew at each call."""
        low, high = self.window
        pixels = self.grey.astype(np.float32)
        pixels -= np.float32(low)
        pixels *= np.float32(1.0 / (high - low))
        return np.clip(pixels, 0.0, 1.0, out=pixels)


class Verdict(enum.StrEnum):
    """What the intake says of a film as a whole: its gravest finding."""

    READ = "read"
    CAUTION = "caution"
    REFUSE = "refuse"


class AgeGroup(enum.StrEnum):
    """Whom a film shows. Training has bacterial and viral pneumonia of small children only."""

    CHILD = "child"
    ADULT = "adult"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Assessment:
    """What the intake found: is it a frontal chest film, good enough to be read, and whose?

    Attributes:
        findings: graded remarks, the gravest first, those of reading the file among them; none of a sound film.
        age_group: whom the film shows.
        age_source: "DICOM" where the file tells the age, "film" where it was estimated from the picture.
        gate: name and short digest of the gate that judged.
    """

    findings: tuple[Finding, ...]
    age_group: AgeGroup
    age_source: str
    gate: str

    @property
    def verdict(self) -> Verdict:
        """Refuse or read with caution if any finding says so; read otherwise."""
        grades = {finding.grade for finding in self.findings}
        if Grade.REFUSE in grades:
            return Verdict.REFUSE
        return Verdict.CAUTION if Grade.CAUTION in grades else Verdict.READ

    @property
    def reason(self) -> str:
        """Why the film is refused, in words; empty if it is not."""
        return joined(finding.text for finding in self.findings if finding.grade is Grade.REFUSE)


@dataclass(frozen=True, eq=False)
class Prediction:
    """The calibrated answer for one film.

    Attributes:
        logits: float32 [4], uncalibrated.
        temperature: the positive divisor of the logits (Guo et al. 2017, "On Calibration of Modern Neural Networks").
        probabilities: float32 [4] in 0..1, summing to 1: softmax(logits / temperature).
        model: name and short digest of the bundle that gave the answer.
        set90: the classes that can not be ruled out at the level of 90 %, in the order of `FilmClass`, possibly none;
            None where the model's sets were never calibrated. See `pneumo_core.model.sets`.
        set95: the same at 95 %; holds every class of `set90`.
    """

    logits: Float32
    temperature: float
    probabilities: Float32
    model: str
    set90: tuple[FilmClass, ...] | None = None
    set95: tuple[FilmClass, ...] | None = None

    @property
    def film_class(self) -> FilmClass:
        """The most probable class."""
        return CLASSES[int(np.argmax(self.probabilities))]


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Where the logit of one class came from.

    Attributes:
        film_class: the class explained.
        method: name of the method, such as "Grad-CAM".
        grid: float32 [h, w], signed, in logit units; positive cells speak for the class.
        scale: the largest absolute cell over the maps of all four classes of the film, in logit units: full colour.
        box: (left, top, right, bottom) in film pixels that the grid covers.
    """

    film_class: FilmClass
    method: str
    grid: Float32
    scale: float
    box: tuple[float, float, float, float]

    @property
    def has_positive(self) -> bool:
        """Whether any cell speaks for the class."""
        return bool((self.grid > 0).any())


@dataclass(frozen=True)
class TrainingFilm:
    """One film of the training data, as a bundle's index names it; the film itself is not in the bundle.

    Attributes:
        name: its file, relative to the data set.
        film_class: its label there.
        source: where it comes from; empty where the data set does not say.
        age_group: whom it shows, in the data set's own word ("adult", "paediatric"); empty where it does not say.
        digest: the first 16 hexadecimal digits of the SHA-256 of the file's bytes.
    """

    name: str
    film_class: FilmClass
    source: str
    age_group: str
    digest: str


@dataclass(frozen=True)
class SimilarFilms:
    """The training films nearest to one film by the network's own features, see `pneumo_core.similar`.

    Attributes:
        films: the nearest first; at least one, and never the film itself.
        distances: one for each, in the unit of the index, ascending.
        usual: 99 % of the films of val have a smaller mean distance to their nearest training films.
        is_training_film: whether the film is itself one of the training films.
    """

    films: tuple[TrainingFilm, ...]
    distances: tuple[float, ...]
    usual: float
    is_training_film: bool = False

    def __post_init__(self) -> None:
        if not self.films or len(self.films) != len(self.distances):
            raise ValueError(
                f"One distance for each of one film or more was expected, got {len(self.films)} films and "
                f"{len(self.distances)} distances."
            )

    @property
    def mean_distance(self) -> float:
        """Of the film to these, in the unit of the index."""
        return sum(self.distances) / len(self.distances)


@dataclass(frozen=True, eq=False)
class Reading:
    """All that the program says about one film: whether it may be read, the probabilities, and a map for each class.

    What of it is called the answer, and may be shown as such, says `pneumo_core.answer.answer_of`.

    Attributes:
        film: the film.
        prediction: computed for every film, also for a refused one.
        heatmaps: one for each class, in the order of `FilmClass`.
        assessment: what the intake found.
        similar: the training films most like it; None where the bundle has no index of them.
    """

    film: Radiograph
    prediction: Prediction
    heatmaps: tuple[Heatmap, ...]
    assessment: Assessment
    similar: SimilarFilms | None = None
