"""The real application in a real browser: Chromium without a window, its WebGL drawn by the processor."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_driver import ReviewPage

from pneumo_core.model.bundle import SELFTEST_FILE, Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.selftest import record_expected

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--enable-unsafe-swiftshader"]


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a browser test up to twice more: on a busy machine Chromium may lose a click or outlast a wait."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=2))
