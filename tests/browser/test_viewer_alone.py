"""The viewer by itself, without Streamlit: its pixels against NumPy."""

from typing import Any

import cv2
import numpy as np
import pytest
from viewer_driver import ORIGIN, SIDE, at, choose_class, look, panes, quarters, show

from ui import texts

pytestmark = pytest.mark.browser


def test_the_window_acts_on_all_16_bits(alone: Any, ramp: np.ndarray) -> None:
    show(alone, ramp, window=[30000, 30252])
    left, right = panes(alone)
    for column in (5, 20, 40, 60):
        expected = 255 * (ramp[0, column] - 30000) / 252
        place = (column + 0.5) / SIDE
        np.testing.assert_allclose(at(left, place, 0.5), expected, atol=3)
        np.testing.assert_allclose(at(right, place, 0.5), expected, atol=3)


def test_invert_and_reset(alone: Any, ramp: np.ndarray) -> None:
    show(alone, ramp, window=[30000, 30252])
    alone.keyboard.press("i")
    assert at(panes(alone)[0], 0.1, 0.5).mean() > 200
    alone.keyboard.press("0")
    assert at(panes(alone)[0], 0.1, 0.5).mean() < 55


def blended(grey: float, colour: tuple[int, int, int], share: float) -> np.ndarray:
    return grey + (np.array(colour) - grey) * share


def test_a_block_of_cells_is_coloured_where_it_lies_and_nowhere_else(alone: Any, one_block: np.ndarray) -> None:
    show(alone, np.full((SIDE, SIDE), 30000, np.uint16), one_block)
    left, right = panes(alone)
    grey = 255 * 30000 / 65535
    np.testing.assert_allclose(at(left, 5.5 / 8, 1.5 / 8), grey, atol=2)
    np.testing.assert_allclose(at(right, 5.5 / 8, 1.5 / 8), blended(grey, (0xFD, 0xE7, 0x25), 0.7), atol=8)
    for x, y in ((0.5, 0.5), (3.5 / 8, 1.5 / 8), (5.5 / 8, 3.5 / 8), (2.5 / 8, 6.5 / 8)):
        np.testing.assert_allclose(at(right, x, y), grey, atol=2)


def test_the_scale_is_one_for_all_classes(alone: Any, one_block: np.ndarray) -> None:
    show(alone, np.full((SIDE, SIDE), 30000, np.uint16), one_block)
    legend = alone.locator(".legend .to").inner_text()
    assert legend == "+0.80 logit units"
    choose_class(alone, "Bacterial")
    assert alone.locator(".legend .to").inner_text() == legend
    grey = 255 * 30000 / 65535
    # Half of the scale: the middle of viridis, at 0.5 ** 0.7 of the opacity.
    middle = blended(grey, (0x23, 0x8A, 0x8D), 0.7 * 0.5**0.7)
    np.testing.assert_allclose(at(panes(alone)[1], 2.5 / 8, 6.5 / 8), middle, atol=8)


def test_a_map_without_a_positive_cell_is_said_to_be_empty(alone: Any, one_block: np.ndarray) -> None:
    show(alone, np.full((SIDE, SIDE), 30000, np.uint16), one_block)
    assert alone.locator(".what").inner_text() == (
        "Where the score for viral pneumonia came from; not where disease is. Grad-CAM on 8 × 8 cells, drawn smoothly."
    )
    choose_class(alone, "COVID-19")
    assert alone.locator(".what").inner_text() == "No part of this film spoke for COVID-19: there is nothing to colour."
    left, right = panes(alone)
    np.testing.assert_array_equal(left, right)


def test_a_film_that_does_not_come_is_said_not_to_come(alone: Any, ramp: np.ndarray) -> None:
    show(alone, ramp)
    alone.route(f"{ORIGIN}/media/gone", lambda route: route.fulfill(status=404))
    alone.evaluate(
        "(words) => mount({ film: { digest: 'gone', url: '/media/gone', height: 9, width: 9, fullWidth: 9, bytes: 2,"
        " window: [0, 9] }, maps: null, classes: [0, 1, 2, 3].map(() => ({ key: '', name: '', short: '' })), words })",
        texts.VIEWER,
    )
    alone.locator(".readout", has_text="could not be fetched").wait_for()
    left, right = panes_without_film(alone)
    assert left.max() == 0
    assert right.max() == 0


def panes_without_film(page: Any) -> tuple[np.ndarray, np.ndarray]:
    shot = page.locator(".panes").screenshot(type="png")
    image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    return image[100:400, 100:400], image[100:400, 600:900]


def test_dragging_widens_the_window_and_wheel_zooms_about_the_pointer(alone: Any, ramp: np.ndarray) -> None:
    show(alone, ramp, window=[30000, 30252])

    before = look(alone)
    pane = before["panes"][0]
    x, y = pane["x"] + 150, pane["y"] + 260
    alone.mouse.move(x, y)
    alone.mouse.wheel(0, -300)
    alone.wait_for_function(f"() => JSON.parse(root.querySelector('.viewer').dataset.look).step < {before['step']}")
    zoomed = look(alone)
    for axis, place in ((0, x - pane["x"]), (1, y - pane["y"])):
        kept = before["origin"][axis] + place * before["step"]
        assert zoomed["origin"][axis] + place * zoomed["step"] == pytest.approx(kept, abs=0.5)
    alone.mouse.down()
    alone.mouse.move(x + 100, y, steps=3)
    alone.mouse.up()
    panes(alone)
    assert look(alone)["high"] - look(alone)["low"] > 1.2 * (before["high"] - before["low"])


