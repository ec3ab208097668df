"""The pictures of the guided demo are judged as the demo says."""

from pathlib import Path

from pneumo_core.demo_pictures import drawn_page, negative
from pneumo_core.intake import Gate
from pneumo_core.intake.assess import assess
from pneumo_core.intake.look import look_at
from pneumo_core.reading import read_film
from pneumo_core.types import Verdict

PHANTOM = Path(__file__).parents[2] / "assets/phantoms/phantom-clear.dcm"


def judged(gate: Gate, data: bytes):
    film = read_film(data, "picture.png")
    return assess(gate, film, look_at(film.pixels))


def test_the_page_of_text_is_refused_as_no_radiograph(gate: Gate) -> None:
    assessment = judged(gate, drawn_page())
    assert assessment.verdict is Verdict.REFUSE
    assert "not_a_radiograph" in {finding.code for finding in assessment.findings}
    assert drawn_page() == drawn_page()  # the session knows it again


def test_the_phantoms_negative_is_cautioned_and_not_refused(gate: Gate) -> None:
    phantom = read_film(PHANTOM.read_bytes(), "phantom")
    assessment = judged(gate, negative(phantom))
    assert assessment.verdict is Verdict.CAUTION
    assert "inverted" in {finding.code for finding in assessment.findings}
    assert "inverted" not in {finding.code for finding in judged(gate, PHANTOM.read_bytes()).findings}
