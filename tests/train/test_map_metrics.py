import numpy as np
import pytest

from pneumo_core.types import Float32
from train.map_metrics import centre_blob, deletion_insertion, impute, road, shown, ssim

SIZE = 64


@pytest.fixture
def square() -> Float32:
    """A dark film with one bright place, in row 2, column 5 of 8 x 8."""
    square = np.random.default_rng(0).uniform(0, 40, (SIZE, SIZE)).astype(np.float32)
    square[16:24, 40:48] += 200
    return square


def brightness_there(films: Float32) -> Float32:
    """A network that only looks at the bright place."""
    return (films[:, 16:24, 40:48].mean(axis=(1, 2)) / 255).astype(np.float32)


def one_cell(row: int, column: int) -> Float32:
    grid = np.zeros((8, 8), np.float32)
    grid[row, column] = 1
    return grid


def test_a_right_map_deletes_fast_inserts_fast_and_has_a_high_road(square: Float32) -> None:
    right, wrong = one_cell(2, 5), one_cell(6, 1)
    of_right = deletion_insertion(square, right, brightness_there, 16)
    of_wrong = deletion_insertion(square, wrong, brightness_there, 16)
    assert of_right[0] < of_wrong[0] - 0.1
    assert of_right[1] > of_wrong[1] + 0.1
    random = np.random.default_rng(1)
    assert road(square, right, brightness_there, random) > 0.2
    assert road(square, -right, brightness_there, random) < -0.2


def test_the_curves_of_a_network_that_counts_what_is_left(square: Float32) -> None:
    flat = np.full((SIZE, SIZE), 100, np.float32)
    flat[:, ::2] = 200  # blurring and the mean leave 150

    def kept(films: Float32) -> Float32:
        return (np.abs(films - 150) > 25).mean(axis=(1, 2)).astype(np.float32)

    deletion, insertion = deletion_insertion(flat, centre_blob(8), kept, 10)
    assert deletion == pytest.approx(0.5, abs=0.02)
    assert insertion == pytest.approx(0.5, abs=0.02)


def test_a_hole_in_a_slope_is_filled_with_the_slope() -> None:
    slope = np.repeat(np.linspace(20, 220, SIZE, dtype=np.float32)[None], SIZE, axis=0)
    hole = np.zeros((SIZE, SIZE), bool)
    hole[20:40, 20:44] = True
    damaged = np.where(hole, 0, slope).astype(np.float32)
    filled = impute(damaged, hole, np.random.default_rng(0))
    np.testing.assert_array_equal(filled[~hole], slope[~hole])
    assert np.abs(filled - slope)[hole].mean() < 1.5


def test_ssim_of_the_same_of_another_and_of_the_opposite() -> None:
    rng = np.random.default_rng(2)
    one, other = (shown(rng.normal(size=(8, 8)).astype(np.float32)) for _ in range(2))
    assert ssim(one, one) == pytest.approx(1)
    assert ssim(one, other) < 0.5
    assert ssim(one, other) == pytest.approx(ssim(other, one))


def test_what_is_shown_is_the_positive_part() -> None:
    assert shown(np.full((8, 8), -2, np.float32)).max() == 0
    grid = one_cell(3, 3) * 7 - 1
    assert (shown(grid).min(), shown(grid).max()) == (0, pytest.approx(1))
