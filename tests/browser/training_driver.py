"""Drives the Training page as an operator would."""

import re
from pathlib import Path
from typing import Any

TIMEOUT = 120_000  # ms; a training process needs many seconds to start where others use the processor


class TrainingPage:
    """One open Training page.

    Attributes:
        page: Playwright's page.
        faults: errors of the page's scripts.
        foreign: addresses of other hosts that the page asked.
    """

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self.foreign: list[str] = []
        self._address = address
        page.set_default_timeout(TIMEOUT)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._note_request)
        page.goto(f"{address}/training")
        page.get_by_role("tab", name="Runs").wait_for()

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith((self._address, "data:", "blob:")):
            self.foreign.append(request.url)

    def fill(self, label: str, value: str) -> None:
        """Fill a field of text or a number, and wait until the page has taken it."""
        field = self.page.get_by_role("textbox", name=label).or_(self.page.get_by_role("spinbutton", name=label))
        field.fill(value)
        field.press("Enter")
        self.settle()

    def choose(self, label: str, option: str) -> None:
        """Choose in a list. The list closes unasked where the page changes just then: it is opened again."""
        self.settle()
        shown = self.page.get_by_role("option", name=option).first
        field = self.page.get_by_role("combobox", name=label, exact=True).filter(visible=True)
        while not shown.is_visible():
            field.click()
            field.fill(option)
            self.page.wait_for_timeout(1500)
        shown.click()
        self.page.keyboard.press("Escape")  # a list of several choices stays open
        self.settle()

    def settle(self) -> None:
        """Wait until the server has run the page for what was done last."""
        self.page.wait_for_timeout(300)
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def see(self, text: str | re.Pattern[str]) -> None:
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def check_data(self, data: Path) -> None:
        self.fill("Folder or manifest on this server", str(data))
        self.click("Check the data")

    def start(self, name: str, epochs: int, films: int) -> None:
        """Fill the form for a small network, of which only the head is trained, and start."""
        self.choose("Backbone", "EfficientNetB0")
        self.choose("Head", "Linear")
        self.choose("Start from", "Random weights")
        self.fill("Epochs of fine-tuning, at most", "0")
        self.fill("Epochs of the head alone", str(epochs))
        self.fill("Films in an epoch (0: all)", str(films))
        self.fill("Input size in pixels", "32")
        self.fill("Name of the run", name)
        self.click("Start training")
        self.see(f"The run {name} is queued.")

    def open_run(self, name: str) -> None:
        self.tab("Runs")
        self.choose("Run", name)

    def state(self, name: str, state: str) -> None:
        """Wait until the table of runs shows a state."""
        row = self.page.locator("tr", has=self.page.get_by_role("rowheader", name=name, exact=True))
        row.filter(visible=True).filter(has_text=state).wait_for()
