"""Every page under axe-core, in both themes: nothing serious, nothing critical."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from page_driver import ReviewPage

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
    page.close()
    assert found == {name: [] for name in found}
