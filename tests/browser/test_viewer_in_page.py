"""The viewer inside the real page: linked panes, no message to the server, and settings that survive."""

import hashlib

import numpy as np
import pytest
from page_driver import ReviewPage, chest_film

from benchmarks.film_files import dicom_file

pytestmark = pytest.mark.browser

FIRST = dicom_file(chest_film(640, 520, bits=12, seed=3), bits=12)
SECOND = dicom_file(chest_film(500, 560, bits=14, seed=4), bits=14)


@pytest.fixture
def opened(review: ReviewPage) -> ReviewPage:
    review.drop({"first.dcm": FIRST, "second.dcm": SECOND})
    review.wait_for_answer(hashlib.sha256(FIRST).hexdigest())
    review.page.locator(".strip .count", has_text="2 read").wait_for()
    review.page.wait_for_timeout(500)  # let the last run of the page end
    return review


FIFTY_MOVES = """async () => {
  const root = document.querySelector('.st-key-viewer [data-testid=stBidiComponentIsolated]').shadowRoot;
  const slider = root.querySelector('.opacity input');
  for (let at = 1; at <= 50; at++) {
    slider.value = at * 2;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(done));
  }
}"""


def test_fifty_moves_of_the_opacity_send_nothing(opened: ReviewPage) -> None:
    """How smoothly they run is for benchmarks/browser_speed.py: a test's machine may be busy."""
    before = opened.sent
    opened.page.evaluate(FIFTY_MOVES)
    assert opened.look()["opacity"] == 1
    opened.page.wait_for_timeout(500)
    assert opened.sent == before


def test_every_control_works_without_a_message(opened: ReviewPage) -> None:
    before = opened.sent
    page = opened.page
    page.locator(".classes label", has_text="Bacterial").click()
    assert opened.viewer("root.querySelector('.viewer').dataset.mapped") == "bacterial"
    page.locator(".colours select").select_option("inferno")
    for key in "rlhvszdgw?":
        page.keyboard.press(key)
    page.keyboard.press("s")
    page.keyboard.press("s")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    assert opened.look()["opacity"] == 0
    page.keyboard.press("i")
    assert opened.look()["invert"] is True
    opened.drag(opened.pane_centre(0), (60, 20))
    page.mouse.wheel(0, -300)
    page.keyboard.press("f")
    assert page.locator(".viewer").bounding_box()["width"] == 1440
    assert page.locator(".viewer .notice").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    assert opened.look()["invert"] is False
    page.wait_for_timeout(500)
    assert opened.sent == before


def test_both_panes_show_the_same_place_and_window(opened: ReviewPage) -> None:
    page = opened.page
    page.keyboard.press("m")
    page.mouse.move(*opened.pane_centre(1))
    page.mouse.wheel(0, -500)
    page.keyboard.press("p")
    opened.drag(opened.pane_centre(0), (-70, 45))
    page.keyboard.press("w")
    opened.drag(opened.pane_centre(1), (-80, 30))
    page.mouse.move(5, 5)
    left, right = opened.panes()
    assert opened.look()["step"] < 0.6  # zoomed in
    assert np.ptp(left) > 100
    np.testing.assert_array_equal(left, right)


def test_the_map_colours_only_the_second_pane(opened: ReviewPage) -> None:
    spread = []
    for _ in range(4):
        opened.page.keyboard.press("c")
        left, right = (pane.astype(int) for pane in opened.panes())
        assert np.all(left.max(axis=2) == left.min(axis=2))
        spread.append((right.max(axis=2) - right.min(axis=2)).max())
    assert max(spread) > 5  # the class with the strongest positive cell


def test_settings_survive_another_film_and_back(opened: ReviewPage) -> None:
    page = opened.page
    page.locator(".classes label", has_text="COVID-19").click()
    page.mouse.move(*opened.pane_centre(0))
    page.mouse.wheel(0, -400)
    opened.drag(opened.pane_centre(0), (50, -25))
    page.locator(".opacity input").fill("35")
    page.keyboard.press("r")
    before = opened.look()
    shown = opened.viewer("root.querySelector('.readout').textContent")
    opened.open("second.dcm")
    opened.wait_for_answer(hashlib.sha256(SECOND).hexdigest())
    other = opened.look()
    assert other["opacity"] == pytest.approx(0.35)
    assert other["classIndex"] == 3
    opened.open("first.dcm")
    opened.wait_for_answer(hashlib.sha256(FIRST).hexdigest())
    page.mouse.move(5, 5)
    assert opened.look() == before
    assert "zoom" in shown


def test_the_film_can_be_handled_by_keyboard(opened: ReviewPage) -> None:
    page = opened.page
    start = opened.look()
    page.locator(".panes").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    moved = opened.look()
    assert moved["step"] < start["step"]
    page.keyboard.press("Shift+ArrowRight")
    widened = opened.look()
    assert widened["high"] - widened["low"] > moved["high"] - moved["low"]
    before = opened.look()["classIndex"]
    page.keyboard.press("c")
    assert opened.look()["classIndex"] == (before + 1) % 4
    page.locator(".strip ul").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    opened.wait_for_answer(hashlib.sha256(SECOND).hexdigest())


def test_another_film_of_the_session_stands_beside_the_first(opened: ReviewPage) -> None:
    page = opened.page
    page.locator(".layouts select").select_option(label="second.dcm")
    second = hashlib.sha256(SECOND).hexdigest()
    page.wait_for_function(
        "(digest) => document.querySelector('.st-key-viewer [data-testid=stBidiComponentIsolated]')"
        ".shadowRoot.querySelector('.viewer').dataset.beside === digest",
        arg=second,
    )
    page.wait_for_timeout(500)  # let the last run of the page end
    before = opened.sent
    assert page.locator(".viewer .label .name").all_inner_texts() == ["first.dcm", "second.dcm"]
    together = opened.look()
    page.keyboard.press("m")
    left, right = opened.panes()
    assert not np.array_equal(left, right)
    page.mouse.move(*opened.pane_centre(1))
    page.mouse.wheel(0, -300)
    page.mouse.move(5, 5)
    zoomed = opened.look()
    assert zoomed["step"] / together["step"] == pytest.approx(zoomed["beside"]["step"] / together["beside"]["step"])
    page.keyboard.press("s")
    page.keyboard.press("m")
    assert opened.look().get("beside") is None
    assert opened.sent == before
    opened.open("second.dcm")
    opened.wait_for_answer(second)
    assert opened.look().get("beside") is None  # no film stands beside itself
