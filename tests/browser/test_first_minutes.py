"""The first five minutes: the tour through four cases, the sample films, and the way through the pages on a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from page_driver import ReviewPage, chest_film, png_file

from pneumo_core.model.bundle import Bundle
from ui import texts, tour_texts

pytestmark = pytest.mark.browser


def test_the_tour_leads_through_four_cases_one_of_them_refused(review: ReviewPage) -> None:
    page = review.page
    review.wait_for_model()
    page.get_by_role("button", name=tour_texts.START).click()
    page.locator(".st-key-tour", has_text=tour_texts.YOUR_TURN).wait_for()
    assert page.locator(".st-key-tour", has_text=tour_texts.PHANTOMS_MEAN_NOTHING).is_visible()
    assert page.get_by_role("button", name=tour_texts.PREVIOUS).is_disabled()
    page.get_by_role("button", name=texts.SHOW_WITHOUT).click()
    page.locator(".st-key-tour", has_text="% of its map lies inside the lungs").wait_for()
    bar, viewer = (page.locator(part).bounding_box() for part in (".st-key-tour", ".viewer"))
    assert bar["y"] + bar["height"] <= viewer["y"]
    assert viewer["y"] + viewer["height"] <= 900  # the bar pushes nothing out of the window
    for at in (2, 3, 4):
        page.get_by_role("button", name=tour_texts.NEXT, exact=True).click()
        page.locator(".st-key-tour", has_text=tour_texts.place(at, 4)).wait_for()
    page.locator(".st-key-tour", has_text=tour_texts.LOOK["refused"]).wait_for()
    page.get_by_role("heading", name=texts.REFUSED_TITLE).wait_for()
    assert page.locator(".strip .name").all_inner_texts()[2:] == ["phantom-negative.png", "page-of-text.png"]
    page.get_by_role("button", name=tour_texts.PREVIOUS).click()
    page.get_by_role("button", name=texts.SHOW_WITHOUT).click()
    page.locator(".pneumo-findings", has_text="inverted").wait_for()
    page.get_by_role("button", name=tour_texts.END).click()
    page.locator(".st-key-tour").wait_for(state="detached")


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Three films with a list: phantoms with noise of their own, so that the labels below are a test's invention."""
    for seed, name in enumerate(("a", "b", "c")):
        (tmp_path / f"{name}.png").write_bytes(png_file(chest_film(300, 260, 16, seed)))
    lines = ["file,label,note", "a.png,viral,Made up.", "b.png,normal,", "c.png,covid19,"]
    (tmp_path / "samples.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_samples_are_toured_and_their_truth_is_counted(
    browser, start: Callable, samples: Path, small_bundle: Bundle, private_cache: Path, address: str, tmp_path: Path
) -> None:
    environment = {"PNEUMO_MODEL": str(small_bundle.folder), "XDG_CACHE_HOME": str(private_cache)}
    log = tmp_path / "log.txt"
    process, own = start(environment | {"PNEUMO_SAMPLES": str(samples)}, log)
    try:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        driver = ReviewPage(page, own)
        driver.wait_for_model()
        assert page.get_by_role("button", name=tour_texts.OPEN_SAMPLES).is_visible()
        page.get_by_role("button", name=tour_texts.START).click()
        page.locator(".strip [aria-selected=true] .name", has_text="b.png").wait_for()  # the normal one comes first
        page.get_by_role("button", name=tour_texts.NEXT, exact=True).click()
        page.locator(".strip [aria-selected=true] .name", has_text="a.png").wait_for()
        page.get_by_test_id("stForm").get_by_text(texts.OPINIONS["normal"], exact=True).click()
        page.get_by_role("button", name=texts.RECORD).click()
        driver.wait_for_answer()
        page.locator(".st-key-tour", has_text=tour_texts.LOOK["other"]).wait_for()
        assert page.get_by_text("Made up.").count() == 0
        page.get_by_role("button", name=tour_texts.SHOW_TRUTH).click()
        page.get_by_text("This sample is labelled: Viral pneumonia. Made up.").wait_for()
        assert page.get_by_role("combobox", name=texts.OPINION).is_disabled()
        page.get_by_role("link", name=texts.WORKLIST).first.click()
        page.get_by_text(texts.tally_truth(1, 0, 0)).wait_for()
        page.close()
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback (most recent call last)" not in log.read_text(), log.read_text()


def test_on_a_phone_the_pages_names_are_in_sight(browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ReviewPage(page, address)
    page.locator(".st-key-phone-menu").get_by_role("link", name=texts.WORKLIST).click()
    page.get_by_text(texts.WORKLIST_EMPTY).last.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
