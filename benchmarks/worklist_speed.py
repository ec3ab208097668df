"""Measures the worklist: 200 mixed files in one drop, 20 of them bad, against the engine without a page.

    python -m benchmarks.worklist_speed [--films 180] [--bad 20] [--real MANIFEST]

The films are DICOM, PNG, and JPEG: phantoms, which the intake lets pass, at several sizes and each with noise of its
own; with --real (by default ../shared/cxr/manifest.csv where that is there) a third are films of that manifest's split
"val". The same files go through the classifier with its intake first, then, in headless Chromium, to the Worklist page
of the application with the bundle that it would use (PNEUMO_MODEL or assets/models). Meanwhile the page's filter is
clicked. Needs the system package `chromium` and
playwright.
"""

import argparse
import csv
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page
from pydicom import uid

from benchmarks.film_files import dicom_file
from benchmarks.running_app import ROOT, chromium, running_app
from pneumo_core.model.active import default_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.reading import read_film
from ui import texts

SIZES = ((1024, 1024), (1500, 1250), (2048, 2048), (2500, 2048), (1200, 1760), (700, 600))  # rows, columns
SYNTAXES = (uid.ExplicitVRLittleEndian, uid.JPEGLSLossless, uid.JPEG2000Lossless, uid.ImplicitVRLittleEndian)
BAR_CLICK = 0.3  # seconds
_BATCH = 8
_BETWEEN_CLICKS = 2.0  # seconds
_PATIENCE = 90  # seconds
_TABLE = "document.querySelector('.st-key-worklist-table [data-testid=stBidiComponentIsolated]')?.shadowRoot"
# Notes when the first answer stands in the table, and when the page says that all are done.
_WATCH = f"""(input, done) => {{
  const seen = window.seen = {{ first: null, done: null }};
  const look = () => {{
    const now = performance.now() - window.droppedAt;
    const root = {_TABLE};
    if (root && seen.first === null && root.querySelector('td.probability:not(:empty)')) seen.first = now;
    if (document.querySelector('.st-key-worklist')?.textContent.includes(done)) seen.done = now;
    else setTimeout(look, 50); // not once a frame: that would make the browser draw frames all the time
  }};
  input.addEventListener('change', () => {{
    window.droppedAt = performance.now();
    look();
  }}, {{ capture: true, once: true }});
}}"""
# From the press of a filter's button until the rows that the server sent for it have been painted.
_CLICK = f"""([label, read]) => new Promise((answered) => {{
  const names = (root) => [...root.querySelectorAll('td.state')].map((cell) => cell.textContent);
  const button = [...document.querySelectorAll('.st-key-worklist [role=radiogroup] button')]
    .find((one) => one.textContent.trim() === label);
  const start = performance.now();
  button.click();
  const look = () => {{
    const states = names({_TABLE});
    const others = states.some((state) => state !== read);
    const fits = states.length && (label === read ? !others : others);
    if (fits) requestAnimationFrame(() => answered(performance.now() - start));
    else if (performance.now() - start > 20000) answered(null);
    else requestAnimationFrame(look);
  }};
  look();
}})"""


