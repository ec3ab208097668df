from types import SimpleNamespace

import numpy as np
import pytest

from pneumo_core.intake.assess import assess
from pneumo_core.intake.gate import SCORES, GateScores, Limits
from pneumo_core.intake.look import Look, look_at
from pneumo_core.types import AgeGroup, Assessment, Finding, Grade, Radiograph, Verdict

SOUND = [0.98, 0.005, 0.005, 0.005, 0.005, 0.97, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.5, 5.0]
NAMES = ["frontal", "lateral", "other_part", "other_imaging", "picture", "upright", "left", "down", "right"]
NAMES += ["inverted", "cut_off", "marks", "child", "distance"]


# From dark to bright, with the fine grain of a film.
_RAMP = np.clip(
    np.tile(np.linspace(0, 1, 200), (200, 1)) + np.random.default_rng(0).normal(0, 0.02, (200, 200)), 0, 1
).astype(np.float32)


class Stub:
    """Says of every film what it is told to."""

    label = "intake@stub"
    limits = dict.fromkeys(SCORES, Limits(0.3, 0.9)) | {"marks": Limits(0.3, None), "distance": Limits(20.0, 50.0)}

    def __init__(self, **scores: float) -> None:
        values = dict(zip(NAMES, SOUND, strict=True)) | scores
        self.scores = GateScores.of_output(np.array([values[name] for name in NAMES], np.float32))

    def __call__(self, look: Look) -> GateScores:
        return self.scores


def judge(gate: Stub | None = None, pixels: np.ndarray | None = None, **more: object) -> Assessment:
    if pixels is None:
        pixels = _RAMP
    film = SimpleNamespace(findings=(), facts=(), view=None)
    film.__dict__.update(more)
    return assess(gate or Stub(), film, look_at(pixels.astype(np.float32)))  # type: ignore[arg-type]


def codes(assessment: Assessment) -> list[tuple[str, str]]:
    return [(finding.code, finding.grade.value) for finding in assessment.findings]


def test_a_sound_film_is_read() -> None:
    found = judge()
    assert (found.verdict, found.findings, found.reason, found.gate) == (Verdict.READ, (), "", "intake@stub")


@pytest.mark.parametrize(
    ("scores", "code", "grade"),
    [
        ({"frontal": 0.05, "lateral": 0.9}, "lateral", "refuse"),
        ({"frontal": 0.05, "other_part": 0.9}, "not_a_chest", "refuse"),
        ({"frontal": 0.05, "other_imaging": 0.9}, "not_a_projection", "refuse"),
        ({"frontal": 0.05, "picture": 0.9}, "not_a_radiograph", "refuse"),
        ({"frontal": 0.6, "picture": 0.3}, "not_a_radiograph", "caution"),
        ({"upright": 0.02, "left": 0.9}, "rotated_left", "refuse"),
        ({"upright": 0.02, "down": 0.9}, "upside_down", "refuse"),
        ({"upright": 0.5, "right": 0.4}, "rotated_right", "caution"),
        ({"inverted": 0.95}, "inverted", "refuse"),
        ({"cut_off": 0.5}, "cut_off", "caution"),
        ({"marks": 1.0}, "heavy_marks", "caution"),
        ({"distance": 21.0}, "outside_training_range", "caution"),
        ({"distance": 60.0}, "outside_training_range", "refuse"),
    ],
)
def test_every_score_has_its_finding(scores: dict[str, float], code: str, grade: str) -> None:
    found = judge(Stub(**scores))
    assert codes(found) == [(code, grade)]
    assert found.verdict == grade
    assert bool(found.reason) == (grade == "refuse")


def test_what_is_no_chest_film_is_told_no_more_about() -> None:
    found = judge(Stub(frontal=0.01, picture=0.95, upright=0.0, inverted=1.0, distance=90.0))
    assert codes(found) == [("not_a_radiograph", "refuse")]


