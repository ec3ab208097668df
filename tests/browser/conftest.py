"""The real application in a real browser: Chromium without a window, its WebGL drawn by the processor."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_driver import ReviewPage
from viewer_driver import ORIGIN, PAGE, SIDE

from pneumo_core.model.bundle import SELFTEST_FILE, Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.selftest import record_expected
from ui.viewer import CSS, HTML, JAVASCRIPT

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--enable-unsafe-swiftshader"]
# The viewer takes no WebGL that the processor draws. Here there is no other: it is taken where its name is not told.
RENDERERS = {
    "webgl2": """const ask = WebGL2RenderingContext.prototype.getExtension;
WebGL2RenderingContext.prototype.getExtension = function (name) {
  return name === "WEBGL_debug_renderer_info" ? null : ask.call(this, name);
};""",
    "2d": """const ask = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, options) {
  return kind === "webgl2" ? null : ask.call(this, kind, options);
};""",
}


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: the browser tests need the system package `chromium`.")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


def start_app(environment: dict[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the application on a free port and wait until it answers: (process, address)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health"):
                return process, address
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise AssertionError(f"The application did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def start() -> Callable[[dict[str, str], Path], tuple[subprocess.Popen[bytes], str]]:
    """Starts an application of a test's own; see `start_app`."""
    return start_app


@pytest.fixture(scope="session")
def address(
    browser, small_bundle: Bundle, small_classifier: Classifier, private_cache: Path, tmp_path_factory
) -> Iterator[str]:
    """The application with the TEST OBJECT as its model, its engine already in the cache."""
    log = tmp_path_factory.mktemp("app") / "log.txt"
    (small_bundle.folder / SELFTEST_FILE).write_text(record_expected(small_classifier), encoding="utf-8")
    environment = {"PNEUMO_MODEL": str(small_bundle.folder), "XDG_CACHE_HOME": str(private_cache)}
    process, where = start_app(environment, log)
    yield where
    process.terminate()
    process.wait(20)
    assert "Traceback (most recent call last)" not in log.read_text(), log.read_text()


@pytest.fixture
def review(browser, address: str) -> Iterator[ReviewPage]:
    """The Review page in a window of a reading-room screen, with nothing dropped."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    driver = ReviewPage(page, address)
    yield driver
    page.close()
    assert driver.faults == []
    assert driver.foreign == []


@pytest.fixture(params=list(RENDERERS))
def alone(browser, request) -> Any:
    """An empty page with `mount(data)`, once with WebGL 2 and once without."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.set_default_timeout(30_000)
    page.add_init_script(RENDERERS[request.param])
    markup = json.dumps(f"{HTML}<style>{CSS} .panes {{ height: 520px; }}</style>")
    page.route(
        f"{ORIGIN}/", lambda route: route.fulfill(content_type="text/html", body=PAGE.replace("@MARKUP@", markup))
    )
    page.route(f"{ORIGIN}/viewer.js", lambda route: route.fulfill(content_type="text/javascript", body=JAVASCRIPT))
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("() => window.mount")
    yield page
    page.close()


@pytest.fixture
def ramp() -> np.ndarray:
    """Grey rises to the right over a narrow part of 16 bits: 30000..30252 in steps of 4."""
    return np.tile(30000 + 4 * np.arange(SIDE, dtype=np.uint16), (SIDE, 1))


@pytest.fixture
def one_block() -> np.ndarray:
    """For viral pneumonia nine cells speak for it, all others against; for COVID-19 none speaks for it."""
    grids = np.full((4, 8, 8), -0.2, np.float32)
    grids[2, 0:3, 4:7] = 0.8
    grids[1, 5:8, 1:4] = 0.4
    return grids


@pytest.fixture
def corners() -> np.ndarray:
    """Four greys, a quarter of the film each: upper left 0, upper right 80, lower left 160, lower right 240, of 255."""
    greys = np.array([[0, 80], [160, 240]], np.uint16)
    return np.kron(greys, np.ones((SIDE // 2, SIDE // 2), np.uint16))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a browser test up to twice more: on a busy machine Chromium may lose a click or outlast a wait."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=2))
