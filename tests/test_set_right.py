"""Copies of films that lie wrong or are inverted."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from pydicom import dcmread
from stand_ins import ROOT

from benchmarks.film_files import dicom_file
from pneumo_core.intake import Gate, assess
from pneumo_core.intake.look import look_at
from pneumo_core.reading import read_film
from pneumo_core.report.study import study_header
from pneumo_core.set_right import Mend, mend_for, set_right
from pneumo_core.types import Finding, Grade, Verdict

PHANTOM = (ROOT / "assets" / "phantoms" / "phantom-clear.dcm").read_bytes()


def found(*codes: str) -> list[Finding]:
    return [Finding(code, Grade.REFUSE, "") for code in codes]


def png(grey: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", grey)[1])


@pytest.mark.parametrize(
    ("codes", "mend"),
    [
        (("rotated_left",), Mend(3, False)),
        (("upside_down",), Mend(2, False)),
        (("rotated_right", "outside_training_range"), Mend(1, False)),
        (("inverted",), Mend(0, True)),
        (("inverted", "upside_down"), Mend(2, True)),
        (("cut_off", "lateral"), None),
    ],
)
def test_what_sets_a_film_right(codes: tuple[str, ...], mend: Mend | None) -> None:
    assert mend_for(found(*codes)) == mend


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("code", "turn"), [("rotated_left", 1), ("upside_down", 2), ("rotated_right", 3)])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_png_comes_back_as_it_was(code: str, turn: int, inverted: bool, bits: int) -> None:
    top = 255 if bits == 8 else 60_000
    grey = np.random.default_rng(0).integers(0, top + 1, (70, 90)).astype(np.uint8 if bits == 8 else np.uint16)
    grey[0, :2] = 0, top
    spoilt = np.rot90(top - grey if inverted else grey, turn)
    codes = [code, *(["inverted"] if inverted else [])]
    mend = mend_for(found(*codes))
    assert mend is not None
    one, other = read_film(png(grey), ""), read_film(set_right(png(spoilt), "film.png", mend), "film.png")
    np.testing.assert_array_equal(one.grey, other.grey)
    assert one.window == other.window


@pytest.mark.parametrize("inverse", [False, True])
def test_a_dicom_keeps_patient_study_and_identifiers(inverse: bool) -> None:
    grey = np.random.default_rng(1).integers(100, 4000, (60, 80)).astype(np.uint16)
    data = dicom_file(
        grey,
        bits=12,
        PhotometricInterpretation="MONOCHROME1" if inverse else "MONOCHROME2",
        WindowCenter=2000,
        WindowWidth=1500,
        PixelSpacing=[0.2, 0.3],
        PatientName="Kim^Min",
        PatientID="7",
        PatientAge="045Y",
        PatientOrientation=["L", "F"],
        ViewPosition="PA",
        BodyPartExamined="CHEST",
        StudyInstanceUID="1.2.3",
        SOPInstanceUID="1.2.3.4",
    )
    film, copy = read_film(data, ""), set_right(data, "film.dcm", Mend(1, False))
    read = read_film(copy, "film.dcm")
    np.testing.assert_array_equal(read.grey, np.rot90(film.grey))
    assert read.window == pytest.approx(film.window)
    assert (read.spacing_mm, read.spacing_source, read.view) == ((0.3, 0.2), "PixelSpacing", "PA")
    kept = {"Age", "Body part"}
    assert kept <= dict(film.facts).keys()
    assert {label: text for label, text in film.facts if label in kept} == {
        label: text for label, text in read.facts if label in kept
    }
    assert read.identity == film.identity
    header, before = study_header(copy, read.digest), study_header(data, film.digest)
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "SOPInstanceUID"):
        assert header[keyword].value == before[keyword].value
    assert "PatientOrientation" not in header
    inverted = read_film(set_right(data, "", Mend(0, True)), "")
    np.testing.assert_array_equal(inverted.grey, film.grey.max() - film.grey)
    np.testing.assert_allclose(inverted.pixels, 1 - film.pixels, atol=1e-5)
    assert dcmread(BytesIO(copy)).ImageType == ["DERIVED", "PRIMARY"]


def test_a_dicom_without_identifiers() -> None:
    grey = np.arange(4800, dtype=np.uint16).reshape(60, 80)
    data = dicom_file(grey, bits=16, SOPInstanceUID=None, SOPClassUID=None)
    assert read_film(set_right(data, "", Mend(2, False)), "").grey[0, 0] == 4799


@pytest.mark.parametrize(("turn", "invert"), [(2, False), (1, False), (3, False), (0, True), (2, True)])
def test_the_intake_takes_the_copy_of_what_it_refused(gate: Gate, turn: int, invert: bool) -> None:
    upright = read_film(PHANTOM, "")
    grey = np.ascontiguousarray(np.rot90(upright.grey.max() - upright.grey if invert else upright.grey, turn))
    data = dicom_file(grey, bits=16)
    film = read_film(data, "")
    assessment = assess(gate, film, look_at(film.trimmed().pixels))
    assert assessment.verdict is not Verdict.READ
    mend = mend_for(assessment.findings)
    assert mend == Mend((4 - turn) % 4, invert)
    mended = read_film(set_right(data, "", mend), "")
    again = assess(gate, mended, look_at(mended.trimmed().pixels))
    assert again.verdict is not Verdict.REFUSE
    assert mend_for(again.findings) is None
    assert mend.finding.code == "set_right"
