"""DICOM structured report (TID 1500): the doctor's impression first, then the program's probabilities.

Always preliminary and unverified. Concepts for which the standard has no code carry codes of this project's own. Names
and headers are English in any language; comments are in the one that is being spoken (`pneumo_core.language`).
"""

from collections.abc import Iterator

import highdicom
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sc import SCImage
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from pneumo_core.language import shown
from pneumo_core.reading.dicom_file import quiet
from pneumo_core.report import texts
from pneumo_core.report.contents import Confidence, Impression, Opinion, ReportContents
from pneumo_core.report.dicom_sc import MANUFACTURER, contributing_equipment, secondary_capture
from pneumo_core.report.study import can_be_referenced
from pneumo_core.report.words import finding_words, history_words, set_words
from pneumo_core.types import CLASSES, FilmClass, Prediction, Verdict

_SCHEME = "99PNEUMO"  # private: names of this project (PS3.16 8.1)
_DISEASES = {
    Opinion.NORMAL: CodedConcept("17621005", "SCT", "Normal"),
    Opinion.BACTERIAL: CodedConcept("53084003", "SCT", "Bacterial pneumonia"),
    Opinion.VIRAL: CodedConcept("75570004", "SCT", "Viral pneumonia"),
    Opinion.COVID19: CodedConcept("840539006", "SCT", "COVID-19"),
    Opinion.OTHER: CodedConcept("74964007", "SCT", "Other"),
    Opinion.UNDECIDED: CodedConcept("82334004", "SCT", "Indeterminate"),
}
_CONFIDENCES = {
    Confidence.LOW: CodedConcept("62482003", "SCT", "Low"),
    Confidence.MODERATE: CodedConcept("6736007", "SCT", "Moderate"),
    Confidence.HIGH: CodedConcept("75540009", "SCT", "High"),
}
_PROBABILITIES = {
    FilmClass.NORMAL: CodedConcept("P-NORMAL", _SCHEME, "Probability of a normal film"),
    FilmClass.BACTERIAL: CodedConcept("P-BACTERIAL", _SCHEME, "Probability of bacterial pneumonia"),
    FilmClass.VIRAL: CodedConcept("P-VIRAL", _SCHEME, "Probability of viral pneumonia"),
    FilmClass.COVID19: CodedConcept("P-COVID19", _SCHEME, "Probability of COVID-19"),
}
_IMPRESSION = CodedConcept("IMPRESSION", _SCHEME, "Impression of the reader")
_CONFIDENCE = CodedConcept("CONFIDENCE", _SCHEME, "Confidence of the reader")
_FIRST = CodedConcept("IMPRESSION-FIRST", _SCHEME, "Impression before the program's answer was shown")
_FIRST_CONFIDENCE = CodedConcept("CONFIDENCE-FIRST", _SCHEME, "Confidence before the program's answer was shown")
_SET90 = CodedConcept("SET-90", _SCHEME, "Not ruled out at the level of 90 %")
_SET95 = CodedConcept("SET-95", _SCHEME, "Not ruled out at the level of 95 %")
_VERDICT = CodedConcept("INTAKE", _SCHEME, "Verdict of the intake on the film")
_VERDICTS = {
    Verdict.READ: CodedConcept("INTAKE-READ", _SCHEME, "Read"),
    Verdict.CAUTION: CodedConcept("INTAKE-CAUTION", _SCHEME, "Read with caution"),
    Verdict.REFUSE: CodedConcept("INTAKE-REFUSE", _SCHEME, "Refused"),
}
_SERIES = "Pneumo: report (not for diagnosis)"
_DOCTOR = "The doctor's impression"
_PROGRAM = "Annex: the program's answer"
_TEMPERATURE = "Temperature of the calibration"
_PROCEDURE = CodedConcept("399208008", "SCT", "Plain X-ray of chest")


def dicom_files(contents: ReportContents) -> tuple[SCImage, ComprehensiveSR]:
    """Make capture and structured report together: the report refers to the capture.

    Args:
        contents: the film's report.

    Returns:
        The capture (series of its own) and the report, both in the film's study.
    """
    capture = secondary_capture(contents)
    return capture, structured_report(contents, capture)