def test_a_lost_graphics_context_is_replaced(alone: Any, ramp: np.ndarray) -> None:
    show(alone, ramp, window=[30000, 30252])
    before = panes(alone)[0]
    alone.evaluate(
        "() => root.querySelector('.films').getContext('webgl2')?.getExtension('WEBGL_lose_context').loseContext()"
    )
    alone.wait_for_timeout(2500)  # longer than the browser has to give it back
    after = panes(alone)[0]
    np.testing.assert_allclose(after.astype(int), before, atol=6)
    alone.keyboard.press("i")
    assert at(panes(alone)[0], 0.1, 0.5).mean() > 200


def test_turns_and_flips_move_film_and_map_together(alone: Any, corners: np.ndarray) -> None:
    grids = np.full((4, 8, 8), -0.2, np.float32)
    grids[2, 0:4, 4:8] = 0.8  # the upper right quarter
    show(alone, corners, grids, window=[0, 255])
    for keys, expected, coloured in (
        ("r", [160, 0, 240, 80], (0.75, 0.75)),
        ("l", [0, 80, 160, 240], (0.75, 0.25)),
        ("h", [80, 0, 240, 160], (0.25, 0.25)),
        ("r", [240, 80, 160, 0], (0.75, 0.25)),
        ("v", [160, 0, 240, 80], (0.75, 0.75)),
    ):
        alone.keyboard.press(keys)
        left, right = panes(alone)
        assert quarters(left) == expected, keys
        assert np.ptp(at(right, *coloured)) > 40, keys
        others = [(x, y) for x in (0.2, 0.8) for y in (0.2, 0.8) if abs(x - coloured[0]) + abs(y - coloured[1]) > 0.3]
        assert all(np.ptp(at(right, x, y)) < 4 for x, y in others), keys


def test_the_ruler_measures_in_millimetres_and_says_so_where_it_can_not(alone: Any, corners: np.ndarray) -> None:
    show(alone, corners, spacing=[0.5, 0.25])
    alone.keyboard.press("d")
    pane = look(alone)["panes"][0]
    side = min(pane["width"], pane["height"])
    x, y = pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2

    def measured(dx: float, dy: float) -> str:
        alone.mouse.move(x, y)
        alone.mouse.down()
        alone.mouse.move(x + dx * side, y + dy * side, steps=3)
        alone.mouse.up()
        look(alone)
        return alone.locator(".overlay text").first.text_content()

    assert measured(0.25, 0) == "4.0 mm"  # 16 columns of 0.25 mm
    assert measured(0, 0.25) == "8.0 mm"
    show(alone, corners, digest="d2")
    assert measured(0.25, 0) == "16 pixels; spacing not known"


def test_the_letters_of_orientation_turn_with_the_film(alone: Any, corners: np.ndarray) -> None:
    show(alone, corners, orientation=["L", "F"])
    texts_shown = alone.locator(".overlay text")
    assert texts_shown.all_text_contents()[:4] == ["R", "L", "H", "F"]
    alone.keyboard.press("h")
    look(alone)
    assert texts_shown.all_text_contents()[:4] == ["L", "R", "H", "F"]
    show(alone, corners, digest="d2")
    assert texts_shown.count() == 0


def test_one_pane_and_the_divider(alone: Any, corners: np.ndarray) -> None:
    show(alone, np.full((SIDE, SIDE), 30000, np.uint16), np.full((4, 8, 8), 0.5, np.float32))
    alone.keyboard.press("s")
    assert len(look(alone)["panes"]) == 1
    alone.keyboard.press("s")
    _, shown = panes(alone)
    assert np.ptp(at(shown, 0.25, 0.5)) < 4
    assert np.ptp(at(shown, 0.75, 0.5)) > 40
    alone.locator(".divider").focus()
    for _ in range(7):
        alone.keyboard.press("ArrowRight")
    assert np.ptp(at(panes(alone)[1], 0.75, 0.5)) < 4


def test_threshold_sign_and_cells(alone: Any, one_block: np.ndarray) -> None:
    show(alone, np.full((SIDE, SIDE), 30000, np.uint16), one_block)
    grey = 255 * 30000 / 65535
    choose_class(alone, "Bacterial")
    alone.locator(".threshold input").fill("60")
    np.testing.assert_allclose(at(panes(alone)[1], 2.5 / 8, 6.5 / 8), grey, atol=2)
    alone.locator(".threshold input").fill("0")
    alone.locator("button.signed").click()
    against = at(panes(alone)[1], 6.5 / 8, 2.5 / 8)
    assert against[2] > against[0] + 10  # blue
    speaks = at(panes(alone)[1], 2.5 / 8, 6.5 / 8)
    assert speaks[0] > speaks[2] + 10  # orange
    alone.locator("button.cells").click()
    inside, outside = (at(panes(alone)[1], x / 8, 6.5 / 8) for x in (3.8, 4.2))
    assert inside[0] > inside[2] + 10
    assert outside[2] > outside[0] + 10
    assert "Orange speaks for it" in alone.locator(".what").inner_text()


def test_presets_change_the_window(alone: Any, ramp: np.ndarray) -> None:
    show(alone, ramp, window=[0, 65535])
    alone.keyboard.press("2")  # auto
    painted = look(alone)
    assert painted["low"] == pytest.approx(30000, abs=12)
    assert painted["high"] == pytest.approx(30252, abs=12)
    alone.keyboard.press("1")
    assert (look(alone)["low"], look(alone)["high"]) == (0, 65535)
