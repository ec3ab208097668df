"""What the header of a DICOM film tells about it, besides its pixels."""

import math
import re

from pneumo_core.language import Message
from pneumo_core.reading.dicom_file import Tags

Pairs = tuple[tuple[str, str], ...]

_SPACINGS = (
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
)  # in the patient, at the detector, on film
_FACTS = (
    (Message("Body part"), "BodyPartExamined"),
    (Message("Laterality"), "ImageLaterality"),
    (Message("Manufacturer"), "Manufacturer"),
    (Message("Device"), "ManufacturerModelName"),
)
_IDENTITY = (
    (Message("Patient name"), "PatientName"),
    (Message("Patient ID"), "PatientID"),
    (Message("Date of birth"), "PatientBirthDate"),
    (Message("Accession number"), "AccessionNumber"),
    (Message("Institution"), "InstitutionName"),
    (Message("Study date"), "StudyDate"),
)
_AGE = re.compile(r"(\d{1,3})([YMWD])")


def film_facts(tags: Tags, transfer_syntax: str) -> Pairs:
    """Facts that identify nobody: (label, value) pairs, only those that the file tells."""
    found: list[tuple[str, str]] = [(Message("Transfer syntax"), transfer_syntax)]
    found += [(label, value) for label, keyword in _FACTS if (value := tags.text(keyword))]
    if not tags.text("ImageLaterality") and (side := tags.text("Laterality")):
        found.append((Message("Laterality"), side))
    if age := _age(tags.text("PatientAge")):
        found.append((Message("Age"), age))
    return tuple(found)


def identity(tags: Tags) -> Pairs:
    """What identifies a person: (label, value) pairs, only those that the file tells."""
    found = ((label, tags.text(keyword)) for label, keyword in _IDENTITY)
    return tuple((label, _name(value) if label == "Patient name" else value) for label, value in found if value)


def spacing(tags: Tags) -> tuple[tuple[float, float], str] | tuple[None, None]:
    """The distance of pixel centres ((row, column) in millimetres) and the attribute that tells it.

    `PixelSpacing` comes first; the spacing at the detector overstates lengths in the patient by the magnification.
    """
    for keyword in _SPACINGS:
        numbers = tags.numbers(keyword)
        if len(numbers) == 2 and all(math.isfinite(number) and number > 0.0 for number in numbers):
            return (numbers[0], numbers[1]), keyword
    return None, None


def view(tags: Tags) -> str | None:
    """The view position, such as PA or AP."""
    return tags.text("ViewPosition")


def _age(text: str | None) -> str | None:
    """Spell out an age string: 045Y -> 45 years."""
    found = _AGE.fullmatch(text or "")
    if found is None:
        return None
    number = int(found[1])
    return {
        "Y": Message("{count} year", "{count} years", count=number),
        "M": Message("{count} month", "{count} months", count=number),
        "W": Message("{count} week", "{count} weeks", count=number),
        "D": Message("{count} day", "{count} days", count=number),
    }[found[2]]


def _name(person: str) -> str:
    """Write a person name's components (PS3.5 6.2.1.1) with spaces: KIM^MIN SU=... -> KIM MIN SU, ..."""
    groups = (" ".join(group.replace("^", " ").split()) for group in person.split("="))
    return ", ".join(group for group in groups if group)
