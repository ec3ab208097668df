"""Measures the application in a real browser: start, one film, the opacity slider, and memory after many films.

    python -m benchmarks.browser_speed [--drops 15] [--films 200]

Starts the application with the bundle that it would use (PNEUMO_MODEL or assets/models) on a free port and drives
headless Chromium. Needs the system package `chromium` and playwright.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.film_files import dicom_file
from pneumo_core.reading import read_film

ROOT = Path(__file__).parents[1]
ROWS, COLUMNS = 2500, 2048
FILMS_A_DROP = 10  # of the memory measurement
_HOST = "document.querySelector('.st-key-viewer [data-testid=stBidiComponentIsolated]')"
_MOVES = f"""async () => {{
  const slider = {_HOST}.shadowRoot.querySelector('.opacity input');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const start = performance.now();
  for (let at = 1; at <= 50; at++) {{
    slider.value = at * 2;
    slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
    await frame();
  }}
  return 50000 / (performance.now() - start);
}}"""
# From the moment the file is handed to the page until its film, its map, and its answer have been painted.
_PAINTED = f"""(name) => new Promise((done) => {{
  const look = () => {{
    const viewer = {_HOST}?.shadowRoot?.querySelector('.viewer');
    const strip = document.querySelector('.st-key-strip [data-testid=stBidiComponentIsolated]')?.shadowRoot;
    const shown = strip?.querySelector('[aria-selected=true] .name')?.textContent;
    const answered = document.querySelector('.pneumo-answer h2') && document.querySelectorAll('.annotation-text')[3];
    if (viewer?.dataset.mapped && shown === name && answered?.textContent) {{
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - window.droppedAt)));
    }} else requestAnimationFrame(look);
  }};
  look();
}})"""


def film_file(seed: int, rows: int = ROWS, columns: int = COLUMNS) -> bytes:
    """A DICOM of 16 stored bits: a phantom, which the intake lets pass, with noise of its own."""
    phantom = read_film((ROOT / "assets" / "phantoms" / "phantom-opacity.dcm").read_bytes(), "phantom")
    plane = cv2.resize(phantom.pixels, (columns, rows), interpolation=cv2.INTER_CUBIC)
    plane += np.random.default_rng(seed).standard_normal(plane.shape, np.float32) * np.float32(0.002)
    return dicom_file((plane * 65535).clip(0, 65535).astype(np.uint16), bits=16)


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def drop(page: Page, folder: Path, seeds: Iterable[int]) -> None:
    """Hand films to the page and note when."""
    paths = [folder / f"film-{seed}.dcm" for seed in seeds]
    for path, seed in zip(paths, seeds, strict=True):
        path.write_bytes(film_file(seed))
    chooser = page.locator("input[type=file]")
    chooser.evaluate(
        "(input) => input.addEventListener('change', () => { window.droppedAt = performance.now(); },"
        " { capture: true, once: true })"
    )
    chooser.set_input_files(paths)


def measure_start(page: Page, address: str, started: float) -> None:
    """Print how long the page and the model took from the start of the process."""
    while True:
        try:
            page.goto(address)
            break
        except Exception:  # the server does not listen yet
            time.sleep(0.02)
    page.get_by_role("button", name="Open two phantom films").wait_for()
    print(f"start to page painted      {time.monotonic() - started:6.2f} s   (bar 3 s)")
    page.get_by_text("Model ready").wait_for(timeout=120_000)
    print(f"start to model ready       {time.monotonic() - started:6.2f} s   (bar 6 s with the engine cached)")


def measure_drops(page: Page, folder: Path, count: int) -> None:
    """Print how long one film takes from drop to paint."""
    seconds = []
    for seed in range(count):
        drop(page, folder, [seed])
        seconds.append(page.evaluate(_PAINTED, f"film-{seed}.dcm") / 1000)
    print(f"first film, drop to paint  {seconds[0]:6.2f} s")
    median = statistics.median(seconds[1:] or seconds)
    print(f"later films, median        {median:6.2f} s   (bar 1 s; {min(seconds):.2f} to {max(seconds):.2f} s)")


def measure_memory(page: Page, folder: Path, pid: int, films: int, first_seed: int) -> None:
    """Print the resident memory of the web process before and after many films in one session."""
    print(f"memory before              {resident_mib(pid):6.0f} MiB")
    highest = 0.0
    for start in range(0, films, FILMS_A_DROP):
        seeds = range(first_seed + start, first_seed + min(start + FILMS_A_DROP, films))
        drop(page, folder, seeds)
        answered = f"{seeds[-1] + 1} read"
        page.locator(".st-key-strip .count", has_text=answered).wait_for(timeout=120_000)
        highest = max(highest, resident_mib(pid))
    print(f"memory after {films:4d} films    {resident_mib(pid):6.0f} MiB (bar 1,500; highest seen {highest:.0f})")


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browser_speed", description=__doc__.splitlines()[0])
    parser.add_argument("--drops", type=int, default=15, help="films dropped one by one")
    parser.add_argument("--films", type=int, default=200, help="films of the memory measurement; 0 leaves it out")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("Chromium is not installed: install the system package `chromium`.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
        page.set_default_timeout(60_000)
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            print(f"{os.cpu_count()} CPU cores, load {os.getloadavg()[0]:.1f} before the start")
            measure_start(page, f"http://127.0.0.1:{port}", started)
            measure_drops(page, Path(folder), options.drops)
            print(f"opacity slider             {page.evaluate(_MOVES):6.0f} frames/s (bar 30)")
            if options.films:
                measure_memory(page, Path(folder), process.pid, options.films, options.drops)
        finally:
            process.terminate()
            process.wait(20)
            browser.close()


if __name__ == "__main__":
    main()
