"""Makes README's pictures by driving the real application, with phantoms only.

    python -m benchmarks.pictures [--out docs] [--runs DIR] [--only NAME ...]

Starts the application with the bundle that it would use (PNEUMO_MODEL or assets/models) on a free port and drives
headless Chromium. The Training page shows the runs of `--runs` (by default those that it would show). Needs the system
package `chromium` and playwright.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize

from benchmarks.running_app import ROOT, chromium, running_app
from ui import texts, tour_texts

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
_TIMEOUT = 600_000  # ms; the first start prepares the engine, on a busy machine for minutes
_SETTLE = 2_000  # ms for charts and the viewer to come to rest


def phantoms_read(page: Page) -> None:
    """Open the phantoms and show the answer to the one with the opacity."""
    page.get_by_text("Model ready").wait_for()
    page.get_by_role("button", name=texts.OPEN_PHANTOMS).click()
    page.locator(".strip .count", has_text="2 read").wait_for()
    page.locator(".strip li", has_text="phantom-opacity").click()
    page.locator(".strip [aria-selected=true] .name", has_text="phantom-opacity").wait_for()
    page.get_by_role("button", name=texts.SHOW_WITHOUT).click()
    page.locator(".viewer[data-mapped]:not([data-mapped=''])").wait_for()


def worklist(page: Page) -> None:
    """The worklist with the films of the tour: phantoms, a negative, and a page of text that is refused."""
    page.get_by_text("Model ready").wait_for()
    page.get_by_role("button", name=tour_texts.START).click()
    for at in (2, 3, 4):
        page.get_by_role("button", name=tour_texts.NEXT, exact=True).click()
        page.locator(".st-key-tour", has_text=tour_texts.place(at, 4)).wait_for()
    page.get_by_role("heading", name=texts.REFUSED_TITLE).wait_for()
    page.get_by_role("link", name=texts.WORKLIST).first.click()
    page.get_by_text(texts.progress(4, 4)).wait_for()


def training(page: Page) -> None:
    """The Training page with its runs."""
    page.get_by_role("link", name=texts.TRAINING).first.click()
    page.get_by_role("heading").first.wait_for()


def model_card(page: Page) -> None:
    """The model card."""
    page.get_by_role("link", name=texts.MODEL_CARD).first.click()
    page.locator(".js-plotly-plot").first.wait_for()


def phone(page: Page) -> None:
    """The Review page on a phone, from its top."""
    phantoms_read(page)
    page.locator(".viewer").scroll_into_view_if_needed()
    page.evaluate("() => document.querySelector('.stMain').scrollTo(0, 0)")


PICTURES: dict[str, tuple[Callable[[Page], None], str, bool]] = {  # name: what to do, theme, whether on a phone
    "review-dark": (phantoms_read, "dark", False),
    "review-light": (phantoms_read, "light", False),
    "worklist": (worklist, "dark", False),
    "training": (training, "dark", False),
    "model-card": (model_card, "dark", False),
    "phone": (phone, "dark", True),
}


def shoot(browser: Browser, address: str, name: str, folder: Path) -> Path:
    """Make one picture.

    Args:
        browser: Chromium.
        address: where the application answers.
        name: a key of `PICTURES`.
        folder: where the picture goes.

    Returns:
        The PNG file.
    """
    prepare, theme, on_phone = PICTURES[name]
    page = browser.new_page(
        viewport=PHONE if on_phone else DESK,
        color_scheme="light" if theme == "light" else "dark",
        is_mobile=on_phone,
        has_touch=on_phone,
        device_scale_factor=2 if on_phone else 1,
    )
    page.set_default_timeout(_TIMEOUT)
    page.goto(address)
    page.get_by_role("button", name=texts.OPEN_PHANTOMS).wait_for()
    prepare(page)
    page.mouse.move(2, 2)
    page.wait_for_timeout(_SETTLE)
    path = folder / f"{name}.png"
    page.screenshot(path=path)
    page.close()
    return path


def main() -> None:
    """Make all pictures, or those that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the pictures")
    parser.add_argument("--runs", type=Path, help="folder of runs that the Training page shows")
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=list(PICTURES), help="these pictures only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    environment = {"PNEUMO_TRAINING": "1"} | ({"PNEUMO_RUNS": str(options.runs.resolve())} if options.runs else {})
    environment |= {"PNEUMO_SAMPLES": ""}  # phantoms only: no picture shows anybody's film
    with running_app(environment) as (_, address), chromium() as browser:
        for name in options.only:
            print(shoot(browser, address, name, options.out), flush=True)


if __name__ == "__main__":
    main()
