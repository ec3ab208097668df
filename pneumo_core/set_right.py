"""A copy of a film that lies wrong or has inverted greys, set right: the reader's answer to what the intake found.

The copy is a file of its own, so that it goes the way of every film, and lives in memory only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from pneumo_core.language import Message
from pneumo_core.reading import looks_like_dicom, read_film
from pneumo_core.reading.dicom_file import Tags, read_elements
from pneumo_core.report.study import study_header
from pneumo_core.types import Finding, Grade, Radiograph

_TURNS = {"rotated_left": 3, "upside_down": 2, "rotated_right": 1}  # quarter turns to the left that mend it
_INVERTED = "inverted"
# What the header of a film tells beside patient and study, and what of it stays true when the film is turned.
_KEPT = (
    "BodyPartExamined",
    "ImageLaterality",
    "Laterality",
    "Manufacturer",
    "ManufacturerModelName",
    "InstitutionName",
    "ViewPosition",
)


@dataclass(frozen=True)
class Mend:
    """What is to be done to a film.

    Attributes:
        turns: quarter turns to the left, 0..3.
        invert: whether dark and bright change places.
    """

    turns: int
    invert: bool

    @property
    def finding(self) -> Finding:
        """What the reader of the copy has to know."""
        text = {
            (False, True): Message("The greys of this copy were inverted at the reader's wish."),
            (True, False): Message("This copy of the film was turned upright at the reader's wish."),
            (True, True): Message("This copy of the film was turned upright and inverted at the reader's wish."),
        }[self.turns > 0, self.invert]
        return Finding("set_right", Grade.NOTE, text)


def mend_for(findings: Iterable[Finding]) -> Mend | None:
    """What would set a film right of which this was found; None where nothing is to be turned or inverted."""
    codes = {finding.code for finding in findings}
    turns = next((turns for code, turns in _TURNS.items() if code in codes), 0)
    invert = _INVERTED in codes
    return Mend(turns, invert) if turns or invert else None


def set_right(data: bytes, name: str, mend: Mend) -> bytes:
    """Make the copy: DICOM of a DICOM film, with patient, study, and the film's own identifiers; PNG of any other.

    Args:
        data: the file.
        name: its name.
        mend: what is to be done.

    Returns:
        A file with the grey values of the film, turned, or taken from their largest.

    Raises:
        ReadError: if the file is no readable film.
    """
    film = read_film(data, name)
    grey = np.ascontiguousarray(np.rot90(film.grey, mend.turns))
    low, high = film.window
    if mend.invert:
        # Of a raster the whole range counts: its window is 0..255 or what the film has.
        top = 255 if film.bits_stored <= 8 and not looks_like_dicom(data) else int(grey.max())
        grey, low, high = (top - grey).astype(np.uint16), top - high, top - low
    if looks_like_dicom(data):
        return _dicom(data, film, grey, (low, high), mend)
    stored = grey.astype(np.uint8) if film.bits_stored <= 8 else grey
    return bytes(cv2.imencode(".png", stored)[1])


def _dicom(data: bytes, film: Radiograph, grey: NDArray[np.uint16], window: tuple[float, float], mend: Mend) -> bytes:
    # Its identifiers stay those of the film: nothing stores the copy, and a report is about the film.
    copy = study_header(data, film.digest)
    elements, _ = read_elements(data)
    tags = Tags(elements)
    for keyword in _KEPT:
        if text := tags.text(keyword):
            setattr(copy, keyword, text)
    if mend.turns and "PatientOrientation" in copy:
        del copy.PatientOrientation  # what it said was of the film as it lay, and was wrong or not heeded
    if film.spacing_mm and film.spacing_source:
        setattr(copy, film.spacing_source, list(film.spacing_mm[:: -1 if mend.turns % 2 else 1]))
    copy.SpecificCharacterSet = "ISO_IR 192"
    copy.ImageType = ["DERIVED", "PRIMARY"]
    copy.DerivationDescription = "Turned or inverted at the reader's wish"
    copy.SamplesPerPixel, copy.PhotometricInterpretation = 1, "MONOCHROME2"
    copy.Rows, copy.Columns = grey.shape
    copy.BitsAllocated = copy.BitsStored = 16
    copy.HighBit, copy.PixelRepresentation = 15, 0
    copy.WindowCenter = f"{(window[0] + window[1] + 1) / 2:.8g}"
    copy.WindowWidth = f"{window[1] - window[0] + 1:.8g}"  # PS3.3 C.11.2.1.2: one more than the distance
    copy.PixelData = grey.astype("<u2").tobytes()
    copy["PixelData"].VR = "OW"
    return _written(copy)


def _written(copy: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = copy.get("SOPClassUID", DigitalXRayImageStorageForPresentation)
    meta.MediaStorageSOPInstanceUID = copy.get("SOPInstanceUID", generate_uid())
    copy.file_meta = meta
    stream = BytesIO()
    dcmwrite(stream, copy, enforce_file_format=True)
    return stream.getvalue()
