"""Graded findings of one film, from plain figures where they decide and from the gate's network elsewhere."""

import re
from collections.abc import Iterator

from pneumo_core.intake.gate import FLAGS, KINDS, Gate, GateScores
from pneumo_core.intake.look import Look
from pneumo_core.language import Message
from pneumo_core.types import AgeGroup, Assessment, Finding, Grade, Radiograph

_SMALL, _TOO_SMALL = 150, 64  # pixels of the shorter side; the films of train have 157 and more
_SHAPES = (0.65, 1.95)  # width by height; 99 % of the films of train lie between 0.97 and 1.78
_LOW_CONTRAST, _NO_CONTRAST = 0.25, 0.04  # of the window
_CLIPPED = 0.5  # share of the film's middle that is black or white
_ALL_CLIPPED = 0.95
_NOISE = 0.6  # correlation of neighbouring pixels; films of train have 0.95 and more
# Of films enlarged from 64 x 64 pixels 99.7 % lie below, of 2,746 films of val, test, and external as they are, one.
_LITTLE_DETAIL = 0.23
_SURELY_CHILD, _SURELY_ADULT = 0.8, 0.2  # the estimate between these is called uncertain
_ADULT_FROM = 18  # years
_SMALL_CHILD_TO = 5  # years; the children of train are one to five years old
_AGE = re.compile(r"(\d+) (year|month|week|day)s?")
_CHEST = ("CHEST", "THORAX", "LUNG", "HEART", "RIB")  # in what a header may call the body part of a chest film
_ORDER = (Grade.REFUSE, Grade.CAUTION, Grade.NOTE)

_KIND_FINDINGS = {
    "lateral": ("lateral", Message("This looks like a lateral view. Only frontal films (PA or AP) are read.")),
    "other_part": (
        "not_a_chest",
        Message("This looks like a radiograph of another body part. Only frontal chest films are read."),
    ),
    "other_imaging": (
        "not_a_projection",
        Message("This looks like a CT, MR, or other medical image. Only frontal chest films are read."),
    ),
    "picture": (
        "not_a_radiograph",
        Message(
            "This does not look like a radiograph (a photograph, a document, a screen?). Only chest films are read."
        ),
    ),
}
_TURN_FINDINGS = {
    1: (
        "rotated_left",
        Message("The film seems to lie on its side, turned to the left. Turn it upright and give it again."),
    ),
    2: ("upside_down", Message("The film seems to stand upside down. Turn it upright and give it again.")),
    3: (
        "rotated_right",
        Message("The film seems to lie on its side, turned to the right. Turn it upright and give it again."),
    ),
}
_FLAG_FINDINGS = {
    "inverted": (
        "inverted",
        Message("The greys seem to be inverted: air should be dark. Invert the film and give it again."),
    ),
    "cut_off": (
        "cut_off",
        Message("A large part of the lungs seems to be cut off. Both lungs have to be on the film as a whole."),
    ),
    "marks": (
        "heavy_marks",
        Message("Heavy marks (letters, arrows, lines) seem to be burned in; they can sway the answer."),
    ),
}
_OUTSIDE = (
    "outside_training_range",
    Message("The film is unlike the films that the model was trained on; the answer may not hold for it."),
)


def assess(gate: Gate, film: Radiograph, look: Look) -> Assessment:
    """Judge one film.

    Args:
        gate: the gate.
        film: the film; its header's view and age count.
        look: what `look_at` took from it.
    """
    scores = gate(look)
    age_group, age_source = _age_group(film, scores)
    found = [*film.findings, *_plain_findings(look), *_header_findings(film)]
    # A blank or tiny picture, or noise, tells the network nothing that would be worth saying.
    if not any(finding.grade is Grade.REFUSE for finding in found):
        found += _network_findings(gate, scores)
    found.sort(key=lambda finding: _ORDER.index(finding.grade))
    return Assessment(tuple(found), age_group, age_source, gate.label)


