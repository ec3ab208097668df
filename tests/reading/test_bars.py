"""Bars of one grey at the edges: found where they are wide, left out of the reading, told to the reader."""

import cv2
import numpy as np
import pytest
from stand_ins import ROOT, noise_films

from benchmarks.film_files import dicom_file
from pneumo_core.explain.methods import Explainer
from pneumo_core.lungs.segmenter import LungSegmenter
from pneumo_core.model.classifier import Classifier
from pneumo_core.reading import read_film
from pneumo_core.types import Radiograph

SIDES = [(0, 0, 0, 0), (100, 0, 100, 0), (0, 60, 0, 60), (80, 0, 0, 0), (60, 50, 70, 40)]  # left, top, right, bottom


def png(grey: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", grey)[1])


def padded(grey: np.ndarray, bars: tuple[int, int, int, int], value: int) -> np.ndarray:
    left, top, right, bottom = bars
    return cv2.copyMakeBorder(grey, top, bottom, left, right, cv2.BORDER_CONSTANT, value=value)


@pytest.fixture
def grey() -> np.ndarray:
    """The phantom as 8-bit grey, which fills its picture; uint8 [400, 320]."""
    folder = ROOT / "assets" / "phantoms"
    film = read_film((folder / "phantom-clear.dcm").read_bytes(), "phantom-clear.dcm")
    return np.asarray(cv2.resize(np.round(film.pixels * 255).astype(np.uint8), (320, 400)))[20:-20, 20:-20]


@pytest.mark.parametrize("value", [0, 40, 255])
@pytest.mark.parametrize("bars", SIDES)
def test_bars_are_found_where_they_are(grey: np.ndarray, bars: tuple[int, int, int, int], value: int) -> None:
    film = read_film(png(padded(grey, bars, value)), "film.png")
    assert np.abs(np.subtract(film.bars, bars)).max() <= 1
    assert film.trimmed().grey.shape == pytest.approx(grey.shape, abs=2)
    assert ("bars_left_out" in [finding.code for finding in film.findings]) == any(bars)


def test_the_film_itself_is_kept_whole(grey: np.ndarray) -> None:
    film = read_film(png(padded(grey, (100, 0, 100, 0), 0)), "film.png")
    assert (film.width, film.height) == (grey.shape[1] + 200, grey.shape[0])
    assert film.trimmed().bars == (0, 0, 0, 0)
    np.testing.assert_array_equal(film.trimmed().grey, grey)


def test_bars_of_a_jpeg_with_a_letter_and_of_a_dicom(grey: np.ndarray) -> None:
    wide = padded(grey, (100, 0, 100, 0), 20)
    data = bytes(cv2.imencode(".jpg", wide, [cv2.IMWRITE_JPEG_QUALITY, 70])[1])
    assert read_film(data, "film.jpg").bars[::2] == pytest.approx((100, 100), abs=2)
    wide[9:13, 30:38] = 255  # a letter
    assert read_film(png(wide), "film.png").bars[::2] == pytest.approx((100, 100), abs=2)
    film = read_film(dicom_file(padded(grey, (0, 60, 0, 60), 0).astype(np.uint16) * 257, bits=16), "film.dcm")
    assert film.bars == pytest.approx((0, 60, 0, 60), abs=1)


@pytest.mark.parametrize("bars", [(10, 0, 10, 0), (0, 15, 0, 15)])
def test_narrow_bars_stay(grey: np.ndarray, bars: tuple[int, int, int, int]) -> None:
    assert read_film(png(padded(grey, bars, 0)), "film.png").bars == (0, 0, 0, 0)


def test_what_leaves_too_little_is_no_bar(grey: np.ndarray) -> None:
    for film in (np.full((300, 300), 90, np.uint8), padded(grey[:, :70], (200, 0, 200, 0), 0)):
        assert read_film(png(film), "film.png").bars == (0, 0, 0, 0)


def test_bars_that_leave_nothing_are_an_error() -> None:
    with pytest.raises(ValueError, match="must leave something"):
        Radiograph(np.ones((8, 8), np.uint16), (0.0, 9.0), 8, "0" * 64, "PNG", "greyscale", bars=(4, 0, 4, 0))


def test_a_padded_film_is_read_as_the_film_between_the_bars(small_classifier: Classifier) -> None:
    [film] = noise_films(1)
    left, top, right, bottom = bars = (90, 70, 60, 50)
    deep = np.pad(film.grey, ((top, bottom), (left, right)))
    wide = Radiograph(deep, film.window, film.bits_stored, film.digest, "PNG", "greyscale", bars=bars)
    one, other = small_classifier.read([film, wide])
    np.testing.assert_array_equal(one.prediction.logits, other.prediction.logits)
    assert one.assessment == other.assessment
    moved = (left, top, left + film.width, top + film.height)
    explainer = Explainer(small_classifier)
    for maps in (other.heatmaps, explainer.maps(wide, "LayerCAM")):
        assert {heatmap.box for heatmap in maps} == {moved}
    np.testing.assert_array_equal(one.heatmaps[0].grid, other.heatmaps[0].grid)


def test_the_lungs_move_with_the_bars(grey: np.ndarray) -> None:
    segmenter = LungSegmenter.load()
    one = segmenter.mask(read_film(png(grey), "film.png"))
    other = segmenter.mask(read_film(png(padded(grey, (100, 0, 100, 0), 0)), "film.png"))
    assert [lung.film_side for lung in one.lungs] == [lung.film_side for lung in other.lungs] == ["left", "right"]
    for lung, moved in zip(one.lungs, other.lungs, strict=True):
        assert lung.area_share == moved.area_share
        np.testing.assert_allclose(lung.outline[0] + np.array([100, 0]), moved.outline[0], atol=1e-3)
