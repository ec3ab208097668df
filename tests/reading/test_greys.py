"""The grey scale against hand-computed values and against the formulas of PS3.3 C.11.2."""

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.pixels import apply_windowing

from pneumo_core.reading.greys import (
    NO_CONTRAST,
    RESCALE_UNUSABLE,
    WINDOW_UNUSABLE,
    GreyScale,
    LookupTable,
    Rescale,
    Window,
    grey_scale,
)

PLAIN = Rescale()


def all_present(count: int) -> np.ndarray:
    return np.ones(count, np.bool_)


def shown(scale: GreyScale) -> np.ndarray:
    low, high = scale.window
    return np.clip((scale.greys - low) / (high - low), 0.0, 1.0)


def test_without_window_the_range_is_shown() -> None:
    scale = grey_scale(-3, all_present(5), modality=PLAIN, voi=None, inverse=False)
    assert scale.greys.tolist() == [0, 1, 2, 3, 4]
    assert scale.window == (0.0, 4.0)
    assert scale.findings == ()


def test_linear_window_by_hand() -> None:
    # PS3.3 C.11.2.1.2.1: centre 4, width 5 -> black up to 4 - 0.5 - 2 = 1.5, white above 4 - 0.5 + 2 = 5.5.
    scale = grey_scale(0, all_present(8), modality=PLAIN, voi=Window(4, 5), inverse=False)
    assert scale.window == (1.5, 5.5)
    assert shown(scale).tolist() == [0.0, 0.0, 0.125, 0.375, 0.625, 0.875, 1.0, 1.0]


def test_linear_exact_window_by_hand() -> None:
    scale = grey_scale(0, all_present(8), modality=PLAIN, voi=Window(4, 4, "LINEAR_EXACT"), inverse=False)
    assert scale.window == (2.0, 6.0)
    assert shown(scale).tolist() == [0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]


def test_monochrome1_is_inverted_after_the_window() -> None:
    scale = grey_scale(0, all_present(8), modality=PLAIN, voi=Window(4, 5), inverse=True)
    assert scale.greys.tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert shown(scale).tolist() == [1.0, 1.0, 0.875, 0.625, 0.375, 0.125, 0.0, 0.0]


def ps3_3(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    """The formulas of PS3.3 C.11.2.1.2 and C.11.2.1.3, for an output range of 0..1."""
    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(-4.0 * (values - centre) / width))
    if function == "LINEAR":
        return np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)
    return np.clip((values - centre) / width + 0.5, 0.0, 1.0)


FUNCTIONS = pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])


@FUNCTIONS
@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (2.0, -1024.0), (0.37, 11.5), (-1.0, 4095.0)])
@pytest.mark.parametrize("smallest", [0, -2048])
def test_windows_agree_with_the_standard(function: str, slope: float, intercept: float, smallest: int) -> None:
    values = slope * np.arange(smallest, smallest + 4096) + intercept
    window = Window(float(values[1700]), 900 * abs(slope), function)
    scale = grey_scale(smallest, all_present(4096), modality=Rescale(slope, intercept), voi=window, inverse=False)
    assert scale.findings == ()
    np.testing.assert_allclose(shown(scale), ps3_3(values, window.centre, window.width, function), atol=1e-5)


@FUNCTIONS
def test_windows_agree_with_pydicom(function: str) -> None:
    stored = np.arange(4096, dtype=np.uint16)
    oracle = Dataset()
    oracle.PhotometricInterpretation = "MONOCHROME2"
    oracle.BitsStored, oracle.PixelRepresentation = 12, 0
    oracle.WindowCenter, oracle.WindowWidth, oracle.VOILUTFunction = 1700, 900, function
    scale = grey_scale(0, all_present(4096), modality=PLAIN, voi=Window(1700, 900, function), inverse=False)
    np.testing.assert_allclose(shown(scale), apply_windowing(stored, oracle) / 4095.0, atol=2e-5)


def test_negative_slope_by_hand() -> None:
    # Modality values 7, 6, ..., 0: the largest stored value is the darkest.
    scale = grey_scale(0, all_present(8), modality=Rescale(-1.0, 7.0), voi=Window(4, 5), inverse=False)
    assert scale.greys.tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert scale.window == (1.5, 5.5)


def test_modality_table_by_hand() -> None:
    table = LookupTable(np.array([100, 110, 150, 400], np.uint16), first=2, bits=12)
    scale = grey_scale(0, all_present(7), modality=table, voi=Window(150.5, 101), inverse=False)
    assert scale.greys.tolist() == [0, 0, 0, 10, 50, 300, 300]
    assert scale.window == (0.0, 100.0)


def test_voi_table_is_baked_into_16_bits() -> None:
    table = LookupTable(np.array([0, 51, 255], np.uint16), first=-2, bits=8)
    scale = grey_scale(0, all_present(4), modality=Rescale(1.0, -2.0), voi=table, inverse=False)
    assert scale.greys.tolist() == [0, 13_107, 65_535, 65_535]
    assert scale.window == (0.0, 65_535.0)
    inverted = grey_scale(0, all_present(4), modality=Rescale(1.0, -2.0), voi=table, inverse=True)
    np.testing.assert_allclose(shown(inverted), 1.0 - shown(scale))


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("voi", [None, Window(700, 400), Window(700, 4000), Window(700, 300, "SIGMOID")])
def test_padding_is_black_and_leaves_the_range_alone(inverse: bool, voi: Window | None) -> None:
    present = np.zeros(1501, np.bool_)
    present[[0, 200, 400, 1500]] = True
    scale = grey_scale(500, present, modality=PLAIN, voi=voi, inverse=inverse, padding=(2000, 2000))
    assert shown(scale)[1500] == 0.0
    bare = grey_scale(500, present[:401], modality=PLAIN, voi=voi, inverse=inverse)
    np.testing.assert_allclose(shown(scale)[:401], shown(bare), atol=2e-5)


def test_padding_that_is_the_whole_film_is_no_padding() -> None:
    scale = grey_scale(5, all_present(3), modality=PLAIN, voi=None, inverse=False, padding=(0, 10))
    assert scale.greys.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "voi",
    [
        Window(50, 0),
        Window(50, -3),
        Window(50, 1),
        Window(float("nan"), 10),
        Window(50, float("inf")),
        Window(5000, 10),  # the whole film would be black
        Window(-5000, 10),  # white
        Window(50, 1e9),  # one grey
        Window(50, 0, "SIGMOID"),
        Window(1e300, 1e-300, "SIGMOID"),
        Window(9000, 5, "SIGMOID"),
        LookupTable(np.array([7, 7, 7], np.uint16), first=0, bits=8),
    ],
)
def test_unusable_windows_give_way_to_the_range(voi: Window | LookupTable) -> None:
    scale = grey_scale(0, all_present(101), modality=PLAIN, voi=voi, inverse=False)
    assert scale.window == (0.0, 100.0)
    assert scale.findings == (WINDOW_UNUSABLE,)


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 1.0), (float("nan"), 0.0), (1e300, 0.0), (1.0, float("inf"))])
def test_unusable_scaling_is_left_out(slope: float, intercept: float) -> None:
    scale = grey_scale(0, all_present(101), modality=Rescale(slope, intercept), voi=Window(50, 41), inverse=False)
    assert scale.window == (29.5, 69.5)
    assert scale.findings == (RESCALE_UNUSABLE,)


def test_constant_film_keeps_a_window() -> None:
    scale = grey_scale(9, all_present(1), modality=PLAIN, voi=Window(9, 5), inverse=False)
    assert scale.window[0] < scale.window[1]
    assert scale.findings == (NO_CONTRAST,)
