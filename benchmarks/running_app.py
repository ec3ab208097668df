"""Starts the real application and headless Chromium for the benchmarks that drive one with the other."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]


def start(environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    """Start the application on a free port and wait until it listens: (process, address).

    Args:
        environment: variables added to those of this process.

    Raises:
        RuntimeError: if it ends or does not listen within two minutes.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(600):
        with socket.socket() as knock:
            knock.settimeout(0.2)
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}"
        if process.poll() is not None:
            break
        time.sleep(0.2)
    process.kill()
    raise RuntimeError("The application did not start.")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium, its WebGL drawn by the processor.

    Raises:
        SystemExit: if Chromium is not installed.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("Chromium is not installed: install the system package `chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        yield browser
        browser.close()


@contextmanager
def running_app(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The application as (process, address), ended afterwards; `environment` as in `start`."""
    process, address = start(environment)
    try:
        yield process, address
    finally:
        process.terminate()
        process.wait(20)
