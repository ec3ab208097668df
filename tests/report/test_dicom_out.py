"""What goes out as DICOM, read back by pydicom, highdicom, and DCMTK."""

import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO

import numpy as np
import pydicom
import pytest
from conftest import IMPRESSION, png_film
from highdicom.sr import ComprehensiveSR

from pneumo_core.report import texts
from pneumo_core.report.dicom_sr import dicom_files
from pneumo_core.types import Finding, Grade

DX_STORAGE = "1.2.840.10008.5.1.4.1.1.1.1"
PATIENT = {
    "PatientName": "Secret^Name",
    "PatientID": "ID-4711",
    "PatientSex": "F",
    "PatientBirthDate": "20190203",
    "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.77",
    "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.78",
    "StudyDate": "20240506",
    "AccessionNumber": "A-1",
    "PatientOrientation": ["L", "F"],
}


def written(dataset):
    """As it is after a journey through a file."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return pydicom.dcmread(BytesIO(stream.getvalue()))


@pytest.fixture(params=["CR", "DX", "PNG"])
def source(request, dicom_film):
    """A film's bytes in each form, and whether it is DICOM."""
    if request.param == "PNG":
        return png_film()
    more = {"Modality": "DX", "SOPClassUID": DX_STORAGE} if request.param == "DX" else {}
    return dicom_film(**PATIENT, **more)


def items(dataset):
    """All content items of a structured report."""
    for item in dataset.get("ContentSequence", ()):
        yield item
        yield from items(item)


def test_both_lie_in_the_study_of_the_film(contents_of, dicom_film) -> None:
    for made in map(written, dicom_files(contents_of(dicom_film(**PATIENT)))):
        for keyword in ("StudyInstanceUID", "PatientName", "PatientID", "PatientSex", "StudyDate", "AccessionNumber"):
            assert made[keyword].value == PATIENT[keyword]
        assert made.SeriesInstanceUID != PATIENT["SeriesInstanceUID"]
        programs = [item.ManufacturerModelName for item in made.ContributingEquipmentSequence]
        assert "Pneumo" in programs


def test_nothing_is_invented_for_a_film_without_a_header(contents_of) -> None:
    capture, report = map(written, dicom_files(contents_of(png_film())))
    for made in (capture, report):
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "AccessionNumber"):
            assert keyword in made
            assert not made[keyword].value
        assert "InstitutionName" not in made
    assert capture.StudyInstanceUID == report.StudyInstanceUID
    images = [item.ReferencedSOPSequence[0] for item in items(report) if item.ValueType == "IMAGE"]
    (image,) = {item.ReferencedSOPInstanceUID for item in images}
    assert image == capture.SOPInstanceUID
    again, _ = dicom_files(contents_of(png_film()))
    assert again.StudyInstanceUID == capture.StudyInstanceUID
    assert again.SOPInstanceUID != capture.SOPInstanceUID


def test_the_report_says_who_found_what(contents_of, source) -> None:
    _, made = dicom_files(contents_of(source))
    report = ComprehensiveSR.from_dataset(written(made))
    assert report.PreliminaryFlag == "PRELIMINARY"
    assert report.VerificationFlag == "UNVERIFIED"
    found = list(items(report))
    texts_found = [item.TextValue for item in found if item.ValueType == "TEXT"]
    assert texts.BANNER in texts_found
    assert IMPRESSION.note in texts_found
    assert "test-object" in texts_found
    figures = {
        item.ConceptNameCodeSequence[0].CodeValue: float(item.MeasuredValueSequence[0].NumericValue)
        for item in found
        if item.ValueType == "NUM"
    }
    assert figures == {"P-NORMAL": 0.1, "P-BACTERIAL": 0.2, "P-VIRAL": 0.65, "P-COVID19": 0.05}
    coded = [
        (item.ConceptNameCodeSequence[0].CodeValue, item.ConceptCodeSequence[0].CodeMeaning)
        for item in found
        if item.ValueType == "CODE"
    ]
    assert ("IMPRESSION", "Viral pneumonia") in coded
    assert ("IMPRESSION-FIRST", "Normal") in coded
    assert [meaning for name, meaning in coded if name == "SET-95"] == ["Bacterial pneumonia", "Viral pneumonia"]
    # No doctor gave a name: the program is the only observer.
    assert [meaning for name, meaning in coded if name == "121005"] == ["Device"]


def test_a_refused_film_gets_no_figures_unless_the_doctor_asked(contents_of, dicom_film) -> None:
    contents = contents_of(dicom_film(**PATIENT), None)
    refused = replace(contents.assessment, findings=(Finding("no_chest", Grade.REFUSE, "This is no chest."),))
    contents = replace(contents, assessment=refused)
    _, without = dicom_files(contents)
    assert not [item for item in items(without) if item.ValueType == "NUM"]
    _, asked = dicom_files(replace(contents, override="I see a chest."))
    assert len([item for item in items(asked) if item.ValueType == "NUM"]) == 4
    assert any("I see a chest." in item.TextValue for item in items(asked) if item.ValueType == "TEXT")


def test_the_capture_has_banner_film_and_map_in_its_pixels(contents_of, source) -> None:
    capture, _ = dicom_files(contents_of(source))
    read = written(capture)
    pixels = read.pixel_array.astype(int)
    assert read.BurnedInAnnotation == "YES"
    assert pixels[15:60, 20:600].max() == 255  # the banner
    assert pixels[15:60, -20:].max() == 0
    colour = np.ptp(pixels, axis=2)
    assert colour[100:900, :1000].max() == 0  # the film is grey
    rows, columns = np.nonzero(colour[80:1080, 1040:2040] > 60)  # the map is not, where its strong cells are
    film = contents_of(source).film
    width = 1000 * min(1.0, film.width / film.height)
    assert rows.mean() < 400
    assert 500 < columns.mean() < (1000 + width) / 2
    assert capture.PatientOrientation == (["L", "F"] if source[:4] != b"\x89PNG" else [])


def test_broken_headers_do_no_harm(contents_of, dicom_film) -> None:
    """Real files carry values that the standard forbids; they are left out."""
    data = dicom_film(**PATIENT).replace(b"1.2.826.0.1.3680043.8.498.77", b"1.2.826.x.1.3680043.8.498.77")
    data = data.replace(b"20190203", b"2O190203")
    for made in map(written, dicom_files(contents_of(data))):
        assert made.StudyInstanceUID.is_valid
        assert not made.PatientBirthDate
        assert made.PatientID == "ID-4711"


def test_dcmtk_reads_both_without_complaint(contents_of, source, tmp_path) -> None:
    if shutil.which("dsrdump") is None:
        pytest.skip("DCMTK is not installed: this test needs the system package `dcmtk`.")
    capture, report = dicom_files(contents_of(source))
    report.save_as(tmp_path / "report.dcm")
    capture.save_as(tmp_path / "capture.dcm")
    shown = subprocess.run(["dsrdump", tmp_path / "report.dcm"], capture_output=True, text=True, check=True)
    assert 'Probability of viral pneumonia")="0.65"' in shown.stdout
    assert "PRELIMINARY" in shown.stdout
    for name in ("report.dcm", "capture.dcm"):
        dumped = subprocess.run(["dcmdump", tmp_path / name], capture_output=True, text=True, check=True)
        complaints = re.findall(r"^[WE]: .*", shown.stderr + dumped.stderr, flags=re.MULTILINE)
        # DCMTK says of every file in UTF-8 that its own checker does not know it.
        assert [line for line in complaints if "Specific Character Set" not in line] == []
