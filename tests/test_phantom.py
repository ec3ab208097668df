"""The phantom films."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from pneumo_core.phantom import PHANTOMS, Phantom, draw
from pneumo_core.reading import read_film

FOLDER = Path(__file__).parents[1] / "assets" / "phantoms"


@pytest.mark.parametrize("phantom", PHANTOMS, ids=lambda phantom: phantom.name)
def test_the_shipped_file_is_what_the_program_draws(phantom: Phantom) -> None:
    data = (FOLDER / f"{phantom.name}.dcm").read_bytes()
    film = read_film(data, "anything")
    # Libraries may round a line's edge otherwise: a grey value or two in a few pixels.
    drawn = draw(phantom).astype(int)
    difference = np.abs(film.grey - (drawn - drawn.min()))  # reading lets the greys start at 0
    assert np.mean(difference > 2) < 1e-3
    assert film.view == "PA"
    assert film.spacing_mm is not None


@pytest.mark.parametrize("phantom", PHANTOMS, ids=lambda phantom: phantom.name)
def test_the_file_names_nobody_and_says_that_it_is_a_phantom(phantom: Phantom) -> None:
    dataset = dcmread(FOLDER / f"{phantom.name}.dcm")
    assert str(dataset.PatientName).startswith("Phantom^")
    assert not dataset.PatientBirthDate
    assert "No person was imaged" in dataset.ImageComments


def test_only_the_second_phantom_has_an_opacity() -> None:
    clear, opacity = (draw(phantom) for phantom in PHANTOMS)
    rows, columns = clear.shape
    zone = np.s_[int(0.52 * rows) : int(0.64 * rows), int(0.2 * columns) : int(0.33 * columns)]  # right lower
    other = np.s_[int(0.52 * rows) : int(0.64 * rows), int(0.75 * columns) : int(0.85 * columns)]  # left lower
    assert opacity[zone].mean() > clear[zone].mean() + 200
    assert abs(opacity[other].mean() - clear[other].mean()) < 100
