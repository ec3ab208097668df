import cv2
import numpy as np
import pytest

from pneumo_core.lungs.mask import LungMask, find_lungs, share_inside
from pneumo_core.types import FilmClass, Float32, Heatmap

SIZE = 128


def answer_of(*boxes: tuple[int, int, int, int, int]) -> Float32:
    """The network's answer for rectangles (channel, left, top, right, bottom) in cells, certain everywhere."""
    answer = np.zeros((SIZE, SIZE, 3), np.float32)
    for channel, left, top, right, bottom in boxes:
        answer[top:bottom, left:right, channel] = 1
    answer[..., 0] = 1 - answer.sum(axis=-1)
    return answer


def heatmap(grid: Float32, box: tuple[float, float, float, float]) -> Heatmap:
    return Heatmap(FilmClass.VIRAL, "Grad-CAM", grid.astype(np.float32), float(np.abs(grid).max()), box)


@pytest.fixture
def mask() -> LungMask:
    """Two lungs on a film of 640 x 512: cells 16..48 and 80..112 across, 32..96 down."""
    return find_lungs(answer_of((1, 16, 32, 48, 96), (2, 80, 32, 112, 96)), (0, 0, 640, 512))


def test_two_lungs_with_their_areas_and_outlines(mask: LungMask) -> None:
    assert [lung.film_side for lung in mask.lungs] == ["left", "right"]
    for lung, left in zip(mask.lungs, (80, 400), strict=True):
        assert lung.area_share == pytest.approx(32 * 64 / SIZE**2, rel=0.03)
        [polygon] = lung.outline
        assert polygon.min(axis=0) == pytest.approx((left, 128), abs=4)
        assert polygon.max(axis=0) == pytest.approx((left + 160, 384), abs=4)
        area = cv2.contourArea(polygon) / (640 * 512)
        assert area == pytest.approx(lung.area_share, rel=0.05)
    assert mask.area_share == pytest.approx(0.25, rel=0.03)
    assert mask.probability[64, 32] == 1
    assert mask.probability[64, 64] == 0


def test_one_lung_no_lung_and_specks() -> None:
    one = find_lungs(answer_of((2, 80, 32, 112, 96), (1, 3, 3, 8, 8)), (0, 0, 300, 300))
    assert [lung.film_side for lung in one.lungs] == ["right"]
    none = find_lungs(answer_of(), (0, 0, 300, 300))
    assert (none.lungs, none.area_share) == ((), 0)
    assert share_inside(heatmap(np.ones((8, 8)), (0, 0, 300, 300)), none) == 0


def test_lungs_that_touch_stay_two() -> None:
    mask = find_lungs(answer_of((1, 20, 32, 64, 96), (2, 64, 32, 108, 96)), (0, 0, 128, 128))
    assert [round(lung.area_share, 2) for lung in mask.lungs] == [0.17, 0.17]


def test_an_even_map_has_the_share_of_the_lungs_area(mask: LungMask) -> None:
    assert share_inside(heatmap(np.ones((8, 8)), (0, 0, 640, 512)), mask) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(("cell", "expected"), [((3, 2), 1.0), ((3, 4), 0.0), ((0, 1), 0.0), ((3, 5), 1.0)])
def test_a_single_cell_lies_inside_or_not(mask: LungMask, cell: tuple[int, int], expected: float) -> None:
    grid = np.full((8, 8), -3.0)
    grid[cell] = 0.5
    assert share_inside(heatmap(grid, (0, 0, 640, 512)), mask) == pytest.approx(expected, abs=0.02)


def test_a_cell_that_the_border_halves(mask: LungMask) -> None:
    grid = np.zeros((4, 4))
    grid[1, 0] = 2  # cells 0..32 across, of which 16..32 are lung
    assert share_inside(heatmap(grid, (0, 0, 640, 512)), mask) == pytest.approx(0.5, abs=0.02)


def test_a_map_of_a_part_of_the_film(mask: LungMask) -> None:
    assert share_inside(heatmap(np.ones((2, 2)), (80, 128, 240, 384)), mask) == pytest.approx(1, abs=0.02)


def test_a_map_without_a_positive_cell_has_no_share(mask: LungMask) -> None:
    assert share_inside(heatmap(np.full((8, 8), -1.0), (0, 0, 640, 512)), mask) is None
    assert share_inside(heatmap(np.zeros((8, 8)), (0, 0, 640, 512)), mask) is None
