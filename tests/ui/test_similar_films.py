"""The foldout of similar films: thumbnails from a local folder, counts without it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.film_files import dicom_file, film
from pneumo_core.answer import AnswerKind
from pneumo_core.similar.index import film_digest
from pneumo_core.types import CLASSES, Finding, Grade, SimilarFilms, TrainingFilm
from ui import reports
from ui import similar_texts as texts
from ui.films import Film, FilmState
from ui.training_films import data_folder, picture_of

NORMAL, BACTERIAL, VIRAL, COVID19 = CLASSES


def _show() -> None:
    import streamlit as st

    from ui import similar

    similar.foldout(st.session_state.film, st.session_state.model)


class StandIn:
    """Stands in for the shared model."""

    def __init__(self) -> None:
        self.index_measured = {"most_have_own_label": 0.874, "val_films": 1210}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the manifest and eight films of a data set, one of them DICOM."""
    (tmp_path / "films").mkdir()
    for at in range(7):
        cv2.imwrite(str(tmp_path / f"films/{at}.png"), np.full((60, 50), 20 * at + 20, np.uint8))
    (tmp_path / "films/7.dcm").write_bytes(dicom_file(film(rows=80, columns=70, bits=12), bits=12))
    (tmp_path / "manifest.csv").write_text("file,label,patient,split\n")
    return tmp_path


@pytest.fixture
def similar(folder: Path) -> SimilarFilms:
    """Seven normals of two sources and a viral film."""
    films = []
    for at in range(8):
        name = f"films/{at}.dcm" if at == 7 else f"films/{at}.png"
        digest = film_digest(hashlib.sha256((folder / name).read_bytes()).hexdigest())
        label = VIRAL if at == 2 else NORMAL
        films.append(TrainingFilm(name, label, "a<b" if at < 3 else "", ("adult", "paediatric", "")[at % 3], digest))
    return SimilarFilms(tuple(films), tuple(1.0 + at for at in range(8)), 9.876)


@pytest.fixture
def read_film(similar: SimilarFilms, said_of) -> Film:
    made = Film("0" * 64, "film", phantom=False, state=FilmState.ANSWERED)
    made.said = replace(said_of(), similar=similar)
    return made


def run(read_film: Film, is_open: bool = True) -> AppTest:
    page = AppTest.from_function(_show)
    page.session_state["film"], page.session_state["model"] = read_film, StandIn()
    page.session_state["similar"] = is_open
    page.run(timeout=30)
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


def test_with_the_folder_films_are_shown_with_label_source_age_and_distance(
    read_film: Film, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given in (folder, folder / "manifest.csv"):
        monkeypatch.setenv("PNEUMO_DATA", str(given))
        shown = words(run(read_film))
        assert shown.count('<img src="data:image/jpeg;base64,') == 8
        assert shown.count("<b>Normal</b>") == 7
        assert shown.count("<b>Viral</b>") == 1
        assert shown.count('alt="Training film labelled Normal"') == 7
        for expected in (
            "a&lt;b, adult, distance 1<",
            "a&lt;b, child, distance 2<",
            "source not stated, age not stated, distance 6<",
            "Mean distance 4.5, in the network&#x27;s features; below 9.88 for 99 %",
            "Of 1,210 validation films, 87 % have the label of most of their similar films.",
            "nearest to this one by the network&#x27;s own features",
        ):
            assert expected in shown, expected
        assert texts.NOT_HERE not in shown


def test_without_the_folder_they_are_counted_by_label_and_source(
    read_film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PNEUMO_DATA", raising=False)
    shown = words(run(read_film))
    assert "<img" not in shown
    lines = ["5 × Normal, source not stated", "2 × Normal, a&lt;b", "1 × Viral, a&lt;b"]
    assert "".join(f"<li>{line}</li>" for line in lines) in shown
    assert texts.NOT_HERE in shown


def test_a_file_that_is_not_the_indexs_own_is_not_shown(
    read_film: Film, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PNEUMO_DATA", str(folder))
    cv2.imwrite(str(folder / "films/0.png"), np.full((60, 50), 3, np.uint8))
    (folder / "films/1.png").unlink()
    shown = words(run(read_film))
    assert shown.count("<img") == 6
    assert shown.count(texts.NOT_IN_FOLDER) == 2
    assert shown.count("<b>Normal</b>") == 7  # label and distance stand all the same


def test_a_folder_of_other_films_is_told(read_film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "others").mkdir()
    monkeypatch.setenv("PNEUMO_DATA", str(tmp_path / "others"))
    shown = words(run(read_film))
    assert "<img" not in shown
    assert "5 × Normal, source not stated" in shown
    assert texts.OTHER_DATA in shown


def test_a_folder_that_is_not_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PNEUMO_DATA", str(tmp_path / "gone" / "manifest.csv"))
    assert data_folder() is None
    monkeypatch.setenv("PNEUMO_DATA", "")
    assert data_folder() is None


def test_a_file_that_is_no_film_is_not_shown(folder: Path) -> None:
    (folder / "films/0.png").write_bytes(b"hello")
    digest = film_digest(hashlib.sha256(b"hello").hexdigest())
    assert picture_of(TrainingFilm("films/0.png", NORMAL, "", "", digest), folder) is None
    assert picture_of(TrainingFilm("films", NORMAL, "", "", digest), folder) is None


def test_a_closed_foldout_reads_no_film(read_film: Film, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PNEUMO_DATA", str(folder))
    page = run(read_film, is_open=False)
    assert [part.label for part in page.expander] == [texts.TITLE]
    assert not page.get("html")


def test_a_model_without_an_index_says_so(read_film: Film, said_of) -> None:
    read_film.said = said_of()
    shown = words(run(read_film))
    assert texts.NO_INDEX in shown
    assert "nearest" not in shown


@pytest.mark.parametrize("refused", [False, True])
def test_remarks_on_the_answer_come_only_with_it(
    refused: bool, read_film: Film, similar: SimilarFilms, said_of
) -> None:
    grade = Grade.REFUSE if refused else Grade.NOTE
    intake = Finding("made_up", grade, "Made up by a test.")
    read_film.said = replace(said_of(intake, classes=(VIRAL,), program=VIRAL), similar=similar)
    read_film.findings = (intake,)
    codes = [finding.code for finding in read_film.remarks]
    assert codes == (["made_up"] if refused else ["similar_films_disagree", "made_up"])
    read_film.override = "seen by a test"
    assert [finding.code for finding in read_film.remarks] == ["similar_films_disagree", "made_up"]
    read_film.said = replace(said_of(intake, kind=AnswerKind.NONE, classes=()), similar=similar)
    assert [finding.code for finding in read_film.remarks] == ["made_up"]


def test_the_table_holds_remarks_on_an_answer_only_once_it_was_seen(
    read_film: Film, similar: SimilarFilms, said_of
) -> None:
    read_film.said = replace(said_of(classes=(VIRAL,), program=VIRAL), similar=similar)
    for revealed in (False, True):
        read_film.revealed = revealed
        found = reports.session_table([read_film], read_first=True).decode()
        assert ("similar_films_disagree" in found) is revealed
    read_film.revealed = False
    assert b"similar_films_disagree" in reports.session_table([read_film], read_first=False)
