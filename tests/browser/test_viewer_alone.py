"""The viewer by itself, without Streamlit: its pixels against NumPy."""

import json
from typing import Any

import cv2
import numpy as np
import pytest

from pneumo_core.types import CLASSES
from ui import texts
from ui.viewer import CSS, HTML, JAVASCRIPT

pytestmark = pytest.mark.browser

ORIGIN = "http://pneumo.test"
SIDE = 64  # rows and columns of the test film
PAGE = """<!doctype html><body style="margin:0; --st-text-color:#ddd; --st-background-color:#111; --st-font:sans-serif">
<div id="host" style="width:1000px"></div>
<script type="module">
  import mount from "./viewer.js";
  const root = document.getElementById("host").attachShadow({ mode: "open" });
  root.innerHTML = @MARKUP@;
  window.mount = (data) => mount({ parentElement: root, data });
  window.root = root;
</script>"""


@pytest.fixture(params=["webgl2", "2d"])
def alone(browser, request) -> Any:
    """An empty page with `mount(data)`, once with WebGL 2 and once without."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.set_default_timeout(30_000)
    if request.param == "2d":
        page.add_init_script(
            "const ask = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest)"
            " { return kind === 'webgl2' ? null : ask.call(this, kind, ...rest); };"
        )
    markup = json.dumps(f"{HTML}<style>{CSS} .panes {{ height: 520px; }}</style>")
    page.route(
        f"{ORIGIN}/", lambda route: route.fulfill(content_type="text/html", body=PAGE.replace("@MARKUP@", markup))
    )
    page.route(f"{ORIGIN}/viewer.js", lambda route: route.fulfill(content_type="text/javascript", body=JAVASCRIPT))
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("() => window.mount")
    yield page
    page.close()


def show(page: Any, grey: np.ndarray, grids: np.ndarray | None = None, **changes: Any) -> None:
    """Mount a film and maps, and wait until they are painted."""
    packed = grey.astype("<u2")
    page.route(f"{ORIGIN}/media/{changes.get('digest', 'd1')}", lambda route: route.fulfill(body=packed.tobytes()))
    maps = None
    if grids is not None:
        maps = {
            "method": "Grad-CAM",
            "rows": grids.shape[1],
            "columns": grids.shape[2],
            "place": [0, 0, 1, 1],
            "scale": float(np.abs(grids).max()),
            "top": 2,
            "grids": [[float(cell) for cell in grid.ravel()] for grid in grids],
            "positive": [bool((grid > 0).any()) for grid in grids],
        }
    film = {
        "digest": changes.get("digest", "d1"),
        "url": f"/media/{changes.get('digest', 'd1')}",
        "height": grey.shape[0],
        "width": grey.shape[1],
        "fullWidth": grey.shape[1],
        "bytes": 2,
        "window": changes.get("window", [0, 65535]),
    }
    classes = [{"key": c.value, "name": texts.CLASSES_INSIDE[c], "short": texts.SHORT_NAMES[c]} for c in CLASSES]
    page.evaluate("(data) => mount(data)", {"film": film, "maps": maps, "classes": classes, "words": texts.VIEWER})
    page.wait_for_function(f"() => root.querySelector('.viewer').dataset.painted === '{film['digest']}'")


def panes(page: Any) -> tuple[np.ndarray, np.ndarray]:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    look = json.loads(page.evaluate("() => root.querySelector('.viewer').dataset.look"))
    shot = page.locator(".panes").screenshot(type="png")
    image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    left, right = (
        image[pane["y"] : pane["y"] + pane["height"], pane["x"] : pane["x"] + pane["width"]] for pane in look["panes"]
    )
    return left, right


def at(pane: np.ndarray, x: float, y: float) -> np.ndarray:
    """The colour at a film position (shares of its sides) of a square film that fits the pane: int [3]."""
    height, width = pane.shape[:2]
    side = min(height, width)
    column = round((width - side) / 2 + x * side)
    row = round((height - side) / 2 + y * side)
    return pane[row - 1 : row + 2, column - 1 : column + 2].astype(int).mean(axis=(0, 1))


@pytest.fixture
def ramp() -> np.ndarray:
    """Grey rises to the right over a narrow part of 16 bits: 30000..30252 in steps of 4."""
    return np.tile(30000 + 4 * np.arange(SIDE, dtype=np.uint16), (SIDE, 1))


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


@pytest.fixture
def one_block() -> np.ndarray:
    """For viral pneumonia nine cells speak for it, all others against; for COVID-19 none speaks for it."""
    grids = np.full((4, 8, 8), -0.2, np.float32)
    grids[2, 0:3, 4:7] = 0.8
    grids[1, 5:8, 1:4] = 0.4
    return grids


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
    alone.keyboard.press("2")
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
    alone.keyboard.press("4")
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

    def look() -> dict[str, Any]:
        return json.loads(alone.evaluate("() => root.querySelector('.viewer').dataset.look"))

    before = look()
    pane = before["panes"][0]
    x, y = pane["x"] + 150, pane["y"] + 260
    alone.mouse.move(x, y)
    alone.mouse.wheel(0, -300)
    alone.wait_for_function(f"() => JSON.parse(root.querySelector('.viewer').dataset.look).step < {before['step']}")
    zoomed = look()
    for axis, place in ((0, x - pane["x"]), (1, y - pane["y"])):
        kept = before["origin"][axis] + place * before["step"]
        assert zoomed["origin"][axis] + place * zoomed["step"] == pytest.approx(kept, abs=0.5)
    alone.mouse.down()
    alone.mouse.move(x + 100, y, steps=3)
    alone.mouse.up()
    panes(alone)
    assert look()["high"] - look()["low"] > 1.2 * (before["high"] - before["low"])


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
