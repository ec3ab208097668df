import cv2
import numpy as np
import pytest
from tiny_training import draw_film

from pneumo_core.types import FilmClass
from train.augment import augment, mix_amplitudes


@pytest.fixture(scope="module")
def square() -> np.ndarray:
    return cv2.resize(draw_film(FilmClass.NORMAL, 3), (128, 128))


def test_the_same_state_gives_the_same_variant(square: np.ndarray) -> None:
    one, same, other = (augment(square, 64, 1.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).mean() > 0.01


def test_variants_are_films_in_range(square: np.ndarray) -> None:
    for seed in range(200):
        film = augment(square, 64, 1.0, np.random.default_rng(seed))
        assert film.shape == (64, 64)
        assert film.dtype == np.float32
        assert film.min() >= 0.0
        assert film.max() <= 1.0
        assert film.std() > 0.02  # there is still a film to see


def test_films_are_flipped_left_to_right_half_of_the_time_and_never_upside_down() -> None:
    """A bright mark at the top left: it stays at the top, and changes sides in about half of the variants."""
    square = np.full((128, 128), 60, np.uint8)
    square[20:40, 20:40] = 250
    sides = []
    for seed in range(200):
        film = cv2.GaussianBlur(augment(square, 64, 1.0, np.random.default_rng(seed)), (0, 0), 2)
        inner = film[6:-6, 6:-6]  # without the frame that may be drawn
        row, column = np.unravel_index(inner.argmax(), inner.shape)
        assert row < 26
        sides.append(column < 26)
    assert 70 < sum(sides) < 130


def test_the_size_asked_for_is_given_whatever_the_films(square: np.ndarray) -> None:
    for size in (48, 128, 200):
        assert augment(square, size, 1.0, np.random.default_rng(0)).shape == (size, size)


def test_strength_0_only_flips(square: np.ndarray) -> None:
    plain = square.astype(np.float32) / np.float32(255.0)
    seen = set()
    for seed in range(20):
        film = augment(square, 128, 0.0, np.random.default_rng(seed))
        is_flipped = np.abs(film - plain[:, ::-1]).max() < 1e-3
        assert is_flipped or np.abs(film - plain).max() < 1e-3
        seen.add(is_flipped)
    assert seen == {True, False}


def test_mixing_amplitudes_takes_the_look_and_leaves_the_shapes(square: np.ndarray) -> None:
    film = np.asarray(square, np.float32) / np.float32(255.0)
    bright = np.clip(film * 0.3 + 0.6, 0.0, 1.0)
    for seed in range(20):
        mixed = mix_amplitudes(film, bright, np.random.default_rng(seed))
        assert mixed.dtype == np.float32
        assert 0.0 <= mixed.min() <= mixed.max() <= 1.0
        assert film.mean() - 0.01 <= mixed.mean() <= bright.mean() + 0.01
        fine, fine_before = (image - cv2.GaussianBlur(image, (0, 0), 2) for image in (mixed, film))
        assert np.corrcoef(fine.ravel(), fine_before.ravel())[0, 1] > 0.9
    np.testing.assert_allclose(mix_amplitudes(film, film, np.random.default_rng(1)), film, atol=1e-5)
