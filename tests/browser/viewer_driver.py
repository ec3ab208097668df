"""Drives the viewer by itself, without Streamlit: a page of its own, films and maps as Python sends them."""

import json
from typing import Any

import cv2
import numpy as np

from pneumo_core.types import CLASSES
from ui import texts

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


def quarters(pane: np.ndarray) -> list[int]:
    """The greys of the quarters: upper left, upper right, lower left, lower right."""
    return [round(at(pane, x, y).mean() / 80) * 80 for y in (0.25, 0.75) for x in (0.25, 0.75)]