def _plain_findings(look: Look) -> Iterator[Finding]:
    side, shape = min(look.height, look.width), look.width / look.height
    if side < _SMALL:
        grade = Grade.REFUSE if side < _TOO_SMALL else Grade.CAUTION
        text = Message(
            "The film has {width} x {height} pixels; at least {side} at the shorter side are needed.",
            width=look.width,
            height=look.height,
            side=_SMALL,
        )
        yield Finding("low_resolution", grade, text)
    elif look.detail < _LITTLE_DETAIL and look.contrast >= _NO_CONTRAST:
        text = Message(
            "The film shows no more detail than a picture of 64 x 64 pixels: it is blurred, or was enlarged from a "
            "poor copy. Give the film itself."
        )
        yield Finding("little_detail", Grade.CAUTION, text)
    if not _SHAPES[0] <= shape <= _SHAPES[1]:
        text = Message(
            "The film is {shape:.1f} times as wide as high: is it cut, or joined with another picture?", shape=shape
        )
        yield Finding("unusual_shape", Grade.CAUTION, text)
    if look.contrast < _NO_CONTRAST:
        yield Finding("blank", Grade.REFUSE, Message("The film shows nothing: all of it has nearly the same grey."))
    elif look.contrast < _LOW_CONTRAST:
        yield Finding(
            "low_contrast", Grade.CAUTION, Message("The film has little contrast; check its window or exposure.")
        )
    black, white = f"{look.black * 100:.0f}", f"{look.white * 100:.0f}"
    for share, code, text in (
        (
            look.black,
            "underexposed",
            Message("{percent} % of the film's middle is plain black; check its window or exposure.", percent=black),
        ),
        (
            look.white,
            "overexposed",
            Message("{percent} % of the film's middle is plain white; check its window or exposure.", percent=white),
        ),
    ):
        if share > _CLIPPED:
            yield Finding(code, Grade.REFUSE if share > _ALL_CLIPPED else Grade.CAUTION, text)
    if look.smoothness < _NOISE:
        yield Finding("noise", Grade.REFUSE, Message("The picture is mostly noise; no film is to be seen in it."))


def _header_findings(film: Radiograph) -> Iterator[Finding]:
    if (film.view or "").upper() in ("LL", "RL", "LATERAL", "LAT"):
        text = Message(
            "The file calls this a lateral view ({view}). Only frontal films (PA or AP) are read.", view=film.view
        )
        yield Finding("lateral", Grade.REFUSE, text)
    part = dict(film.facts).get("Body part", "")
    if part and not any(word in part.upper() for word in _CHEST):
        text = Message("The file calls the body part {part}; a chest film was expected.", part=part)
        yield Finding("other_body_part_in_file", Grade.CAUTION, text)
    years = _years(film)
    if years is not None and _SMALL_CHILD_TO < years < _ADULT_FROM:
        text = Message(
            "The patient is {years:.0f} years old; the children whose films the model knows are one to five.",
            years=years,
        )
        yield Finding("age_not_in_training", Grade.CAUTION, text)


def _network_findings(gate: Gate, scores: GateScores) -> Iterator[Finding]:
    kind = KINDS[1 + int(scores.kinds[1:].argmax())]
    turn = 1 + int(scores.turns[1:].argmax())
    about = {
        "not_frontal": _KIND_FINDINGS[kind],
        "turned": _TURN_FINDINGS[turn],
        **{flag: _FLAG_FINDINGS[flag] for flag in FLAGS},
        "distance": _OUTSIDE,
    }
    for name, value in scores.scores().items():
        limits = gate.limits[name]
        if value >= limits.caution:
            grade = Grade.REFUSE if limits.refuse is not None and value >= limits.refuse else Grade.CAUTION
            yield Finding(about[name][0], grade, about[name][1])
            if name == "not_frontal" and grade is Grade.REFUSE:
                return  # how a picture lies that is no chest film is of no interest


def _age_group(film: Radiograph, scores: GateScores) -> tuple[AgeGroup, str]:
    years = _years(film)
    if years is not None:
        return (AgeGroup.ADULT if years >= _ADULT_FROM else AgeGroup.CHILD), "DICOM"
    if scores.child >= _SURELY_CHILD:
        return AgeGroup.CHILD, "film"
    return (AgeGroup.ADULT if scores.child <= _SURELY_ADULT else AgeGroup.UNCERTAIN), "film"


def _years(film: Radiograph) -> float | None:
    """The patient's age as the file tells it, in years."""
    found = _AGE.fullmatch(dict(film.facts).get("Age", ""))
    if found is None:
        return None
    return int(found[1]) / {"year": 1, "month": 12, "week": 52, "day": 365}[found[2]]
