"""Measures the viewer on a 3,000 x 3,000 film of 16 bits: frames a second for each gesture, messages, linked panes.

    python -m benchmarks.viewer_speed [--seconds 4] [--side 3000]

Starts the application with the bundle that it would use (PNEUMO_MODEL or assets/models) and drives headless Chromium
with mouse and wheel events. A frame counts where the viewer drew another picture, and, beside it, where the browser's
compositor says that it presented a frame (DrawFrame of its trace). Two panes count as linked in a frame where, read
back from the canvas in that very frame, they hold the same picture, another one than in the frame before, and the map
lies on the second pane where the film does. Needs the system package `chromium` and playwright.
"""

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.browser_speed import film_file
from benchmarks.running_app import chromium, running_app
from ui import texts

BAR = 30  # frames a second
_HOST = "document.querySelector('.st-key-viewer [data-testid=stBidiComponentIsolated]').shadowRoot"
# Notes each time that the viewer has drawn another picture, in that very frame; with `linked` also whether both panes
# show it. Reading back costs time, so speed is measured without.
_WATCH = f"""(linked) => {{
  const root = {_HOST};
  const viewer = root.querySelector('.viewer');
  const films = root.querySelector('canvas.films');
  const small = Object.assign(document.createElement('canvas'), {{ width: 96, height: 96 }});
  const sight = small.getContext('2d', {{ willReadFrequently: true }});
  const picture = (pane) => {{
    sight.clearRect(0, 0, 96, 96);
    sight.drawImage(films, pane.x, pane.y, pane.width, pane.height, 0, 0, 96, 96);
    return sight.getImageData(0, 0, 96, 96).data.join();
  }};
  const lens = root.querySelector('.lens canvas');
  const watched = window.watched = {{ frames: [], drawn: 0, same: 0, moved: 0, mapMoved: 0 }};
  let [look, before, map] = [viewer.dataset.look, '', lens.style.transform + lens.style.width];
  const note = () => {{
    if (viewer.dataset.look === look) return;
    const [was, is] = [JSON.parse(look || '{{}}'), JSON.parse(viewer.dataset.look)];
    look = viewer.dataset.look;
    watched.frames.push(performance.now());
    if (!linked) return;
    const [left, right] = [picture(is.panes[0]), picture(is.panes[1])];
    watched.drawn += 1;
    watched.same += left === right;
    watched.moved += left !== before;
    before = left;
    const place = lens.style.transform + lens.style.width;
    watched.mapMoved += (place !== map) === (was.step !== is.step || '' + was.origin !== '' + is.origin);
    map = place;
  }};
  watched.observer = new MutationObserver(note);
  watched.observer.observe(viewer, {{ attributeFilter: ['data-look'] }});
}}"""


@dataclass
class Counted:
    """What one gesture brought.

    Attributes:
        seconds: how long it took.
        events: mouse or wheel events sent.
        drawn: frames in which the viewer drew another picture.
        presented: frames that the compositor presented, or None where it was not traced.
        longest: the longest time between two frames drawn, seconds.
        linked: of the frames drawn: how many showed the same film in both panes, another than before, and the map in
            its place; None where that was not looked at.
    """

    seconds: float
    events: int
    drawn: int
    presented: int | None
    longest: float
    linked: tuple[int, int, int] | None


class Sockets:
    """Counts what the browser sends to the server.

    Attributes:
        sent: websocket frames and requests so far.
    """

    def __init__(self, page: Page) -> None:
        """Begin counting; before the page is opened."""
        self.sent = 0
        page.on("websocket", lambda socket: socket.on("framesent", lambda _: self._note()))
        page.on("request", lambda request: self._note() if request.url.startswith("http") else None)

    def _note(self) -> None:
        self.sent += 1


def centre(page: Page, pane: int) -> tuple[float, float]:
    """The middle of a pane on the page, CSS pixels at a device pixel ratio of 1."""
    frame = page.locator(".panes").bounding_box()
    look = json.loads(page.evaluate(f"() => {_HOST}.querySelector('.viewer').dataset.look"))
    place = look["panes"][pane]
    if frame is None:
        raise RuntimeError("The viewer is not on the page.")
    return frame["x"] + place["x"] + place["width"] / 2, frame["y"] + place["y"] + place["height"] / 2


def window_drag(page: Page) -> tuple[Callable[[int], None], Callable[[], None]]:
    """Hold the mouse on the film and move it to and fro, window and level both: (one event, letting go)."""
    x, y = centre(page, 0)
    page.mouse.move(x, y)
    page.mouse.down()

    def move(at: int) -> None:
        page.mouse.move(x + 90 * math.sin(at / 9), y + 60 * math.sin(at / 9))

    return move, page.mouse.up


def wheel(page: Page) -> tuple[Callable[[int], None], Callable[[], None]]:
    """Turn the wheel over the film, in as far as eight times and out again: (one event, nothing).

    The driver waits until the browser has handled a turn, which takes two frames: more than 30 frames a second can
    not be seen this way.
    """
    page.mouse.move(*centre(page, 0))
    return lambda at: page.mouse.wheel(0, -35 if at % 60 < 30 else 35), lambda: None