def structured_report(contents: ReportContents, capture: SCImage) -> ComprehensiveSR:
    """Make the report.

    It refers to the film where that is a DICOM object, and always to the capture: for a film that came as PNG or JPEG
    the capture is the only DICOM object that shows it.
    """
    evidence = [*_film(contents, capture), capture]
    with quiet():
        source = SourceImageForMeasurementGroup(evidence[0].SOPClassUID, evidence[0].SOPInstanceUID)
        groups = [_program(contents, source)]
        if contents.impression is not None:
            groups.insert(0, _doctor(contents.impression, source))
        content = MeasurementReport(_observers(contents), _PROCEDURE, groups)
        return ComprehensiveSR(
            evidence=evidence,
            content=content,
            series_instance_uid=highdicom.UID(),
            series_number=2,
            sop_instance_uid=highdicom.UID(),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MANUFACTURER,
            software_versions=contents.prediction.model[:64],
            series_description=_SERIES,
            content_date=contents.made_at.date(),
            content_time=contents.made_at.time(),
            is_complete=True,
            is_final=False,
            is_verified=False,
            coding_schemes=[CodingSchemeIdentificationItem(_SCHEME, responsible_organization=MANUFACTURER)],
            contributing_equipment=contributing_equipment(contents),
            specific_character_set="ISO_IR 192",
        )


def _film(contents: ReportContents, capture: SCImage) -> list[Dataset]:
    """The film as evidence: what the capture says of patient and study, and the film's own identifiers."""
    header = contents.header
    if header is None or not can_be_referenced(header):
        return []
    film = Dataset()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(film, keyword, capture.get(keyword))
    for keyword in ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyInstanceUID", "SpecificCharacterSet"):
        setattr(film, keyword, capture.get(keyword))
    for keyword in ("PatientAge", "IssuerOfPatientID", "StudyDescription"):
        if keyword in header:
            setattr(film, keyword, header[keyword].value)
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID"):
        setattr(film, keyword, header.get(keyword))
    return [film]


def _observers(contents: ReportContents) -> ObservationContext:
    """The program; and the doctor where the doctor gave a name."""
    model = contents.prediction.model
    device = DeviceObserverIdentifyingAttributes(
        uid=generate_uid(entropy_srcs=["device", model]),  # each model version is a device of its own (IHE AIR)
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=model[:64],
    )
    person = None
    if contents.impression is not None and contents.impression.reader:
        name = PersonObserverIdentifyingAttributes(contents.impression.reader[:64])
        person = ObserverContext(codes.DCM.Person, name)
    return ObservationContext(person, ObserverContext(codes.DCM.Device, device))


def _doctor(impression: Impression, source: SourceImageForMeasurementGroup) -> MeasurementsAndQualitativeEvaluations:
    evaluations = [(_IMPRESSION, _DISEASES[impression.opinion]), (_CONFIDENCE, _CONFIDENCES[impression.confidence])]
    if impression.first is not None:
        opinion, confidence = impression.first
        evaluations += [(_FIRST, _DISEASES[opinion]), (_FIRST_CONFIDENCE, _CONFIDENCES[confidence])]
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=highdicom.UID(), identifier=_DOCTOR),
        finding_sites=[FindingSite(codes.SCT.Lung)],
        qualitative_evaluations=[QualitativeEvaluation(name, value) for name, value in evaluations],
        source_images=[source],
    )
    for text in (history_words(impression), impression.note):
        if text:
            _add_comment(group, text)
    return group


def _program(contents: ReportContents, source: SourceImageForMeasurementGroup) -> MeasurementsAndQualitativeEvaluations:
    prediction = contents.prediction
    name, _, version = prediction.model.partition("@")
    algorithm = AlgorithmIdentification(
        name=name,
        version=version or name,
        manufacturer=MANUFACTURER,
        parameters=[f"{_TEMPERATURE}: {prediction.temperature:.4f}"],
    )
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=highdicom.UID(), identifier=_PROGRAM),
        finding_sites=[FindingSite(codes.SCT.Lung)],
        algorithm_id=algorithm,
        measurements=[
            Measurement(_PROBABILITIES[film_class], round(float(share), 4), codes.UCUM.NoUnits)
            for film_class, share in zip(CLASSES, prediction.probabilities, strict=True)
        ]
        if contents.answered
        else None,
        qualitative_evaluations=[
            QualitativeEvaluation(_VERDICT, _VERDICTS[contents.verdict]),
            *(_sets(prediction) if contents.answered else ()),
        ],
        source_images=[source],
    )
    answer = f"{shown(contents.answer.text)} {shown(contents.answer.reason)}"
    says = [answer, *set_words(prediction), texts.WHAT_THEY_ARE] if contents.answered else [texts.REFUSED]
    for text in (texts.BANNER, *says, *finding_words(contents)):
        _add_comment(group, text)
    return group


def _sets(prediction: Prediction) -> Iterator[QualitativeEvaluation]:
    """One item for each class that can not be ruled out."""
    for name, members in ((_SET90, prediction.set90), (_SET95, prediction.set95)):
        for member in members or ():
            yield QualitativeEvaluation(name, _DISEASES[Opinion(member)])


def _add_comment(group: MeasurementsAndQualitativeEvaluations, text: str) -> None:
    """Free text: TID 1501 is extensible."""
    group[0].ContentSequence.append(
        TextContentItem(codes.DCM.Comment, text, relationship_type=RelationshipTypeValues.CONTAINS)
    )
