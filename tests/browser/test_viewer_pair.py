"""Two films or two classes beside each other in the viewer by itself, and two fingers on it."""

import json
from typing import Any

import numpy as np
import pytest
from viewer_driver import ORIGIN, PAGE, SIDE, at, choose_class, film_of, look, maps_of, panes, quarters, show

from ui.viewer import CSS, HTML, JAVASCRIPT

pytestmark = pytest.mark.browser


def test_the_difference_of_two_classes(alone: Any, one_block: np.ndarray) -> None:
    show(alone, np.full((SIDE, SIDE), 30000, np.uint16), one_block)  # viral +0.8 where bacterial has -0.2
    grey = 255 * 30000 / 65535
    alone.locator(".against select").select_option(label="Bacterial")
    more = at(panes(alone)[1], 5.5 / 8, 1.5 / 8)
    assert more[0] > more[2] + 20  # orange
    less = at(panes(alone)[1], 2.5 / 8, 6.5 / 8)  # there bacterial has +0.4, viral -0.2
    assert less[2] > less[0] + 10  # blue
    np.testing.assert_allclose(at(panes(alone)[1], 6.5 / 8, 6.5 / 8), grey, atol=2)  # both -0.2
    assert alone.locator(".legend .from").inner_text() == "−1.0"
    assert alone.locator(".legend .to").inner_text() == "+1.0 logit units"
    assert "viral pneumonia more than for bacterial pneumonia" in alone.locator(".what").inner_text()
    choose_class(alone, "Bacterial")  # a class minus itself is the class
    assert alone.locator(".legend .from").inner_text() == "0"


@pytest.fixture
def pair(alone: Any, corners: np.ndarray) -> Any:
    """The corners, and beside them a mirrored film of half the size, each with a map of its own."""
    first, second = np.full((2, 4, 8, 8), -0.2, np.float32)
    first[2, 0:4, 4:8] = 0.4  # the upper right quarter
    second[2, 4:8, 0:4] = 0.8  # the lower left quarter
    mirrored = corners[::2, ::-2]
    other = {"film": film_of(alone, mirrored, digest="d2", window=[0, 255]), "maps": maps_of(second)}
    show(alone, corners, first, window=[0, 255], second=other, others=[{"digest": "d2", "name": "prior.dcm"}])
    alone.locator(".layouts select").select_option(label="prior.dcm")
    alone.wait_for_function("() => root.querySelector('.viewer').dataset.beside === 'd2'")
    assert alone.evaluate("() => asked") == []  # it was there already
    return alone


def test_two_films_stand_side_by_side_each_with_its_map(pair: Any) -> None:
    left, right = panes(pair)
    assert np.ptp(at(left, 0.9, 0.1)) > 20
    assert np.ptp(at(right, 0.1, 0.9)) > 40  # full colour: both maps have one scale, that of the stronger
    assert pair.locator(".legend .to").inner_text() == "+0.80 logit units"
    pair.keyboard.press("m")
    left, right = panes(pair)
    assert quarters(left) == [0, 80, 160, 240]
    assert quarters(right) == [80, 0, 240, 160]
    assert pair.locator(".label .name").all_inner_texts() == ["d1", "d2"]


def test_two_films_move_together_until_the_link_is_cut(pair: Any) -> None:
    pair.keyboard.press("m")
    pair.keyboard.press("h")
    pair.keyboard.press("i")
    left, right = panes(pair)
    assert quarters(left) == [160, 240, 0, 80]  # mirrored, and 255 minus each
    assert quarters(right) == [240, 160, 80, 0]
    pair.keyboard.press("k")
    pane = look(pair)["panes"][1]
    pair.mouse.move(pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2)
    pair.mouse.wheel(0, -300)
    pair.keyboard.press("h")
    pair.keyboard.press("i")
    pair.wait_for_timeout(300)
    left, right = panes(pair)
    assert quarters(left) == [160, 240, 0, 80]
    assert quarters(right) == [80, 0, 240, 160]
    painted = look(pair)
    assert painted["beside"]["step"] < painted["step"] / 2  # a film of half the size, zoomed in
    pair.keyboard.press("k")
    assert look(pair)["beside"]["invert"] is True
    assert look(pair)["beside"]["step"] == pytest.approx(painted["step"] / 2)


def test_a_line_lies_on_one_film_only_and_in_its_own_measure(pair: Any) -> None:
    pair.keyboard.press("d")
    pane = look(pair)["panes"][1]
    side = min(pane["width"], pane["height"])
    x, y = pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2
    pair.mouse.move(x, y)
    pair.mouse.down()
    pair.mouse.move(x + side / 4, y, steps=3)
    pair.mouse.up()
    look(pair)
    assert pair.locator(".overlay text").all_text_contents() == ["8 pixels; spacing not known"]


def test_another_film_is_asked_for_by_its_digest(alone: Any, corners: np.ndarray) -> None:
    show(alone, corners, others=[{"digest": "d2", "name": "prior.dcm"}])
    alone.locator(".layouts select").select_option(label="prior.dcm")
    assert alone.evaluate("() => asked") == [["beside", "d2"]]
    assert len(look(alone)["panes"]) == 2
    other = {"film": film_of(alone, corners[:32], digest="d2"), "maps": None}
    show(alone, corners, second=other, others=[{"digest": "d2", "name": "prior.dcm"}])
    alone.wait_for_function("() => root.querySelector('.viewer').dataset.beside === 'd2'")
    alone.keyboard.press("s")  # the next layout: both panes show the first film again
    assert look(alone).get("beside") is None


def test_two_fingers_zoom_and_pan_and_the_page_stays(browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    markup = json.dumps(f"{HTML}<style>{CSS}</style>")
    body = PAGE.replace("@MARKUP@", markup).replace("width:1000px", "width:380px;padding-bottom:900px")
    page.route(f"{ORIGIN}/", lambda route: route.fulfill(content_type="text/html", body=body))
    page.route(f"{ORIGIN}/viewer.js", lambda route: route.fulfill(content_type="text/javascript", body=JAVASCRIPT))
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("() => window.mount")
    show(page, np.full((SIDE, SIDE), 30000, np.uint16))
    before = look(page)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (150, 200))
    fingers("touchStart", (150, 200), (250, 200))
    for step in range(1, 6):
        fingers("touchMove", (150 - 10 * step, 200), (250 + 10 * step, 200))
    fingers("touchEnd")
    zoomed = look(page)
    assert zoomed["step"] == pytest.approx(before["step"] / 2, rel=0.1)
    fingers("touchStart", (150, 200))
    fingers("touchStart", (150, 200), (250, 200))
    for step in range(1, 6):
        fingers("touchMove", (150, 200 - 8 * step), (250, 200 - 8 * step))
    fingers("touchEnd")
    moved = look(page)
    assert moved["step"] == pytest.approx(zoomed["step"], rel=0.02)
    assert moved["origin"][1] - zoomed["origin"][1] == pytest.approx(40 * zoomed["step"], rel=0.15)
    assert page.evaluate("() => scrollY") == 0
    page.close()
