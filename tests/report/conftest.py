"""Readings that the tests make: no model is needed to report one."""

import datetime
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from benchmarks.film_files import dicom_file, film
from pneumo_core.reading import read_film
from pneumo_core.report import Confidence, Impression, Opinion, ReportContents
from pneumo_core.report.study import study_header
from pneumo_core.types import (
    CLASSES,
    AgeGroup,
    Assessment,
    FilmClass,
    Finding,
    Grade,
    Heatmap,
    Prediction,
    Radiograph,
)

NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.timezone(datetime.timedelta(hours=9)))
SETS = ((FilmClass.VIRAL,), (FilmClass.BACTERIAL, FilmClass.VIRAL))
ASSESSMENT = Assessment(
    (Finding("rotated", Grade.CAUTION, "The patient is turned to one side."),), AgeGroup.CHILD, "film", "test-gate@0123"
)
IMPRESSION = Impression(
    Opinion.VIRAL,
    Confidence.MODERATE,
    (Opinion.NORMAL, Confidence.LOW),
    "Hazy <right> lower zone & more.\n우하엽 음영.",
)


def answer_to(radiograph: Radiograph) -> tuple[Prediction, tuple[Heatmap, ...]]:
    """An answer with one strong cell for viral pneumonia, row 1, column 5 of 8 x 8."""
    probabilities = np.array([0.1, 0.2, 0.65, 0.05], np.float32)
    grids = np.full((4, 8, 8), -0.1, np.float32)
    grids[2, 0:3, 4:7] = 0.5
    box = (0.0, 0.0, float(radiograph.width), float(radiograph.height))
    maps = tuple(Heatmap(c, "Grad-CAM", grids[c.index], 0.5, box) for c in CLASSES)
    prediction = Prediction(np.log(probabilities), 1.1, probabilities, "test-object@0123456789ab", SETS[0], SETS[1])
    return prediction, maps


def png_film() -> bytes:
    """A 16-bit PNG."""
    return cv2.imencode(".png", film(300, 260, bits=16, seed=2))[1].tobytes()


@pytest.fixture
def contents_of() -> Callable[..., ReportContents]:
    """Makes the contents of a report out of a file's bytes."""

    def make(data: bytes, impression: Impression | None = IMPRESSION, **more: object) -> ReportContents:
        radiograph = read_film(data, "film")
        header = study_header(data, radiograph.digest) if radiograph.file_format.startswith("DICOM") else None
        return ReportContents(
            radiograph,
            *answer_to(radiograph),
            ASSESSMENT,
            "film-1",
            NOW,
            impression=impression,
            header=header,
            **more,
        )

    return make


@pytest.fixture
def dicom_film() -> Callable[..., bytes]:
    """Makes a DICOM film with the given attributes."""
    return lambda **attributes: dicom_file(film(320, 280, bits=12, seed=1), bits=12, **attributes)
