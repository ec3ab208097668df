"""The Review page from the empty state to the answer."""

import hashlib
import re
import zipfile

import numpy as np
import pypdfium2
import pytest
from conftest import start_app
from page_driver import ReviewPage, chest_film, png_file

from benchmarks.film_files import dicom_file, film
from pneumo_core.model.bundle import Bundle
from pneumo_core.types import CLASSES
from ui import texts

pytestmark = pytest.mark.browser


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def good() -> bytes:
    return dicom_file(chest_film(520, 430, bits=12, seed=1), bits=12, PatientName="Secret^Name", PatientID="ID-4711")


def test_the_empty_page_says_what_it_is_for_and_what_not(review: ReviewPage) -> None:
    page = review.page
    assert page.get_by_text(texts.NOT_FOR_DIAGNOSIS).first.is_visible()
    assert page.get_by_text("What it is for.").is_visible()
    assert page.get_by_text("What it is not for.").is_visible()


def test_a_film_is_answered_beside_its_map(review: ReviewPage, small_bundle: Bundle, good: bytes) -> None:
    review.drop({"IM000001": good})
    review.wait_for_answer(digest(good))
    page = review.page
    assert page.get_by_text(texts.NOT_FOR_DIAGNOSIS).first.is_visible()
    figures = page.locator(".st-key-chart .annotation-text").all_text_contents()
    assert len(figures) == 4
    assert all(re.fullmatch(r"(\d+|[<>]\d+) %", figure) for figure in figures), figures
    ticks = page.locator(".st-key-chart .ytick text").all()
    names = [tick.text_content() for tick in sorted(ticks, key=lambda tick: tick.bounding_box()["y"])]
    assert names == [texts.SHORT_NAMES[film_class] for film_class in CLASSES]
    assert page.get_by_text(f"Model {small_bundle.label}").is_visible()
    assert page.get_by_text("What it can not tell").is_visible()


def test_the_film_takes_two_thirds_of_the_width(review: ReviewPage, good: bytes) -> None:
    review.drop({"film.dcm": good})
    review.wait_for_answer()
    assert review.page.locator(".viewer").bounding_box()["width"] >= 1440 * 2 / 3


def test_bad_files_give_their_reason_and_the_others_go_on(review: ReviewPage, good: bytes) -> None:
    other = png_file(chest_film(300, 260, bits=16, seed=2))
    review.drop({"notes.png": b"not an image", "film.dcm": good, "empty.dcm": b"", "other.png": other})
    review.wait_for_answer(digest(good))
    page = review.page
    page.locator(".strip .count", has_text="4 files, 2 read, 2 refused").wait_for()
    reason = page.locator(".strip li", has_text="notes.png").locator(".reason").inner_text()
    assert "expected" in reason
    assert "empty" in page.locator(".strip li", has_text="empty.dcm").locator(".reason").inner_text()
    assert page.locator("[data-testid=stException]").count() == 0


def test_only_bad_files_leave_the_page_empty_with_their_reasons(review: ReviewPage) -> None:
    review.drop({"notes.txt": b"hello"})
    review.page.locator(".strip .reason").wait_for()
    assert review.page.locator(".viewer").count() == 0
    assert review.page.get_by_role("button", name=texts.OPEN_PHANTOMS).is_visible()


def test_the_phantoms_are_called_phantoms(review: ReviewPage) -> None:
    page = review.page
    page.get_by_role("button", name=texts.OPEN_PHANTOMS).click()
    page.locator(".strip .count", has_text="2 files, 2 read").wait_for()
    page.locator(".pneumo-mark", has_text="means nothing clinically").wait_for()
    page.get_by_role("button", name=texts.SHOW_WITHOUT).click()
    review.wait_for_answer()
    assert page.locator(".strip .state").all_inner_texts() == [texts.PHANTOM_STATE, texts.STATE_UNREAD]


def test_the_demo_asks_the_doctor_first(review: ReviewPage) -> None:
    page = review.page
    page.get_by_role("button", name=texts.OPEN_PHANTOMS).click()
    page.locator(".strip .count", has_text="2 files, 2 read").wait_for()
    page.get_by_text(texts.READ_FIRST_WHY).wait_for()
    assert page.locator(".st-key-chart").count() == 0
    assert review.viewer("root.querySelector('.viewer').dataset.mapped") == ""
    page.get_by_text(texts.OPINIONS["viral"], exact=True).click()
    page.get_by_role("button", name=texts.RECORD).click()
    review.wait_for_answer()
    page.get_by_text("Before the answer: Viral pneumonia. Moderate confidence.").wait_for()
    with review.download() as download:
        page.get_by_role("button", name=texts.PDF, exact=True).click()
    printed = pypdfium2.PdfDocument(download.value.path().read_bytes())[0].get_textpage().get_text_range()
    assert "Viral pneumonia" in printed
    assert texts.NOT_FOR_DIAGNOSIS in printed
    with review.download() as download:
        page.get_by_role("button", name=texts.DICOM, exact=True).click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["capture.dcm", "report.dcm"]


