"""What the header tells: facts, spacing, and identity kept apart."""

import logging
from typing import Any

import pytest

from benchmarks.film_files import dicom_file, film
from pneumo_core.errors import ReadError
from pneumo_core.reading import read_film
from pneumo_core.types import Radiograph

IDENTITY = {
    "PatientName": "KIM^MIN SU=金^敏秀=김^민수",
    "PatientID": "PID-4711",
    "PatientBirthDate": "19700102",
    "AccessionNumber": "ACC-9",
    "InstitutionName": "서울병원",
    "StudyDate": "20240506",
}


def read(**attributes: Any) -> Radiograph:
    return read_film(dicom_file(film(), bits=12, SpecificCharacterSet="ISO_IR 192", **attributes), "a.dcm")


def test_facts_and_identity_are_kept_apart() -> None:
    radiograph = read(
        **IDENTITY,
        PatientAge="045Y",
        ViewPosition="PA",
        BodyPartExamined="CHEST",
        ImageLaterality="U",
        Manufacturer="Maker",
        ManufacturerModelName="Model 3",
    )
    assert radiograph.view == "PA"
    assert dict(radiograph.facts) == {
        "Transfer syntax": "Explicit VR Little Endian",
        "Body part": "CHEST",
        "Laterality": "U",
        "Manufacturer": "Maker",
        "Device": "Model 3",
        "Age": "45 years",
    }
    assert dict(radiograph.identity) == {
        "Patient name": "KIM MIN SU, 金 敏秀, 김 민수",
        "Patient ID": "PID-4711",
        "Date of birth": "19700102",
        "Accession number": "ACC-9",
        "Institution": "서울병원",
        "Study date": "20240506",
    }
    shown = repr(radiograph) + str(radiograph.facts)
    assert not any(value in shown for _, value in radiograph.identity)


def test_korean_name_in_its_old_encoding() -> None:
    name = "Hong^Gildong=\x1b$)C洪^\x1b$)C吉洞=\x1b$)C홍^\x1b$)C길동"
    raw = name.encode("euc_kr")
    data = dicom_file(film(), bits=12, SpecificCharacterSet=["", "ISO 2022 IR 149"], PatientName="X" * len(raw))
    padded = raw + b" " * (len(raw) % 2)
    radiograph = read_film(data.replace(b"X" * len(raw) + b" " * (len(raw) % 2), padded), "a")
    assert dict(radiograph.identity)["Patient name"] == "Hong Gildong, 洪 吉洞, 홍 길동"


@pytest.mark.parametrize(
    ("age", "text"), [("001Y", "1 year"), ("006M", "6 months"), ("003D", "3 days"), ("XXXY", None), ("", None)]
)
def test_age(age: str, text: str | None) -> None:
    data = dicom_file(film(), bits=12, PatientAge="123W").replace(b"123W", age.ljust(4).encode())
    assert dict(read_film(data, "a").facts).get("Age") == text


@pytest.mark.parametrize(
    ("attributes", "spacing", "source"),
    [
        ({}, None, None),
        ({"PixelSpacing": [0.2, 0.3]}, (0.2, 0.3), "PixelSpacing"),
        ({"ImagerPixelSpacing": [0.2, 0.3]}, (0.2, 0.3), "ImagerPixelSpacing"),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1), "NominalScannedPixelSpacing"),
        ({"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.18, 0.18]}, (0.18, 0.18), "PixelSpacing"),
        ({"PixelSpacing": [0, 0.2], "ImagerPixelSpacing": [0.2, 0.3]}, (0.2, 0.3), "ImagerPixelSpacing"),
        ({"PixelSpacing": [-1, 0.2]}, None, None),
    ],
)
def test_spacing(attributes: dict[str, Any], spacing: tuple[float, float] | None, source: str | None) -> None:
    radiograph = read(**attributes)
    assert (radiograph.spacing_mm, radiograph.spacing_source) == (spacing, source)


def test_laterality_of_the_series_stands_in() -> None:
    assert dict(read(Laterality="R").facts)["Laterality"] == "R"


@pytest.mark.parametrize(
    "damage",
    [{"Modality": "CT"}, {"NumberOfFrames": 3}, {"BitsAllocated": 32}, {"PixelData": b"\0" * 64}, {"Rows": 60_000}],
)
def test_no_error_or_log_tells_who_it_is(damage: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ReadError) as caught:
        read(**IDENTITY, **damage)
    told = str(caught.value) + caplog.text
    assert caught.value.__cause__ is None
    assert not any(part in told for value in IDENTITY.values() for part in value.replace("=", "^").split("^"))
