import dataclasses

import numpy as np
import pytest

from pneumo_core.types import CLASSES, FilmClass, Heatmap, Prediction, Radiograph


def radiograph(grey: np.ndarray, window: tuple[float, float] = (0.0, 100.0), **more: object) -> Radiograph:
    return Radiograph(grey, window, 8, "0" * 64, "PNG", "greyscale", **more)  # type: ignore[arg-type]


def test_classes_stand_in_the_agreed_order() -> None:
    assert [film_class.value for film_class in CLASSES] == ["normal", "bacterial", "viral", "covid19"]
    assert [film_class.index for film_class in FilmClass] == [0, 1, 2, 3]


def test_pixels_are_the_windowed_film() -> None:
    film = radiograph(np.array([[0, 100, 150], [200, 300, 65535]], np.uint16), (100.0, 300.0))
    expected = np.array([[0, 0, 0.25], [0.5, 1, 1]], np.float32)
    assert film.pixels.dtype == np.float32
    np.testing.assert_allclose(film.pixels, expected, atol=1e-6)
    assert (film.height, film.width) == (2, 3)


def test_pixels_leave_the_film_as_it_is() -> None:
    film = radiograph(np.full((2, 2), 50, np.uint16))
    film.pixels[:] = 0
    assert (film.grey == 50).all()


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((2, 2), np.float32),
        np.zeros((2, 2), np.uint8),
        np.zeros((2, 2, 3), np.uint16),
        np.zeros((0, 2), np.uint16),
    ],
)
def test_a_film_is_a_uint16_plane(grey: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint16 \[H, W\]"):
        radiograph(grey)


@pytest.mark.parametrize("window", [(5.0, 5.0), (6.0, 5.0), (float("nan"), 5.0)])
def test_a_window_has_a_width(window: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="low < high"):
        radiograph(np.zeros((2, 2), np.uint16), window)


def test_a_film_can_not_be_changed_and_does_not_print_whom_it_shows() -> None:
    film = radiograph(np.zeros((2, 2), np.uint16), identity=(("Patient's name", "Doe^Jane"),))
    assert "Doe" not in repr(film)
    with pytest.raises(dataclasses.FrozenInstanceError):
        film.window = (0.0, 1.0)  # type: ignore[misc]


def test_the_answer_is_the_most_probable_class() -> None:
    probabilities = np.array([0.1, 0.2, 0.6, 0.1], np.float32)
    prediction = Prediction(np.zeros(4, np.float32), 1.0, probabilities, "model@digest")
    assert prediction.film_class is FilmClass.VIRAL


@pytest.mark.parametrize(("grid", "expected"), [([[-1.0, 0.0]], False), ([[-1.0, 0.1]], True)])
def test_a_map_knows_whether_anything_speaks_for_its_class(grid: list[list[float]], expected: bool) -> None:
    heatmap = Heatmap(FilmClass.NORMAL, "Grad-CAM", np.array(grid, np.float32), 1.0, (0, 0, 2, 1))
    assert heatmap.has_positive is expected
