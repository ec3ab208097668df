import cv2
import numpy as np
import pytest
from stand_ins import ROOT

from pneumo_core.intake.look import GATE_SIZE, as_gate_input, look_at
from pneumo_core.reading import read_film


def plane(rows: int = 300, columns: int = 400) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    return (0.2 + 0.3 * x / columns + 0.3 * y / rows).astype(np.float32)


def test_a_film_is_squashed_and_stretched() -> None:
    look = look_at(plane())
    assert look.square.shape == (GATE_SIZE, GATE_SIZE)
    assert look.square.dtype == np.float32
    assert (look.square.min(), look.square.max()) == (0.0, 1.0)
    assert look.contrast == pytest.approx(0.55, abs=0.05)
    assert (look.height, look.width) == (300, 400)
    assert look.smoothness > 0.99
    assert as_gate_input(look.square).shape == (GATE_SIZE, GATE_SIZE, 3)
    assert as_gate_input(look.square).max() == 255.0


def test_noise_is_not_smooth_however_large_it_is() -> None:
    random = np.random.default_rng(0)
    for size in (128, 200, 1000):
        assert abs(look_at(random.uniform(0, 1, (size, size)).astype(np.float32)).smoothness) < 0.5


@pytest.mark.parametrize(("value", "black", "white"), [(0.0, 1.0, 0.0), (1.0, 0.0, 1.0), (0.5, 0.0, 0.0)])
def test_a_blank_film_has_no_contrast(value: float, black: float, white: float) -> None:
    look = look_at(np.full((200, 200), value, np.float32))
    assert look.contrast == pytest.approx(0.0, abs=1e-6)
    assert (look.black, look.white) == (black, white)
    assert not look.square.any()


def test_only_the_middle_counts_for_exposure() -> None:
    film = plane(400, 400)
    film[:100], film[-100:], film[:, :100], film[:, -100:] = 0, 0, 0, 0
    assert look_at(film).black == 0.0
    film[100:200] = 1
    assert look_at(film).white == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("size", [32, 48, 64])
@pytest.mark.parametrize("enlarging", [cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_an_enlarged_film_has_little_detail(size: int, enlarging: int) -> None:
    """A phantom as it is, and enlarged from few pixels to its own size."""
    path = ROOT / "assets" / "phantoms" / "phantom-opacity.dcm"
    film = read_film(path.read_bytes(), path.name).pixels
    poor = cv2.resize(
        cv2.resize(film, (size, size), interpolation=cv2.INTER_AREA), film.shape[::-1], None, 0, 0, enlarging
    )
    assert look_at(film).detail > 0.3
    assert look_at(np.clip(poor, 0, 1)).detail < 0.23