def test_what_is_no_chest_film_is_refused_until_the_reader_gives_a_reason(review: ReviewPage) -> None:
    review.drop({"waves.dcm": dicom_file(film(520, 430, bits=12, seed=1), bits=12)})
    page = review.page
    page.get_by_role("heading", name=texts.REFUSED_TITLE).wait_for()
    assert page.locator(".st-key-chart").count() == 0
    page.get_by_text(texts.OVERRIDE, exact=True).click()
    page.get_by_label(texts.OVERRIDE_REASON).fill("To see what it says.")
    page.get_by_role("button", name=texts.OVERRIDE_BUTTON, exact=True).click()
    review.wait_for_answer()
    page.get_by_text(texts.OVERRIDDEN.format(reason="To see what it says.")).wait_for()


def test_a_film_that_lies_wrong_is_read_as_a_copy_set_right(review: ReviewPage) -> None:
    upright = chest_film(520, 430, bits=12, seed=1)
    review.drop({"film.dcm": dicom_file(np.rot90(4095 - upright, 2).copy(), bits=12)})
    page = review.page
    page.get_by_role("heading", name=texts.REFUSED_TITLE).wait_for()
    page.get_by_role("button", name=texts.SET_RIGHT[True, True], exact=True).click()
    review.wait_for_answer()
    page.locator(".strip [aria-selected=true] .name", has_text="film, set right.dcm").wait_for()
    page.locator(".pneumo-findings", has_text="turned upright and inverted at the reader's wish").wait_for()
    assert page.get_by_role("button", name=re.compile("and read$")).count() == 0
    page.locator(".strip .count", has_text="2 files").wait_for()


def test_no_name_reaches_the_browser_until_it_is_asked_for(review: ReviewPage, good: bytes) -> None:
    review.drop({"film.dcm": good})
    review.wait_for_answer(digest(good))
    page = review.page
    page.get_by_text(texts.FILM_FACTS).click()
    page.get_by_text("520 × 430 pixels").wait_for()
    came = [frame.encode() if isinstance(frame, str) else frame for frame in review.received]
    assert len(came) > 3
    assert not any(b"Secret" in frame or b"ID-4711" in frame for frame in came)
    page.get_by_text(texts.SHOW_IDENTITY).click()
    page.locator(".pneumo-facts", has_text="Secret").wait_for()


def test_the_chosen_film_stays_chosen_when_more_come(review: ReviewPage, good: bytes) -> None:
    second = dicom_file(chest_film(400, 380, bits=10, seed=5), bits=10)
    review.drop({"first.dcm": good, "second.dcm": second})
    review.wait_for_answer(digest(good))
    review.page.locator(".strip .count", has_text="2 read").wait_for()
    review.open("second.dcm")
    review.wait_for_answer(digest(second))
    review.page.get_by_text(texts.FILM_FACTS).click()
    review.page.get_by_text("400 × 380 pixels").wait_for()
    review.look()  # a click during a run of the page would be lost with the control that it replaces
    review.page.get_by_text(texts.SHOW_IDENTITY).click()  # a run of the page
    review.page.get_by_text(texts.NO_IDENTITY).or_(
        review.page.locator(".pneumo-facts dd", has_text="8.498")
    ).first.wait_for()
    assert review.viewer("root.querySelector('.viewer').dataset.painted") == digest(second)


def test_on_a_phone_the_film_comes_first(browser, address: str, good: bytes) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    driver = ReviewPage(page, address)
    driver.drop({"film.dcm": good})
    driver.wait_for_answer()
    tops = [page.locator(part).bounding_box()["y"] for part in (".viewer", ".pneumo-answer h2", ".strip")]
    assert tops == sorted(tops)
    panes = driver.look()["panes"]
    assert panes[0]["y"] < panes[1]["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert driver.faults == []
    page.close()


def test_without_a_model_the_film_is_shown_and_the_reason_said(browser, tmp_path, good: bytes) -> None:
    process, address = start_app({"PNEUMO_MODEL": str(tmp_path / "nothing")}, tmp_path / "log.txt")
    try:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        driver = ReviewPage(page, address)
        page.get_by_text(texts.MODEL_FAILED).wait_for()
        driver.drop({"film.dcm": good})
        page.wait_for_function("() => document.querySelector('.st-key-viewer') !== null")
        page.locator(".viewer[data-painted]:not([data-painted=''])").wait_for()
        assert page.get_by_text(texts.MODEL_FAILED).is_visible()
        assert page.locator(".what").inner_text() == texts.VIEWER["none"]
        assert np.ptp(driver.panes()[0]) > 100
        page.close()
    finally:
        process.terminate()
        process.wait(20)
