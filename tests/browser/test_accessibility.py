"""Every page under axe-core, in both themes: nothing serious, nothing critical."""

import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from page_driver import ReviewPage, png_file
from training_driver import TrainingPage

from pneumo_core.model.bundle import Bundle
from ui import texts

pytestmark = pytest.mark.browser

AXE = "axe-core@4.14.1"


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"npm is not installed: it fetches {AXE}.")
    folder: Path = tmp_path_factory.mktemp("axe")
    fetched = subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True, text=True, timeout=120)
    if fetched.returncode:
        pytest.skip(f"npm can not fetch {AXE}: {fetched.stderr.strip()[-200:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def grave_findings(page, axe: str) -> list[str]:
    page.wait_for_timeout(1000)
    page.evaluate(axe)
    violations = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [
        f"{found['impact']} {found['id']}: {json.dumps([node['target'] for node in found['nodes']])}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def with_runs(start, small_bundle: Bundle, private_cache: Path, tmp_path_factory) -> Iterator[str]:
    """An application that may train, with two runs: one that ended and one that failed."""
    runs = tmp_path_factory.mktemp("runs")
    now = time.time()
    epochs = [
        {"kind": "epoch", "phase": "tune", "time": now + at, "epoch": at, "best": True}
        | {"train_loss": 0.5 / (at + 1), "train_accuracy": 0.8, "val_loss": 0.6 / (at + 1), "val_accuracy": 0.75}
        for at in range(3)
    ]
    for name, code in (("ended", 0), ("failed", -9)):
        (runs / name).mkdir()
        job = {"kind": "fit", "queued": now, "commands": [], "state": "ended", "code": code, "message": "killed"}
        (runs / name / "job.json").write_text(json.dumps(job))
        (runs / name / "config.json").write_text(json.dumps({"settings": {"backbone": "efficientnetb0", "epochs": 3}}))
        events = [{"kind": "start", "time": now, "epoch": 0, "epochs": 3}, *epochs, {"kind": "end", "time": now + 9}]
        (runs / name / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    environment = {"PNEUMO_MODEL": str(small_bundle.folder), "XDG_CACHE_HOME": str(private_cache)}
    environment |= {"PNEUMO_TRAINING": "1", "PNEUMO_RUNS": str(runs)}
    process, address = start(environment, tmp_path_factory.mktemp("app") / "log.txt")
    yield address
    process.terminate()
    process.wait(20)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_training_and_model_card_have_no_serious_finding(browser, with_runs: str, axe: str, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    driver = TrainingPage(page, with_runs)
    found = {}
    for name in page.get_by_role("tab").all_inner_texts():
        driver.tab(name)
        driver.settle()
        found[name] = grave_findings(page, axe)
    assert len(found) == 4
    page.get_by_role("link", name=texts.MODEL_CARD).first.click()
    page.locator(".st-key-model-card h2").first.wait_for()
    driver.settle()
    found["model card"] = grave_findings(page, axe)
    page.close()
    assert found == {name: [] for name in found}


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_has_a_serious_finding(browser, address: str, axe: str, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    driver = ReviewPage(page, address)
    driver.wait_for_model()
    found = {"welcome": grave_findings(page, axe)}
    page.get_by_role("button", name=texts.OPEN_PHANTOMS).click()
    page.locator(".strip .count", has_text="2 read").wait_for()
    page.get_by_text(texts.READ_FIRST_WHY).wait_for()
    found["read first"] = grave_findings(page, axe)
    page.get_by_role("button", name=texts.SHOW_WITHOUT).click()
    driver.wait_for_answer()
    page.keyboard.press("?")
    found["review"] = grave_findings(page, axe)
    page.get_by_role("link", name=texts.WORKLIST).first.click()
    page.locator("tbody tr").first.wait_for()
    found["worklist"] = grave_findings(page, axe)
    page.get_by_role("link", name=texts.REVIEW).first.click()
    text = np.full((600, 500), 255, np.uint8)
    for at in range(12):
        cv2.putText(text, "A page of text and no film", (20, 40 + 45 * at), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2)
    driver.drop({"text.png": png_file(text)})
    page.locator(".strip [aria-selected=true] .name", has_text="text.png").wait_for()
    page.get_by_role("button", name=texts.SHOW_WITHOUT).click()
    page.get_by_role("heading", name=texts.REFUSED_TITLE).wait_for()
    found["refused"] = grave_findings(page, axe)
    page.close()
    assert found == {name: [] for name in found}
