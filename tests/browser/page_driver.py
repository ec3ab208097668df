"""Drives the Review page as a reader would, and notes what goes over the wire."""

import io
import json
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.reading import read_film
from ui.session import PHANTOMS

TIMEOUT = 60_000  # ms; the machine of a test run may be busy
_HOST = "document.querySelector('.st-key-viewer [data-testid=stBidiComponentIsolated]')"


class ReviewPage:
    """One open Review page.

    Attributes:
        page: Playwright's page.
        sent: number of websocket frames that the browser sent.
        received: the websocket frames that came, bytes or text.
        foreign: addresses of other hosts that the page asked.
        faults: errors of the page's scripts.
    """

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.sent = 0
        self.received: list[bytes | str] = []
        self.foreign: list[str] = []
        self.faults: list[str] = []
        page.set_default_timeout(TIMEOUT)
        page.on("request", self._note_request)
        page.on("websocket", self._note_socket)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        self._address = address
        page.goto(address)
        page.get_by_role("button", name="Open two phantom films").wait_for()

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith((self._address, "data:", "blob:")):
            self.foreign.append(request.url)

    def _note_socket(self, socket: Any) -> None:
        if not socket.url.startswith(self._address.replace("http", "ws")):
            self.foreign.append(socket.url)
        socket.on("framesent", lambda _: setattr(self, "sent", self.sent + 1))
        socket.on("framereceived", lambda frame: self.received.append(frame))

    def wait_for_model(self) -> None:
        self.page.get_by_text("Model ready").wait_for()

    def drop(self, files: dict[str, bytes]) -> None:
        payloads = [
            {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files.items()
        ]
        self.page.locator("input[type=file]").set_input_files(payloads)

    def download(self) -> Any:
        """Wait for a download, to be asked for inside `with`.

        First for the page to be at rest: Streamlit lets go of a download that is asked for while the page is drawn.
        """
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(state="attached")
        return self.page.expect_download()

    def open(self, name: str) -> None:
        """Open a film in the strip."""
        self.page.locator(".strip li", has_text=name).click()

    def wait_for_answer(self, digest: str | None = None) -> None:
        """Wait until a film (or that one) and its map are painted and the answer stands beside them."""
        seen = f"dataset.painted === {json.dumps(digest)}" if digest else "dataset.painted"
        self.page.wait_for_function(
            f"() => {{ const dataset = {_HOST}?.shadowRoot?.querySelector('.viewer')?.dataset;"
            f" return dataset && {seen} && dataset.mapped; }}"
        )
        self.page.locator(".pneumo-answer h2").wait_for()

    def viewer(self, script: str) -> Any:
        """Evaluate an expression in which `root` is the viewer's shadow root."""
        return self.page.evaluate(f"() => {{ const root = {_HOST}.shadowRoot; return {script}; }}")

    def look(self) -> dict[str, Any]:
        """What the viewer has painted last, once it stands still: place, window, opacity, class, panes.

        Software rendering on a busy machine paints a gesture some frames late.
        """
        earlier = None
        for _ in range(100):
            self.page.wait_for_timeout(150)
            look: dict[str, Any] = json.loads(self.viewer("root.querySelector('.viewer').dataset.look"))
            if look == earlier:
                return look
            earlier = look
        raise AssertionError("The viewer does not come to rest.")

    def panes(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pixels of both panes as they stand on the screen: uint8 [h, w, 3] RGB each."""
        look = self.look()
        shot = self.page.locator(".panes").screenshot(type="png")
        image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        cuts = [
            image[pane["y"] : pane["y"] + pane["height"], pane["x"] : pane["x"] + pane["width"]]
            for pane in look["panes"]
        ]
        return cuts[0], cuts[1]

    def pane_centre(self, pane: int) -> tuple[float, float]:
        """The middle of a pane on the page, CSS pixels."""
        frame = self.page.locator(".panes").bounding_box()
        place = self.look()["panes"][pane]
        return frame["x"] + place["x"] + place["width"] / 2, frame["y"] + place["y"] + place["height"] / 2

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(start[0] + by[0], start[1] + by[1], steps=4)
        self.page.mouse.up()


def chest_film(rows: int, columns: int, bits: int, seed: int) -> NDArray[np.uint16]:
    """A phantom at another size with noise of its own, so that the intake lets it pass: uint16 [rows, columns]."""
    phantom = read_film((PHANTOMS / "phantom-opacity.dcm").read_bytes(), "phantom").grey
    small = cv2.resize(phantom, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32) / 4095
    noise = np.random.default_rng(seed).normal(0.0, 0.002, small.shape)
    top = (1 << bits) - 1
    return np.clip((small + noise) * top, 0, top).astype(np.uint16)


def png_file(pixels: NDArray[Any]) -> bytes:
    """A PNG of uint8 or uint16 [H, W]."""
    return io.BytesIO(cv2.imencode(".png", pixels)[1].tobytes()).getvalue()