def zoom_drag(page: Page) -> tuple[Callable[[int], None], Callable[[], None]]:
    """Drag the film larger and smaller with the right button: (one event, letting go)."""
    x, y = centre(page, 0)
    page.mouse.move(x, y)
    page.mouse.down(button="right")

    def move(at: int) -> None:
        page.mouse.move(x, y - 240 * abs(math.sin(at / 25)))

    return move, lambda: page.mouse.up(button="right")


def opacity(page: Page) -> tuple[Callable[[int], None], Callable[[], None]]:
    """Drag the slider's thumb: (one event, letting go)."""
    box = page.locator(".viewer .opacity input").bounding_box()
    if box is None:
        raise RuntimeError("The opacity slider is not on the page.")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()

    def move(at: int) -> None:
        page.mouse.move(x + box["width"] * (abs((at * 0.02 + 0.45) % 1.8 - 0.9) - 0.45), y)

    return move, page.mouse.up


GESTURES = {
    "window/level drag": window_drag,
    "zoom by wheel": wheel,
    "zoom by drag": zoom_drag,
    "opacity slider": opacity,
}


def gesture(
    browser: Browser, page: Page, begin: Callable[..., Any], seconds: float, *, linked: bool, traced: bool
) -> Counted:
    """Do one gesture for a while and count.

    Args:
        browser: Chromium.
        page: the Review page with a film that is answered.
        begin: one of `GESTURES`.
        seconds: for how long.
        linked: whether to look at both panes in each frame; that takes speed.
        traced: whether the compositor's frames are counted too.
    """
    page.locator(".viewer button.reset").click()
    event, end = begin(page)
    page.wait_for_timeout(300)
    if traced:
        categories = ["disabled-by-default-devtools.timeline.frame", "devtools.timeline.frame"]
        browser.start_tracing(page=page, categories=categories)
    page.evaluate(_WATCH, linked)
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        count += 1
        event(count)
    watched = page.evaluate("() => { watched.observer.disconnect(); return { ...watched, observer: null }; }")
    took = time.monotonic() - began
    presented = None
    if traced:
        trace = json.loads(browser.stop_tracing())
        presented = sum(entry["name"] == "DrawFrame" for entry in trace["traceEvents"])
    end()
    times = watched["frames"]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    seen = (watched["same"], watched["moved"], watched["mapMoved"]) if linked else None
    return Counted(took, count, len(times), presented, max(gaps, default=0.0) / 1000, seen)


def measure(browser: Browser, page: Page, sockets: Sockets, seconds: float) -> None:
    """Print all figures of an answered film."""
    page.wait_for_timeout(2000)  # what the answer brought to the page has been drawn
    for name, begin in GESTURES.items():
        for layout in ("two", "one") if name == "window/level drag" else ("two",):
            page.locator(".viewer .layouts select").select_option(layout)
            page.wait_for_timeout(500)
            before = sockets.sent
            found = gesture(browser, page, begin, seconds, linked=False, traced=True)
            page.wait_for_timeout(700)  # a message that comes late would be one all the same
            sent = sockets.sent - before
            print(
                f"{name:18} {'two panes' if layout == 'two' else 'one pane':9}  "
                f"{found.drawn / found.seconds:5.1f} frames/s drawn, "
                f"{(found.presented or 0) / found.seconds:5.1f} presented (bar {BAR}); longest gap "
                f"{found.longest * 1000:4.0f} ms; {found.events} events; {sent} messages to the server (bar 0)"
            )
    page.locator(".viewer .layouts select").select_option("two")
    for name in ("window/level drag", "zoom by wheel"):
        found = gesture(browser, page, GESTURES[name], seconds, linked=True, traced=False)
        same, moved, mapped = found.linked or (0, 0, 0)
        print(
            f"{name:18} linked: {found.drawn} frames drawn; in {same} both panes hold the same picture, in {moved} "
            f"another than before; in {mapped} the map moves with the film"
        )


def main() -> None:
    """Open the film and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewer_speed", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each gesture")
    parser.add_argument("--side", type=int, default=3000, help="rows and columns of the film")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPU cores, load {os.getloadavg()[0]:.1f} before the start")
    with running_app({}) as (_, address), chromium() as browser, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.dcm"
        path.write_bytes(film_file(0, options.side, options.side))
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
        page.set_default_timeout(120_000)
        sockets = Sockets(page)
        page.goto(address)
        page.get_by_text("Model ready").wait_for()
        page.locator("input[type=file]").set_input_files(path)
        page.locator(".viewer[data-mapped]:not([data-mapped=''])").wait_for()
        page.get_by_role("heading", name=texts.REFUSED_TITLE).wait_for(state="detached")
        kind = page.evaluate(f"() => {_HOST}.querySelector('canvas.films').getContext('webgl2') ? 'WebGL 2' : '2D'")
        print(f"{options.side} x {options.side} film of 16 bits, {path.stat().st_size / 1e6:.0f} MB, drawn by {kind}")
        measure(browser, page, sockets, options.seconds)


if __name__ == "__main__":
    main()
