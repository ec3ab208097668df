"""The worklist: many files, sorted, filtered, and opened by keyboard."""

import base64
import csv
import io
import zipfile

import numpy as np
import pytest
from page_driver import ReviewPage, chest_film, png_file

from benchmarks.film_files import dicom_file
from ui import texts

pytestmark = pytest.mark.browser

# Notes how many films the strip has held.
COUNT = """() => {
  window.counts = new Set();
  const look = () => {
    const strip = document.querySelector('.st-key-strip [data-testid=stBidiComponentIsolated]')?.shadowRoot;
    const films = strip?.querySelectorAll('li').length;
    if (films) counts.add(films);
    requestAnimationFrame(look);
  };
  look();
}"""


def test_an_archive_becomes_rows_that_are_sorted_and_opened_by_keyboard(review: ReviewPage) -> None:
    page = review.page
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for seed in range(3):
            archive.writestr(f"set/{seed}.dcm", dicom_file(chest_film(300 + 20 * seed, 280, 12, seed), bits=12))
        archive.writestr("set/notes.txt", "no film")
    page.get_by_role("link", name=texts.WORKLIST).first.click()
    page.get_by_text(texts.WORKLIST_EMPTY).last.wait_for()  # the first is the upload's hidden label
    twice = dicom_file(chest_film(300, 280, 12, 0), bits=12)  # the first film of the archive again
    review.drop({"films.zip": packed.getvalue(), "copy.dcm": twice})
    page.get_by_text(texts.progress(4, 4)).wait_for()
    rows = page.locator("tbody tr")
    assert rows.count() == 4
    rows.filter(has_text="notes.txt").locator(".reason", has_text="expected").wait_for()
    rows.locator("td.probability", has_text="%").nth(2).wait_for()
    page.locator("thead th.probability button").click()
    figures = [text for text in rows.locator("td.probability").all_inner_texts() if text]
    assert figures == sorted(figures, key=lambda text: -float(text.strip("<> %")))
    assert page.locator("thead th.probability").get_attribute("aria-sort") == "descending"
    with review.download() as download:
        page.get_by_role("button", name=texts.CSV).click()
    table = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert sorted(row["state"] for row in table) == ["read", "read", "read", "refused"]
    rows.nth(0).focus()
    page.keyboard.press("ArrowDown")
    name = rows.nth(1).locator(".name").inner_text()
    page.keyboard.press("Enter")
    review.wait_for_answer()
    page.locator(".strip [aria-selected=true] .name", has_text=name).wait_for()


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_the_first_of_many_files_comes_on_view_before_the_others_and_stays(review: ReviewPage, way: str) -> None:
    page = review.page
    review.wait_for_model()
    files = {f"{seed:02}.png": png_file(chest_film(300, 260, 8, seed).astype(np.uint8)) for seed in range(37)}
    page.evaluate(COUNT)
    if way == "chosen":
        review.drop(files)
    else:
        page.evaluate(
            """(files) => {
              const bag = new DataTransfer();
              for (const [name, text] of files) {
                bag.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name));
              }
              const anywhere = document.querySelector('.stApp');
              const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: bag });
              if (anywhere.dispatchEvent(event)) throw new Error('The browser would leave the page for the file.');
            }""",
            [[name, base64.b64encode(data).decode()] for name, data in files.items()],
        )
    page.locator(".strip .count", has_text="37 read").wait_for()
    assert page.locator(".strip .name").all_inner_texts() == sorted(files)
    assert page.locator(".strip [aria-selected=true] .name").inner_text() == "00.png"
    assert min(page.evaluate("() => [...counts]")) < 37  # the first films came before the others


def test_files_that_do_not_get_through_are_named_and_the_others_come(review: ReviewPage) -> None:
    page = review.page
    review.wait_for_model()
    tries = []

    def gate(route) -> None:
        name = route.request.headers["x-pneumo-name"]
        tries.append(name)
        if name == "1.png" or (name == "2.png" and tries.count(name) == 1):
            route.abort()
        else:
            route.continue_()

    page.route("**/films", gate)
    review.drop({f"{seed}.png": png_file(chest_film(300, 260, 8, seed).astype(np.uint8)) for seed in range(4)})
    page.locator(".strip .count", has_text="3 files, 3 read").wait_for()
    trouble = page.locator(".uploads .trouble").inner_text()
    assert trouble == texts.UPLOAD_WORDS["lost"].format(count=1, names="1.png")
    assert sorted(tries) == ["0.png", "1.png", "1.png", "1.png", "2.png", "2.png", "3.png"]
