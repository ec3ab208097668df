"""Every page where the browser can reach nothing but the server: all loads and works, and nothing else is asked."""

from collections.abc import Iterator

import pytest
from page_driver import ReviewPage, chest_film

from benchmarks.film_files import dicom_file
from pneumo_core.model.bundle import Bundle

pytestmark = pytest.mark.browser


@pytest.fixture
def cut_off(browser, address: str) -> Iterator[ReviewPage]:
    """The Review page in a browser whose every request to another address fails; the driver notes it too."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark", accept_downloads=True)
    allowed = (f"{address}/", "data:", "blob:")
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(allowed) else route.abort())
    driver = ReviewPage(context.new_page(), address)
    yield driver
    context.close()
    assert driver.faults == []
    assert driver.foreign == []


def test_the_gate_of_this_test_shuts(cut_off: ReviewPage) -> None:
    fetched = cut_off.page.evaluate("() => fetch('https://example.org/').then(() => 'came', () => 'failed')")
    assert fetched == "failed"
    assert cut_off.foreign == ["https://example.org/"]
    cut_off.foreign.clear()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_all_pages_work_without_any_other_address(cut_off: ReviewPage, small_bundle: Bundle, language: str) -> None:
    page = cut_off.page
    cut_off.wait_for_model()
    cut_off.drop({"film.dcm": dicom_file(chest_film(600, 500, 12, 3), bits=12)})
    cut_off.wait_for_answer()
    page.locator(f"button[lang={language}]").click()
    page.locator(f"html[lang={language}]").wait_for(state="attached")
    cut_off.wait_for_answer()
    assert page.locator(".js-plotly-plot .annotation-text").count() >= 4
    pane = cut_off.pane_centre(0)
    before = cut_off.look()
    page.locator(".viewer .opacity input").fill("35")
    page.locator(".viewer .classes label").nth(2).click()
    cut_off.drag(pane, (40, 30))
    after = cut_off.look()
    assert (after["opacity"], after["classIndex"]) == (0.35, 2)
    assert (after["low"], after["high"]) != (before["low"], before["high"])
    with cut_off.download() as download:
        page.locator(".st-key-answer [data-testid=stDownloadButton] button").first.click()
    assert download.value.path().stat().st_size > 1000
    links = page.locator("header a")
    assert links.count() == 4
    links.nth(1).click()
    page.locator("tbody tr td.probability:not(:empty)").wait_for()
    links.nth(2).click()
    page.locator("h1, h2, h3").filter(visible=True).first.wait_for()
    links.nth(3).click()
    page.locator(".st-key-model-card").get_by_text(small_bundle.label).wait_for()
    links.nth(0).click()
    cut_off.wait_for_answer()
    assert cut_off.look()["opacity"] == 0.35
