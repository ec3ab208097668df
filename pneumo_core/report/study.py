"""Patient and study of a DICOM film, for the DICOM files that are made of it.

Only attributes that a report repeats are taken, each checked: what a writer got wrong would otherwise come back as this
program's own error. Unknown values stay empty, as the standard has it for type 2.
"""

import re

from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from pneumo_core.reading.dicom_file import Tags, quiet, read_elements

_TEXTS = ("PatientName", "PatientID", "AccessionNumber", "StudyID", "ReferringPhysicianName")  # type 2, any text
_MORE_TEXTS = ("IssuerOfPatientID", "StudyDescription")  # type 3
_FORMS = {  # type 2, of a fixed form
    "PatientBirthDate": re.compile(r"\d{8}"),
    "PatientSex": re.compile(r"[MFO]"),
    "StudyDate": re.compile(r"\d{8}"),
    "StudyTime": re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?"),
}
_MORE_FORMS = {  # type 3 or 1C, of a fixed form
    "PatientAge": re.compile(r"\d{3}[DWMY]"),
    "LossyImageCompression": re.compile(r"0[01]"),
    "Modality": re.compile(r"[A-Z]{2,4}"),
}
_UIDS = ("SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
_ORIENTATION = re.compile(r"[LRAPHF]{1,3}")


def study_header(data: bytes, digest: str) -> Dataset:
    """Take patient, study, and the film's own identifiers out of a DICOM file.

    Args:
        data: the file.
        digest: SHA-256 of the file, lower-case hex.

    Returns:
        A small data set of its own, text already decoded.

    Raises:
        ReadError: if the file is damaged.
    """
    dataset, _ = read_elements(data)
    tags = Tags(dataset)
    header = empty_header(digest)
    for keyword in _TEXTS + _MORE_TEXTS:
        if text := tags.text(keyword, longest=16 if keyword in ("AccessionNumber", "StudyID") else 64):
            _put(header, keyword, text.replace("\\", " "))
    for keyword, form in (_FORMS | _MORE_FORMS).items():
        text = tags.text(keyword)
        if text and form.fullmatch(text):
            _put(header, keyword, text)
    for keyword in ("StudyInstanceUID", *_UIDS):
        with quiet():
            uid = UID(tags.text(keyword) or "")
        if uid and uid.is_valid:
            setattr(header, keyword, uid)
    orientation = [str(value) for value in tags.values("PatientOrientation")]
    if len(orientation) == 2 and all(_ORIENTATION.fullmatch(value) for value in orientation):
        header.PatientOrientation = orientation
    return header


def empty_header(digest: str) -> Dataset:
    """A study of its own, for a film of which nothing is known.

    The study's UID follows from the film's digest: all that is ever made of one film lies in one study.
    """
    header = Dataset()
    for keyword in (*_TEXTS, *_FORMS):
        setattr(header, keyword, "")
    header.StudyInstanceUID = generate_uid(entropy_srcs=["study", digest])
    return header


def can_be_referenced(header: Dataset) -> bool:
    """Whether the header names the film's own image object."""
    return all(keyword in header for keyword in _UIDS) and UID(header.SOPClassUID).type == "SOP Class"


def _put(header: Dataset, keyword: str, text: str) -> None:
    with quiet():
        setattr(header, keyword, text)
