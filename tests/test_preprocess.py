import numpy as np
import pytest

from pneumo_core.preprocess import INPUT_SIZE, as_input, normalise_greys, preprocess, to_square


def area_weights(length: int, size: int) -> np.ndarray:
    """The share that each of `length` pixels has in each of `size` equal stretches of the same line."""
    edges = np.linspace(0, length, size + 1)
    starts, ends = edges[:-1, None], edges[1:, None]
    pixels = np.arange(length)[None]
    overlap = np.minimum(pixels + 1, ends) - np.maximum(pixels, starts)
    return overlap.clip(0) / (length / size)


@pytest.mark.parametrize("shape", [(512, 512), (300, 700), (257, 256), (1001, 333)])
def test_shrinking_averages_over_areas(shape: tuple[int, int]) -> None:
    film = np.random.default_rng(0).random(shape, np.float32)
    expected = area_weights(shape[0], INPUT_SIZE) @ film @ area_weights(shape[1], INPUT_SIZE).T
    np.testing.assert_allclose(to_square(film), expected, atol=2e-5)


def test_a_film_of_the_right_size_stays_as_it_is() -> None:
    film = np.random.default_rng(1).random((64, 64), np.float32)
    np.testing.assert_array_equal(to_square(film, 64), film)


@pytest.mark.parametrize("shape", [(40, 50), (40, 900), (900, 40), (1, 1)])
def test_enlarging_keeps_the_range_and_the_place(shape: tuple[int, int]) -> None:
    film = np.zeros(shape, np.float32)
    film[: max(1, shape[0] // 2)] = 1.0
    square = to_square(film)
    assert square.shape == (INPUT_SIZE, INPUT_SIZE)
    assert square.dtype == np.float32
    assert square.min() >= 0
    assert square.max() <= 1
    assert square[:100].mean() > 0.99
    if shape[0] > 1:
        assert square[-100:].mean() < 0.01


def test_greys_are_stretched_between_percentiles_of_the_centre() -> None:
    square = np.random.default_rng(2).random((256, 256), np.float32)
    square[:32], square[-32:], square[:, :32], square[:, -32:] = 0, 1, 0, 1  # borders, which must not count
    low, high = np.percentile(square[32:224, 32:224], (1, 99))
    expected = ((square - low) / (high - low)).clip(0, 1)
    np.testing.assert_allclose(normalise_greys(square), expected, atol=1e-6)


def test_the_answer_does_not_depend_on_a_linear_change_of_greys() -> None:
    square = np.random.default_rng(3).random((64, 64), np.float32)
    np.testing.assert_allclose(normalise_greys(square * 0.3 + 0.2), normalise_greys(square), atol=1e-5)


def test_a_film_without_contrast_becomes_black() -> None:
    np.testing.assert_array_equal(normalise_greys(np.full((64, 64), 0.7, np.float32)), 0)


def test_the_input_has_three_equal_channels_in_0_to_255() -> None:
    inputs = preprocess(np.random.default_rng(4).random((300, 400), np.float32))
    assert inputs.shape == (INPUT_SIZE, INPUT_SIZE, 3)
    assert inputs.dtype == np.float32
    assert (inputs.min(), inputs.max()) == (0, 255)
    np.testing.assert_array_equal(inputs, as_input(inputs[..., 1] / np.float32(255)))


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4)), np.zeros((4, 4, 3), np.float32)])
def test_anything_but_a_float32_plane_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"float32 \[H, W\]"):
        preprocess(wrong)
