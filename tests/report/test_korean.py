"""Reports in Korean: all words of the PDF, the comments of the structured report; codes and headings stay English."""

import csv
import io
from collections.abc import Iterator

import cv2
import pypdfium2
from pydicom.dataset import Dataset

from benchmarks.film_files import film
from pneumo_core.language import Message, speaking
from pneumo_core.report import texts
from pneumo_core.report.dicom_sc import capture_picture
from pneumo_core.report.dicom_sr import dicom_files
from pneumo_core.report.pdf import pdf_report
from pneumo_core.report.table import COLUMNS, table, table_row

BANNER = "연구 및 교육용. 진단에 사용하지 마십시오."


def png_film() -> bytes:
    return cv2.imencode(".png", film(300, 260, bits=16, seed=2))[1].tobytes()


def items(dataset: Dataset) -> Iterator[Dataset]:
    for item in dataset.get("ContentSequence", ()):
        yield item
        yield from items(item)


def words_of(data: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(data))


def test_the_whole_pdf_is_korean(contents_of) -> None:
    with speaking("ko"):
        printed = words_of(pdf_report(contents_of(png_film())))
    for words in (BANNER, "예비 보고", "판독의 의견", "바이러스성 폐렴", "확신도 중간", "65%", "1쪽", "보정 온도"):
        assert words in printed
    for name in ("BANNER", "PRELIMINARY", "DOCTOR", "PROGRAM", "FINDINGS", "FACTS", "WHAT_THEY_ARE", "DIGEST"):
        assert getattr(texts, name) not in printed
    assert texts.BANNER == "Research and education. Not for diagnosis."


def test_codes_of_the_structured_report_stay_english_and_its_comments_are_korean(contents_of) -> None:
    with speaking("ko"):
        capture, report = dicom_files(contents_of(png_film()))
    english_capture, english = dicom_files(contents_of(png_film()))
    assert report.SeriesDescription == english.SeriesDescription
    assert capture.DerivationDescription == english_capture.DerivationDescription
    found, english_found = list(items(report)), list(items(english))
    comments = [item.TextValue for item in found if item.ValueType == "TEXT"]
    assert BANNER in comments
    assert texts.BANNER not in comments
    assert texts.BANNER in [item.TextValue for item in english_found if item.ValueType == "TEXT"]
    for keyword in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
        meanings, english_meanings = (
            [item[keyword][0].CodeMeaning for item in all_items if keyword in item]
            for all_items in (found, english_found)
        )
        assert meanings == english_meanings
    assert report.SpecificCharacterSet == "ISO_IR 192"


def test_the_capture_is_drawn_in_korean(contents_of) -> None:
    english = capture_picture(contents_of(png_film()))
    with speaking("ko"):
        korean = capture_picture(contents_of(png_film()))
    assert korean.shape != english.shape or (korean != english).any()


def test_headings_of_the_table_stay_english() -> None:
    reason = Message("The file is empty. Copy or export the film anew.")
    with speaking("ko"):
        data = table([table_row(file="a", digest="0", state="refused", reason=reason, answer=Message("Normal."))])
    header, row = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert tuple(header) == COLUMNS
    cells = dict(zip(header, row, strict=True))
    assert cells["state"] == "refused"
    assert cells["reason"] == "파일이 비어 있습니다. 다시 복사하거나 내보내십시오."
    assert cells["answer"] == "정상."
    assert cells["notice"] == BANNER
