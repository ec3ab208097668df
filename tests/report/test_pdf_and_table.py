"""PDF, pictures, and table."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from conftest import IMPRESSION, answer_to, png_film

from pneumo_core.reading import read_film
from pneumo_core.report import picture, texts
from pneumo_core.report.pdf import pdf_report
from pneumo_core.report.table import table, table_row
from pneumo_core.types import FilmClass, Finding, Grade, SimilarFilms, TrainingFilm


def pages(data: bytes) -> list[str]:
    return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in pypdfium2.PdfDocument(data)]


def test_the_doctors_word_is_the_headline_and_the_note_is_printed(contents_of) -> None:
    (page,) = pages(pdf_report(contents_of(png_film())))
    assert page.index("Viral pneumonia") < page.index(texts.PROGRAM)
    assert "Hazy <right> lower zone & more." in page
    assert "우하엽 음영." in page
    assert "65 %" in page
    assert "Can not be ruled out at the level of 95 %: bacterial pneumonia, viral pneumonia." in page
    assert "The patient is turned to one side." in page
    assert "test-object@0123456789ab" in page


def test_banner_and_preliminary_stand_on_every_page(contents_of) -> None:
    long = replace(IMPRESSION, note="One more line of the note.\n" * 120)
    printed = pages(pdf_report(contents_of(png_film(), long)))
    assert len(printed) > 2
    for page in printed:
        assert texts.BANNER in page
        assert texts.PRELIMINARY in page
    assert sum(page.count("One more line") for page in printed) == 120


def test_no_name_is_printed_unless_it_is_given(contents_of, dicom_film) -> None:
    data = dicom_film(PatientName="Secret^Name")
    assert "Secret" not in "".join(pages(pdf_report(contents_of(data))))
    named = contents_of(data, identity=(("Patient name", "Secret Name"),))
    assert "Secret Name" in "".join(pages(pdf_report(named)))


def test_without_an_impression_none_is_made_up(contents_of) -> None:
    (page,) = pages(pdf_report(contents_of(png_film(), None)))
    assert texts.NO_IMPRESSION in page


def test_the_map_lies_on_the_film_as_in_the_viewer() -> None:
    radiograph = read_film(png_film(), "film.png")
    _, heatmaps = answer_to(radiograph)
    film = np.full((320, 320), 90, np.uint8)
    shown = picture.map_picture(film, heatmaps[2], (radiograph.height, radiograph.width))
    np.testing.assert_array_equal(shown[300, 20], 90)  # negative cells stay clear
    full = 90 + (np.array((0xFD, 0xE7, 0x25)) - 90) * picture.OPACITY
    np.testing.assert_allclose(shown[60, 220], full, atol=1)


def test_the_colours_are_those_of_the_viewer() -> None:
    script = (Path(__file__).parents[2] / "ui" / "viewer" / "colour_maps.js").read_text()
    anchors = re.search(r'viridis: "([^"]+)"', script)[1].split()
    scale = picture._table()
    for at, anchor in enumerate(anchors):
        np.testing.assert_allclose(scale[round(at / 9 * 255)], list(bytes.fromhex(anchor)), atol=3)


def test_the_table_holds_every_file_and_runs_no_formula() -> None:
    prediction, _ = answer_to(read_film(png_film(), "film.png"))
    rows = [
        table_row(file="=1+1.png", digest="ab", state="read", prediction=prediction, impression=IMPRESSION),
        table_row(file="bad.txt", digest="cd", state="refused", reason="No film."),
    ]
    read = list(csv.DictReader(io.StringIO(table(rows).decode("utf-8-sig"))))
    assert read[0]["file"] == "'=1+1.png"
    assert float(read[0]["probability_viral"]) == pytest.approx(0.65)
    assert (read[0]["doctor"], read[0]["doctor_before_answer"]) == ("viral", "normal")
    assert read[0]["note"] == IMPRESSION.note
    assert (read[1]["state"], read[1]["reason"], read[1]["probability_viral"]) == ("refused", "No film.", "")
    assert {row["notice"] for row in read} == {texts.BANNER}


@pytest.mark.parametrize("refused", [False, True])
def test_what_similar_films_say_of_the_answer_is_printed_with_it(contents_of, refused: bool) -> None:
    films = tuple(TrainingFilm(f"{at}.png", FilmClass.NORMAL, "", "", f"{at:016}") for at in range(8))
    contents = contents_of(png_film(), similar=SimilarFilms(films, (1.0,) * 8, 2.0))
    if refused:
        refusal = Finding("made_up", Grade.REFUSE, "Made up by a test.")
        contents = replace(contents, assessment=replace(contents.assessment, findings=(refusal,)))
    printed = " ".join(pages(pdf_report(contents))).replace("\n", " ")
    assert ("None of the 8 training films most like this one fits" in printed) is not refused
