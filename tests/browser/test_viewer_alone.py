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
  window.asked = [];
  const setTriggerValue = (name, value) => asked.push([name, value]);
  window.mount = (data) => mount({ parentElement: root, data, setTriggerValue });
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


def maps_of(grids: np.ndarray) -> dict[str, Any]:
    """Maps float32 [4, h, w] as Python sends them."""
    return {
        "method": "Grad-CAM",
        "rows": grids.shape[1],
        "columns": grids.shape[2],
        "place": [0, 0, 1, 1],
        "scale": float(np.abs(grids).max()),
        "top": 2,
        "grids": [[float(cell) for cell in grid.ravel()] for grid in grids],
        "positive": [bool((grid > 0).any()) for grid in grids],
    }


def film_of(page: Any, grey: np.ndarray, **changes: Any) -> dict[str, Any]:
    """A film as Python sends it; its samples are there to be fetched."""
    packed = grey.astype("<u2")
    page.route(f"{ORIGIN}/media/{changes.get('digest', 'd1')}", lambda route: route.fulfill(body=packed.tobytes()))
    return {
        "name": changes.get("digest", "d1"),
        "digest": changes.get("digest", "d1"),
        "url": f"/media/{changes.get('digest', 'd1')}",
        "height": grey.shape[0],
        "width": grey.shape[1],
        "fullWidth": grey.shape[1],
        "bytes": 2,
        "window": changes.get("window", [0, 65535]),
        "spacing": changes.get("spacing"),
        "orientation": changes.get("orientation"),
    }


def show(page: Any, grey: np.ndarray, grids: np.ndarray | None = None, **changes: Any) -> None:
    """Mount a film and maps, and wait until they are painted. second, others: as Python sends them."""
    film = film_of(page, grey, **changes)
    classes = [{"key": c.value, "name": texts.CLASSES_INSIDE[c], "short": texts.SHORT_NAMES[c]} for c in CLASSES]
    maps = None if grids is None else maps_of(grids)
    data = {"film": film, "maps": maps, "classes": classes, "words": texts.VIEWER}
    page.evaluate("(data) => mount(data)", data | {name: changes.get(name) for name in ("second", "others")})
    page.wait_for_function(f"() => root.querySelector('.viewer').dataset.painted === '{film['digest']}'")


def choose_class(page: Any, name: str) -> None:
    page.locator(".classes label", has_text=name).click()


def look(page: Any) -> dict[str, Any]:
    """What has been painted last, after the next frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return json.loads(page.evaluate("() => root.querySelector('.viewer').dataset.look"))


def panes(page: Any) -> tuple[np.ndarray, np.ndarray]:
    places = look(page)["panes"]
    shot = page.locator(".panes").screenshot(type="png")
    image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    left, right = (
        image[pane["y"] : pane["y"] + pane["height"], pane["x"] : pane["x"] + pane["width"]]
        for pane in (places[0], places[-1])
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


@pytest.fixture
def corners() -> np.ndarray:
    """Four greys, a quarter of the film each: upper left 0, upper right 80, lower left 160, lower right 240, of 255."""
    greys = np.array([[0, 80], [160, 240]], np.uint16)
    return np.kron(greys, np.ones((SIDE // 2, SIDE // 2), np.uint16))


def quarters(pane: np.ndarray) -> list[int]:
    """The greys of the quarters: upper left, upper right, lower left, lower right."""
    return [round(at(pane, x, y).mean() / 80) * 80 for y in (0.25, 0.75) for x in (0.25, 0.75)]


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
        points = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (150, 200))
    fingers("touchStart", (150, 200), (250, 200))
    for at in range(1, 6):
        fingers("touchMove", (150 - 10 * at, 200), (250 + 10 * at, 200))
    fingers("touchEnd")
    zoomed = look(page)
    assert zoomed["step"] == pytest.approx(before["step"] / 2, rel=0.1)
    fingers("touchStart", (150, 200))
    fingers("touchStart", (150, 200), (250, 200))
    for at in range(1, 6):
        fingers("touchMove", (150, 200 - 8 * at), (250, 200 - 8 * at))
    fingers("touchEnd")
    moved = look(page)
    assert moved["step"] == pytest.approx(zoomed["step"], rel=0.02)
    assert moved["origin"][1] - zoomed["origin"][1] == pytest.approx(40 * zoomed["step"], rel=0.15)
    assert page.evaluate("() => scrollY") == 0
    page.close()