def phantom(rows: int, columns: int, seed: int) -> NDArray[np.float32]:
    """A phantom at another size with noise of its own: float32 [rows, columns] in 0..1."""
    drawn = read_film((ROOT / "assets" / "phantoms" / "phantom-opacity.dcm").read_bytes(), "phantom").pixels
    plane = cv2.resize(drawn, (columns, rows), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(seed).standard_normal(plane.shape, np.float32)
    return np.clip(plane + noise * np.float32(0.004), 0, 1).astype(np.float32)


def drawn_files(count: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of films drawn by the project: DICOM, PNG of 8 and 16 bits, and JPEG in turn."""
    for at in range(count):
        film = phantom(*SIZES[at // 3 % len(SIZES)], at)
        if at % 3 == 0:
            pixels = (film * 4095).round().astype(np.uint16)
            yield f"{at:03}.dcm", dicom_file(pixels, SYNTAXES[at // 3 % len(SYNTAXES)], bits=12)
        elif at % 3 == 1:
            deep = at % 2
            pixels = (film * (65535 if deep else 255)).round().astype(np.uint16 if deep else np.uint8)
            yield f"{at:03}.png", bytes(imagecodecs.png_encode(pixels, level=3))
        else:
            yield f"{at:03}.jpg", bytes(imagecodecs.jpeg8_encode((film * 255).round().astype(np.uint8), level=92))


def bad_files(count: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of files that are no film or a damaged one."""
    film = (phantom(600, 500, 1) * 255).astype(np.uint8)
    whole = [dicom_file(film.astype(np.uint16), bits=8), bytes(imagecodecs.png_encode(film))]
    whole.append(bytes(imagecodecs.jpeg8_encode(film)))
    for at in range(count):
        kind, tail = at % 5, f"{at}".encode()
        if kind < 3:  # cut off, each at a place of its own
            cut = whole[kind][: len(whole[kind]) // 3 + at]
            yield f"bad-{at:02}.{('dcm', 'png', 'jpg')[kind]}", cut
        elif kind == 3:
            yield f"bad-{at:02}.txt", b"A letter that somebody dropped with the films. " + tail
        else:
            yield f"bad-{at:02}.pdf", b"%PDF-1.7\n" + os.urandom(2000) + tail


def real_files(manifest: Path, count: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of films of the manifest's split "val", evenly spread over it."""
    with manifest.open(encoding="utf-8", newline="") as rows:
        names = [row["file"] for row in csv.DictReader(rows) if row["split"] == "val"]
    for name in names[:: max(len(names) // count, 1)][:count]:
        yield Path(name).name, (manifest.parent / name).read_bytes()


def resident_mib(pid: int, entry: str) -> float:
    """Resident memory of a process in MiB: "VmRSS" now, "VmHWM" the most that it ever had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith(entry)).split()[1]) / 1024


def measure_engine(files: dict[str, bytes]) -> tuple[float, float]:
    """Read all films without a page.

    Returns:
        Films a second of the classifier with its intake alone, in batches; and with reading the files before it.
    """
    classifier = Classifier.load(default_bundle())
    films = [read_film(data, name) for name, data in files.items()]
    classifier.read(films[:_BATCH])  # sets memory up
    began = time.perf_counter()
    classifier.read(films)
    alone = time.perf_counter() - began
    began = time.perf_counter()
    waiting = list(files.items())
    for start in range(0, len(waiting), _BATCH):
        classifier.read([read_film(data, name) for name, data in waiting[start : start + _BATCH]])
    return len(films) / alone, len(films) / (time.perf_counter() - began)


def measure_page(page: Page, paths: list[Path], films: int) -> tuple[float, float, list[float]]:
    """Drop all files at once and click until they are done.

    Returns:
        Seconds to the first answer, seconds until all were done, seconds of each click.
    """
    chooser = page.locator("input[type=file]")
    chooser.evaluate(_WATCH, texts.progress(len(paths), len(paths)))
    chooser.set_input_files(paths)
    clicks: list[float] = []
    read = texts.WORKLIST_SHOWN["read"]
    started = time.monotonic()
    while not (seen := page.evaluate("() => window.seen"))["done"]:
        if time.monotonic() - started > _PATIENCE:
            raise RuntimeError(f"Not done after {_PATIENCE} s: {page.locator('.stMain').inner_text()[:600]}")
        page.wait_for_timeout(_BETWEEN_CLICKS * 1000)
        there = page.evaluate(f"() => {_TABLE}?.querySelectorAll('td.probability:not(:empty)').length ?? 0")
        if seen["first"] is None or not 0 < there < films - 2 * _BATCH:
            continue
        for label in (read, texts.WORKLIST_SHOWN["all"]):
            took = page.evaluate(_CLICK, [label, read])
            clicks.append(float("inf") if took is None else took / 1000)
    return seen["first"] / 1000, seen["done"] / 1000, clicks


def main() -> None:
    """Make the files, measure without a page, then with it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worklist_speed", description=__doc__.splitlines()[0])
    shared = ROOT.parent / "shared" / "cxr" / "manifest.csv"
    parser.add_argument("--films", type=int, default=180, help="good films")
    parser.add_argument("--bad", type=int, default=20, help="bad files")
    parser.add_argument(
        "--real", type=Path, default=shared if shared.is_file() else None, help="manifest of real films"
    )
    options = parser.parse_args()
    real = dict(real_files(options.real, options.films // 3)) if options.real else {}
    files = dict(drawn_files(options.films - len(real))) | real
    print(f"{os.cpu_count()} CPU cores, load {os.getloadavg()[0]:.1f} before the start")
    print(
        f"{len(files)} films ({len(real)} real), {sum(map(len, files.values())) / 1e6:.0f} MB; {options.bad} bad files"
    )
    alone, with_files = measure_engine(files)
    print(f"engine, intake, no page     {alone:6.1f} films/s; {with_files:.1f} with reading the files")
    with running_app({}) as (process, address), chromium() as browser, tempfile.TemporaryDirectory() as folder:
        everything = files | dict(bad_files(options.bad))
        order = np.random.default_rng(0).permutation(len(everything))
        names = [list(everything)[at] for at in order]
        for name in names:
            (Path(folder) / name).write_bytes(everything[name])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
        page.set_default_timeout(120_000)
        page.goto(address)
        page.get_by_text("Model ready").wait_for()
        page.get_by_role("link", name=texts.WORKLIST).first.click()
        page.get_by_text(texts.WORKLIST_EMPTY).last.wait_for()
        page.wait_for_timeout(1500)
        before = resident_mib(process.pid, "VmRSS")
        first, done, clicks = measure_page(page, [Path(folder) / name for name in names], len(files))
        states = page.evaluate(f"() => [...{_TABLE}.querySelectorAll('td.state')].map((cell) => cell.textContent)")
        refused = states.count(texts.STATE_NAMES["refused"])
        print(f"first answer                {first:6.2f} s   (bar 2 s)")
        rate = len(files) / done
        print(
            f"all done                    {done:6.2f} s   {rate:.1f} films/s, {rate / alone:.0%} of the engine alone "
            f"(bar 90 %), {rate / with_files:.0%} of it with reading the files; {refused} refused"
        )
        peak = resident_mib(process.pid, "VmHWM")
        print(f"memory                      {peak:6.0f} MiB at the most, {before:.0f} before (bar 1,500)")
        under = sum(took < BAR_CLICK for took in clicks)
        print(
            f"click to answer             {statistics.median(clicks) * 1000:6.0f} ms  (median; bar 300 ms; {under} of "
            f"{len(clicks)} under it, the slowest {max(clicks) * 1000:.0f} ms)"
        )


if __name__ == "__main__":
    main()
