"""The folder of sample films."""

from pathlib import Path

import pytest

from pneumo_core.types import FilmClass
from ui import samples
from ui.samples import find_samples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files that nobody reads here."""
    for name in ("a.png", "b.dcm", "c"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def write_list(folder: Path, *lines: str) -> None:
    (folder / "samples.csv").write_text("\n".join(lines), encoding="utf-8")


def test_without_a_folder_there_are_none() -> None:
    assert find_samples(None) == find_samples("") == samples.Samples()


def test_without_a_list_every_file_is_offered(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"")
    found = find_samples(str(folder))
    assert [(sample.path.name, sample.label) for sample in found.films] == [
        ("a.png", None),
        ("b.dcm", None),
        ("c", None),
    ]


def test_the_list_gives_order_labels_and_notes(folder: Path) -> None:
    write_list(folder, "file,label,note", 'c,viral,"Child, three years"', "a.png,,", "")
    found = find_samples(str(folder))
    assert [(sample.path.name, sample.label, sample.note) for sample in found.films] == [
        ("c", FilmClass.VIRAL, "Child, three years"),
        ("a.png", None, ""),
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["name,label", "a.png,viral"], "the column file is missing"),
        (["file,label", "d.png,viral"], "line 2: there is no file d.png"),
        (["file,label", "../outside,viral"], "line 2: there is no file ../outside"),
        (["file,label", "a.png,viral", "a.png,normal"], "line 3: the file a.png was named before"),
        (["file,label", "a.png,flu"], "line 2: the label is 'flu'; expected one of normal, bacterial, viral, covid19"),
        (["file,label"], "holds no files"),
    ],
)
def test_a_wrong_list_is_said_to_be_wrong(folder: Path, lines: list[str], words: str) -> None:
    (folder.parent / "outside").write_bytes(b"")
    write_list(folder, *lines)
    found = find_samples(str(folder))
    assert not found.films
    assert words in found.error


def test_a_list_that_is_no_text_is_said_to_be_none(folder: Path) -> None:
    (folder / "samples.csv").write_bytes(b"file,label\n\xff\xfe,viral\n")
    assert "can not be read as a table in UTF-8" in find_samples(str(folder)).error


def test_no_folder_and_too_many_films_are_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "which is no folder" in find_samples(str(folder / "nothing")).error
    monkeypatch.setattr(samples, "MOST", 2)
    assert "offers 3 films, more than 2" in find_samples(str(folder)).error
