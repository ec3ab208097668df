"""DICOM secondary capture: the film and the film with its map, the banner burned in.

For archives that show no structured report. No name is drawn into the picture; patient and study stand in the header.
"""

from typing import Any

import numpy as np
from highdicom import UID, ContributingEquipment
from highdicom.sc import SCImage
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from pneumo_core.reading.dicom_file import quiet
from pneumo_core.report import texts
from pneumo_core.report.contents import ReportContents
from pneumo_core.report.picture import Rgb8, colour_scale, film_picture, font, map_picture
from pneumo_core.report.study import can_be_referenced, empty_header
from pneumo_core.report.words import film_words, impression_words, map_words, program_words, scale_words

MANUFACTURER = "Pneumo"
# Headers are English in any language: archives and worklists of many makers show them.
_SERIES = "Pneumo: film with map (not for diagnosis)"
_DERIVATION = "Film, and film with the map of the program's most probable answer. Research and education only."
_CONTRIBUTION = "Second reading by a neural network. Research and education. Not for diagnosis."
_SIDE = 1000  # pixels, a pane
_MARGIN = 20
_TEXT = 22  # pixels
_GREY = (200, 200, 200)


def contributing_equipment(contents: ReportContents) -> list[ContributingEquipment]:
    """This program, as IHE AI Results (AIR) asks: who made it, which model, which version of it."""
    return [
        ContributingEquipment(
            manufacturer=MANUFACTURER,
            purpose_of_reference=codes.DCM.ProcessingEquipment,
            manufacturer_model_name=MANUFACTURER,
            software_versions=contents.prediction.model[:64],
            contribution_datetime=contents.made_at,
            contribution_description=_CONTRIBUTION,
        )
    ]


def patient_and_study(header: Dataset) -> dict[str, Any]:
    """The arguments by which highdicom takes over patient and study."""
    return {
        "study_instance_uid": header.StudyInstanceUID,
        "patient_id": header.PatientID,
        "patient_name": str(header.PatientName),
        "patient_birth_date": header.PatientBirthDate,
        "patient_sex": header.PatientSex or None,
        "accession_number": header.AccessionNumber,
        "study_id": header.StudyID,
        "study_date": header.StudyDate,
        "study_time": header.StudyTime,
        "referring_physician_name": str(header.ReferringPhysicianName),
        "specific_character_set": "ISO_IR 192",
    }


def capture_picture(contents: ReportContents) -> Rgb8:
    """Draw banner, film, film with map, and the answers: uint8 [h, w, 3]."""
    film = film_picture(contents.film, _SIDE)
    heatmap = contents.heatmaps[contents.prediction.film_class.index]
    mapped = map_picture(film, heatmap, (contents.film.height, contents.film.width))
    panes = [Image.fromarray(film).convert("RGB"), Image.fromarray(mapped)][: 2 if contents.answered else 1]
    factor = min(_SIDE / film.shape[1], _SIDE / film.shape[0])
    size = (round(film.shape[1] * factor), round(film.shape[0] * factor))
    panes = [pane.resize(size, Image.Resampling.BICUBIC) for pane in panes]
    width = 2 * _SIDE + 3 * _MARGIN
    lines = [*impression_words(contents.impression), "", *program_words(contents)]
    lines += [map_words(heatmap), film_words(contents)][0 if contents.answered else 1 :]
    wrapped = [part for line in lines for part in _wrap(line, width - 2 * _MARGIN)]
    top = _MARGIN + 2 * _TEXT + _MARGIN
    below = top + size[1] + _MARGIN + 2 * _TEXT
    sheet = Image.new("RGB", (width, below + round(1.5 * _TEXT * len(wrapped)) + _MARGIN))
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), f"{texts.BANNER} {texts.PRELIMINARY}.", (255, 255, 255), font(2 * _TEXT - 8))
    for at, pane in enumerate(panes):
        x = _MARGIN + at * (_SIDE + _MARGIN)
        sheet.paste(pane, (x + (_SIDE - size[0]) // 2, top))
        draw.text((x, top + size[1] + 8), (texts.FILM, texts.FILM_WITH_MAP)[at], _GREY, font(_TEXT))
    if contents.answered:
        words = scale_words(heatmap)
        x = width - _MARGIN - round(draw.textlength(words, font(_TEXT)))
        draw.text((x, top + size[1] + 8), words, _GREY, font(_TEXT))
        sheet.paste(Image.fromarray(colour_scale(300, 18)), (x - 320, top + size[1] + 12))
    for at, line in enumerate(wrapped):
        draw.text((_MARGIN, below + round(1.5 * _TEXT * at)), line, _GREY, font(_TEXT))
    return np.asarray(sheet)


def _wrap(line: str, width: int) -> list[str]:
    """Break a line at spaces, or inside a word that is wider than the sheet."""
    parts, rest = [], line
    while rest and font(_TEXT).getlength(rest) > width:
        fitting = next(at for at in range(len(rest), 0, -1) if font(_TEXT).getlength(rest[:at]) <= width)
        cut = rest.rfind(" ", 0, fitting + 1)
        cut = cut if cut > 0 else fitting
        parts.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return [*parts, rest]


def secondary_capture(contents: ReportContents) -> SCImage:
    """Make the capture.

    It lies in the study of the film; a film that came as PNG or JPEG gets a study of its own with an unknown patient.
    """
    film = contents.film
    header = contents.header if contents.header is not None else empty_header(film.digest)
    orientation = header.get("PatientOrientation")
    picture, study = capture_picture(contents), patient_and_study(header)
    with quiet():
        capture = SCImage(
            pixel_array=picture,
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            patient_orientation=("L", "F"),  # highdicom wants one; replaced below by what is known
            series_instance_uid=UID(),
            series_number=1,
            sop_instance_uid=UID(),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MANUFACTURER,
            software_versions=contents.prediction.model[:64],
            series_description=_SERIES,
            content_date=contents.made_at.date(),
            content_time=contents.made_at.time(),
            transfer_syntax_uid=ExplicitVRLittleEndian,
            contributing_equipment=contributing_equipment(contents),
            content_qualification="RESEARCH",
            **study,
        )
        capture.PatientOrientation = orientation or []
        capture.ConversionType = "WSD"
        capture.BurnedInAnnotation = "YES"
        capture.DerivationDescription = _DERIVATION
        if film.file_format == "JPEG" or header.get("LossyImageCompression") == "01":
            capture.LossyImageCompression = "01"
        for keyword in ("PatientAge", "IssuerOfPatientID", "StudyDescription"):
            if keyword in header:
                setattr(capture, keyword, header[keyword].value)
        if can_be_referenced(header):
            source = Dataset()
            source.ReferencedSOPClassUID = header.SOPClassUID
            source.ReferencedSOPInstanceUID = header.SOPInstanceUID
            capture.SourceImageSequence = [source]
    return capture
