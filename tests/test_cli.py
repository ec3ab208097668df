import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_ins import ROOT, noise_films

from pneumo_core import cli
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES

Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Ten 16-bit PNG files of noise."""
    folder = tmp_path_factory.mktemp("scans")
    paths = [folder / f"scan {position}.png" for position in range(10)]
    for path, film in zip(paths, noise_films(10), strict=True):
        cv2.imwrite(str(path), film.grey)
    return [str(path) for path in paths]


@pytest.fixture
def chosen(small_classifier: Classifier, private_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Classifier:
    """Makes the TEST OBJECT the default bundle, prepared already."""
    monkeypatch.setenv("PNEUMO_MODEL", str(small_classifier.bundle.folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_cache))
    return small_classifier


@pytest.fixture
def run(chosen: Classifier, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in this process on the TEST OBJECT: (exit status, lines of standard output)."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        status = cli.main(arguments)
        return status, capsys.readouterr().out.splitlines()

    return run


def test_one_json_object_a_line(run: Run, scans: list[str], small_classifier: Classifier) -> None:
    status, lines = run("read", *scans, "--json", "--override", "noise on purpose")
    assert status == 0
    records = [json.loads(line) for line in lines]
    assert [record["file"] for record in records] == scans
    for record in records:
        film = read_film(Path(record["file"]).read_bytes(), record["file"])
        [reading] = small_classifier.read([film])
        assert list(record)[:6] == ["file", "status", "reason", "class", "probabilities", "model"]
        assert (record["status"], record["reason"]) == ("read", None)
        assert list(record["probabilities"]) == ["normal", "bacterial", "viral", "covid19"]
        np.testing.assert_allclose(
            list(record["probabilities"].values()), reading.prediction.probabilities, atol=1e-6, rtol=0
        )
        assert record["class"] == reading.prediction.film_class.value
        assert record["model"] == small_classifier.name


def test_it_goes_on_after_bad_files(run: Run, scans: list[str], tmp_path: Path) -> None:
    bad = tmp_path / "notes.png"
    bad.write_text("not a film")
    (tmp_path / "empty.dcm").touch()
    files = [
        str(bad),
        scans[0],
        str(tmp_path),
        str(tmp_path / "none.dcm"),
        str(tmp_path / "empty.dcm"),
        "a\0b",
        scans[1],
    ]
    status, lines = run("read", "--json", "--override", "noise on purpose", *files)
    records = [json.loads(line) for line in lines]
    assert status == 1
    assert [record["file"] for record in records] == files
    assert [record["status"] for record in records] == ["refused", "read", *["refused"] * 4, "read"]
    for record in records:
        if record["status"] == "refused":
            assert (record["class"], record["probabilities"]) == (None, None)
            assert record["reason"]
    assert "a folder or device" in records[2]["reason"]
    assert "missing" in records[3]["reason"]


def test_a_file_over_the_limit_is_refused_before_it_is_read(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "huge.dcm").open("wb") as file:
        file.truncate(40 * 2**30)  # a hole: takes no room on disk
    status, lines = run("read", "--json", str(tmp_path / "huge.dcm"))
    assert status == 1
    assert "40,960 MB" in json.loads(lines[0])["reason"]


def test_without_json_there_is_a_line_to_read(run: Run, scans: list[str], tmp_path: Path) -> None:
    odd = str(tmp_path / "a\x1b[31m.png")
    status, lines = run("read", scans[0], odd, "--override", "noise on purpose")
    assert status == 1
    assert lines[0] == "Research and education. Not for diagnosis."
    assert lines[1].startswith(f"{scans[0]}: ")
    assert "covid19 0." in lines[1] or "covid19 1." in lines[1]
    assert "\x1b" not in lines[2]
    assert "refused. The file is missing." in lines[2]


def test_what_the_intake_refuses_has_no_answer_unless_a_reader_says_why(run: Run, tmp_path: Path) -> None:
    black = str(tmp_path / "black.png")
    cv2.imwrite(black, np.zeros((300, 300), np.uint8))
    status, [line] = run("read", black, "--json")
    record = json.loads(line)
    assert status == 1
    assert (record["status"], record["verdict"], record["answer"]["kind"]) == ("refused", "refuse", "none")
    assert (record["class"], record["probabilities"], record["set90"], record["override"]) == (None,) * 4
    assert "shows nothing" in record["reason"]
    assert ("blank", "refuse") in [(finding["code"], finding["grade"]) for finding in record["findings"]]
    status, [line] = run("read", black, "--json", "--override", " to see what it says ")
    record = json.loads(line)
    assert (status, record["status"], record["verdict"], record["reason"]) == (0, "read", "refuse", None)
    assert record["override"] == "to see what it says"
    assert record["class"] in record["probabilities"]
    assert record["answer"]["kind"] != "none"


def test_a_phantom_is_read_and_its_maps_are_written(run: Run, tmp_path: Path) -> None:
    phantom = ROOT / "assets" / "phantoms" / "phantom-clear.dcm"
    maps = tmp_path / "of" / "today"
    status, [line] = run("read", str(phantom), "--json", "--maps", str(maps))
    record = json.loads(line)
    assert (status, record["status"]) == (0, "read")
    film = read_film(phantom.read_bytes(), phantom.name)
    names = {f"phantom-clear-{film.digest[:8]}-{name}.png" for name in record["probabilities"]}
    assert {path.name for path in maps.iterdir()} == names
    picture = cv2.imread(str(maps / sorted(names)[0]))
    assert picture.shape[1:] == (film.width, 3)
    assert picture.shape[0] > film.height


def test_a_table_has_a_header_and_a_line_a_file(run: Run, scans: list[str]) -> None:
    status, lines = run("read", "--csv", "--override", "noise on purpose", scans[0], "none.dcm")
    header, read, refused = csv.reader(lines)
    assert status == 1
    first, second = dict(zip(header, read, strict=True)), dict(zip(header, refused, strict=True))
    assert (first["file"], first["status"], second["status"]) == (scans[0], "read", "refused")
    assert sum(float(first[f"probability_{name}"]) for name in CLASSES) == pytest.approx(1, abs=1e-5)
    assert (second["class"], second["probability_normal"], second["set90"]) == ("", "", "")
    assert second["reason"].startswith("The file is missing")
    assert first["notice"] == second["notice"] == "Research and education. Not for diagnosis."


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("read",),
        ("look", "x"),
        ("read", "x", "--yaml"),
        ("prepare", "x"),
        ("read", "x", "--json", "--csv"),
        ("read", "x", "--override", " "),
    ],
)
def test_wrong_use_ends_with_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2


def test_without_a_model_it_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PNEUMO_MODEL", str(tmp_path))
    assert cli.main(["read", "film.dcm", "--json"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "There is no model bundle" in output.err


def test_prepare_says_what_is_ready(chosen: Classifier, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prepare"]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"The model {chosen.name} is ready on openvino.\n"


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    cli._show_progress(0.5, "Converting")
    cli._show_progress(1.0, "Done")
    assert elsewhere.getvalue() == f"[{'#' * 15}{' ' * 15}]  50% Converting\n[{'#' * 30}] 100% Done\n"
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    cli._show_progress(0.5, "Converting")
    cli._show_progress(1.0, "Done")
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().count("\r") == 2


def test_a_reader_that_leaves_early_is_no_error(small_bundle: Bundle, private_cache: Path, scans: list[str]) -> None:
    command = [sys.executable, "-W", "error", "-m", "pneumo_core", "read", *scans * 3, "--json", "--override", "noise"]
    environment = os.environ | {"PNEUMO_MODEL": str(small_bundle.folder), "XDG_CACHE_HOME": str(private_cache)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["file"] == scans[0]
        process.stdout.close()
        errors = [line for line in process.stderr if not line.startswith("[")]
        assert process.wait(60) == 1
    assert errors == []
