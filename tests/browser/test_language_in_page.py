"""The page in Korean and back: what was read before the switch is said anew, and the choice is remembered."""

import re

import pytest
from page_driver import ReviewPage

from benchmarks.film_files import dicom_file, film
from ui import texts

pytestmark = pytest.mark.browser

HANGUL = re.compile(r"[\uac00-\ud7a3]")
BANNER = "연구 및 교육용. 진단에 사용하지 마십시오."


def choose(page, code: str) -> None:
    page.locator(f'.languages button[lang="{code}"]').click()
    page.wait_for_function("(code) => document.documentElement.lang === code", arg=code)


def test_a_film_read_in_english_is_shown_in_korean_and_back(review: ReviewPage) -> None:
    page = review.page
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("button", name=texts.OPEN_PHANTOMS).click()
    page.locator(".strip .count", has_text="2 files, 2 read").wait_for()
    page.get_by_role("button", name=texts.SHOW_WITHOUT).click()
    review.wait_for_answer()
    answer = page.locator(".pneumo-answer h2").inner_text()
    assert not HANGUL.search(page.locator(".st-key-answer").inner_text())

    choose(page, "ko")
    page.locator(".strip .count", has_text="파일 2개, 판독 2개").wait_for()
    page.get_by_text(BANNER).first.wait_for()
    page.get_by_role("link", name="워크리스트").first.wait_for()
    page.locator(".st-key-chart .ytick text", has_text="바이러스성").wait_for()
    names = {tick.text_content() for tick in page.locator(".st-key-chart .ytick text").all()}
    assert names == {"정상", "세균성", "바이러스성", "코로나19"}
    assert HANGUL.search(page.locator(".pneumo-answer h2").inner_text())
    assert all(HANGUL.search(item) for item in page.locator(".pneumo-findings li").all_inner_texts())
    viewer = page.locator(".viewer")
    assert viewer.locator("button.invert").inner_text() == "반전"
    assert viewer.locator(".classes label").all_inner_texts() == ["정상", "세균성", "바이러스성", "코로나19"]
    assert HANGUL.search(viewer.locator(".what").inner_text())
    assert "병변" in viewer.locator(".what").inner_text()
    assert "키" in viewer.locator(".help").get_attribute("aria-label")

    choose(page, "en")
    page.locator(".strip .count", has_text="2 files, 2 read").wait_for()
    page.locator(".st-key-chart .ytick text", has_text="Viral").wait_for()
    assert page.locator(".pneumo-answer h2").inner_text() == answer
    assert viewer.locator("button.invert").inner_text() == texts.VIEWER["invert"]
    assert not HANGUL.search(page.locator(".st-key-answer").inner_text())


def test_why_a_file_was_refused_is_said_in_the_language_of_the_page(review: ReviewPage) -> None:
    page = review.page
    review.drop({"notes.png": b"hello", "waves.dcm": dicom_file(film(520, 430, bits=12, seed=1), bits=12)})
    reason = page.locator(".strip li", has_text="notes.png").locator(".reason")
    reason.get_by_text("This is a text file").wait_for()
    page.get_by_role("heading", name=texts.REFUSED_TITLE).wait_for()
    choose(page, "ko")
    reason.get_by_text("텍스트 파일").wait_for()
    page.get_by_role("heading", name="판독 불가").wait_for()
    assert all(HANGUL.search(item) for item in page.locator(".pneumo-findings li").all_inner_texts())


def test_the_language_is_kept_from_page_to_page_and_after_a_reload(review: ReviewPage) -> None:
    page = review.page
    choose(page, "ko")
    page.get_by_role("button", name="팬텀 영상 두 개 열기").wait_for()
    for name, words in (
        ("워크리스트", "워크리스트에 추가됩니다"),
        ("모델 카드", "모델의 파일에서"),
        ("학습", "신경망을 학습하고"),
    ):
        page.get_by_role("link", name=name).first.click()
        page.get_by_text(words).locator("visible=true").first.wait_for()
        page.wait_for_function("() => location.search === '?lang=ko'")
    page.reload()
    page.get_by_text("신경망을 학습하고").wait_for()
    assert page.locator('.languages button[lang="ko"]').get_attribute("aria-pressed") == "true"


def test_the_bar_bears_name_banner_and_languages_on_a_phone(browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    driver = ReviewPage(page, address)
    choose(page, "ko")
    page.get_by_text(BANNER).first.wait_for()
    boxes = [page.locator(part).first.bounding_box() for part in (".pneumo-name", ".languages", ".pneumo-bar span")]
    name, languages, banner = boxes
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] < 70 for box in boxes)
    assert name["x"] + name["width"] < languages["x"]
    assert banner["y"] >= name["y"] + 20
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert driver.faults == []
    page.close()
