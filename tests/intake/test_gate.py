import shutil
from pathlib import Path

import numpy as np
import pytest
from stand_ins import ROOT

from pneumo_core.errors import BundleError
from pneumo_core.intake import Gate, assess, default_gate
from pneumo_core.intake.look import look_at
from pneumo_core.model.bundle import SUMS_FILE, write_sums
from pneumo_core.reading import read_film
from pneumo_core.types import Float32, Radiograph, Verdict

DAMAGE = {
    "upside_down": lambda film: film[::-1, ::-1],
    "rotated_left": lambda film: np.rot90(film),
    "rotated_right": lambda film: np.rot90(film, -1),
    "inverted": lambda film: 1 - film,
}


def codes(gate: Gate, film: Radiograph, pixels: Float32) -> set[str]:
    found = assess(gate, film, look_at(np.ascontiguousarray(pixels, np.float32)))
    return {finding.code for finding in found.findings} if found.verdict is not Verdict.READ else set()


@pytest.mark.films
def test_real_films_are_read(gate: Gate, test_films: list[Radiograph]) -> None:
    verdicts = [assess(gate, film, look_at(film.trimmed().pixels)).verdict for film in test_films]
    assert verdicts.count(Verdict.REFUSE) <= 0.02 * len(test_films)
    assert verdicts.count(Verdict.CAUTION) <= 0.08 * len(test_films)


@pytest.mark.films
@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_films_are_told_by_name(gate: Gate, test_films: list[Radiograph], name: str) -> None:
    films = test_films[::4]
    told = [codes(gate, film, DAMAGE[name](film.trimmed().pixels)) for film in films]
    assert sum(bool(found) for found in told) >= 0.98 * len(films)
    assert sum(name in found for found in told) >= 0.95 * len(films)


@pytest.mark.films
def test_half_films_are_not_read_without_caution(gate: Gate, test_films: list[Radiograph]) -> None:
    films = [film.trimmed() for film in test_films[::8]]
    halves = []
    for film in films:
        pixels, rows, columns = film.pixels, film.height // 2, film.width // 2
        halves += [pixels[:rows], pixels[rows:], pixels[:, :columns], pixels[:, columns:]]
    found = [codes(gate, film, half) for film, half in zip(np.repeat(np.array(films, object), 4), halves, strict=True)]
    assert sum(bool(told) for told in found) >= 0.98 * len(found)


@pytest.mark.parametrize("name", ["phantom-clear", "phantom-opacity"])
def test_the_phantoms_are_read(gate: Gate, name: str) -> None:
    path = ROOT / "assets" / "phantoms" / f"{name}.dcm"
    film = read_film(path.read_bytes(), path.name)
    assert assess(gate, film, look_at(film.pixels)).verdict is not Verdict.REFUSE


def test_the_gate_is_small_and_says_how_it_was_made(gate: Gate) -> None:
    size = sum(path.stat().st_size for path in default_gate().iterdir())
    assert size < 6_000_000
    assert gate.description["made"]["command"].startswith("python -m train intake ")


def test_a_damaged_gate_judges_nothing(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no intake gate"):
        Gate(tmp_path)
    folder = tmp_path / "intake"
    shutil.copytree(default_gate(), folder)
    weights = bytearray((folder / "gate.bin").read_bytes())
    weights[1000] ^= 1
    (folder / "gate.bin").write_bytes(weights)
    with pytest.raises(BundleError, match="damaged or changed"):
        Gate(folder)


def test_a_gate_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "intake"
    shutil.copytree(default_gate(), folder)
    (folder / "gate.json").write_text('{"schema": 99}')
    write_sums(folder, sorted(path.name for path in folder.iterdir() if path.name != SUMS_FILE))
    with pytest.raises(BundleError, match="schema 99"):
        Gate(folder)