@pytest.mark.parametrize(
    ("pixels", "code", "grade"),
    [
        (np.zeros((300, 300)), "blank", "refuse"),
        (np.full((300, 300), 0.5), "blank", "refuse"),
        (np.random.default_rng(0).uniform(0, 1, (300, 300)), "noise", "refuse"),
        (np.tile(np.linspace(0.4, 0.5, 300), (300, 1)), "low_contrast", "caution"),
        (np.tile(np.linspace(0, 1, 63), (63, 1)), "low_resolution", "refuse"),
        (np.tile(np.linspace(0, 1, 149), (149, 1)), "low_resolution", "caution"),
        (np.tile(np.linspace(0, 1, 300), (300, 1)), "little_detail", "caution"),
        (np.tile(np.linspace(0, 1, 400), (200, 1)), "unusual_shape", "caution"),
        (np.tile(np.linspace(0, 1, 200), (400, 1)), "unusual_shape", "caution"),
        (np.tile(np.clip(np.linspace(-1.5, 1, 300), 0, 1), (300, 1)), "underexposed", "caution"),
        (np.tile(np.clip(np.linspace(0, 2.5, 300), 0, 1), (300, 1)), "overexposed", "caution"),
    ],
)
def test_plain_figures_decide_where_they_can(pixels: np.ndarray, code: str, grade: str) -> None:
    assert (code, grade) in codes(judge(pixels=pixels))


def test_findings_of_reading_count_and_the_gravest_comes_first() -> None:
    note, caution = Finding("a_note", Grade.NOTE, "."), Finding("a_caution", Grade.CAUTION, ".")
    assert judge(findings=(note,)).verdict is Verdict.READ
    found = judge(Stub(inverted=0.95), findings=(note, caution))
    assert [code for code, _ in codes(found)] == ["inverted", "a_caution", "a_note"]


@pytest.mark.parametrize("view", ["LL", "RL", "lateral"])
def test_a_file_that_calls_itself_lateral_is_refused(view: str) -> None:
    assert codes(judge(view=view)) == [("lateral", "refuse")]
    assert judge(view="PA").verdict is Verdict.READ


@pytest.mark.parametrize(
    ("age", "child", "group", "source"),
    [
        ("45 years", 0.99, AgeGroup.ADULT, "DICOM"),
        ("18 years", 0.99, AgeGroup.ADULT, "DICOM"),
        ("3 years", 0.01, AgeGroup.CHILD, "DICOM"),
        ("1 week", 0.01, AgeGroup.CHILD, "DICOM"),
        ("30 months", 0.01, AgeGroup.CHILD, "DICOM"),
        (None, 0.9, AgeGroup.CHILD, "film"),
        (None, 0.1, AgeGroup.ADULT, "film"),
        (None, 0.5, AgeGroup.UNCERTAIN, "film"),
    ],
)
def test_the_age_comes_from_the_header_and_else_from_the_film(
    age: str | None, child: float, group: AgeGroup, source: str
) -> None:
    found = judge(Stub(child=child), facts=(("Age", age),) if age else ())
    assert (found.age_group, found.age_source, found.verdict) == (group, source, Verdict.READ)


def test_older_children_are_not_those_of_training() -> None:
    assert codes(judge(facts=(("Age", "12 years"),))) == [("age_not_in_training", "caution")]


def test_the_files_word_on_the_body_part_is_held_against_it() -> None:
    assert codes(judge(facts=(("Body part", "HIP"),))) == [("other_body_part_in_file", "caution")]
    for part in ("CHEST", "Thorax", "PORT CHEST", "LUNG"):
        assert judge(facts=(("Body part", part),)).verdict is Verdict.READ


def test_a_radiograph_fits() -> None:
    """The stand-in above has what the function asks of a film."""
    grey = np.round(_RAMP * 255).astype(np.uint16)
    film = Radiograph(grey, (0.0, 255.0), 8, "0" * 64, "PNG", "greyscale")
    assert assess(Stub(), film, look_at(film.pixels)).verdict is Verdict.READ  # type: ignore[arg-type]
