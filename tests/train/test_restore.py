from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_training import draw_film

from pneumo_core.errors import RunError
from pneumo_core.reading import read_film
from pneumo_core.types import FilmClass
from train.restore import SIDE, RestoreConfig, Restorer, degrade, fit_restorer
from train.run import RunDirectory


@pytest.fixture(scope="module")
def square() -> np.ndarray:
    return cv2.resize(draw_film(FilmClass.NORMAL, 3), (SIDE, SIDE))


def test_degrading_keeps_the_film_and_takes_its_detail(square: np.ndarray) -> None:
    film = square.astype(np.float32) / np.float32(255.0)
    for seed in range(30):
        poor = degrade(square, np.random.default_rng(seed))
        assert poor.shape == film.shape
        assert poor.dtype == np.float32
        assert 0.0 <= poor.min() <= poor.max() <= 1.0
        assert np.corrcoef(poor.ravel(), film.ravel())[0, 1] > 0.8
        assert np.abs(poor - film).mean() > 1e-4
    np.testing.assert_array_equal(degrade(square, np.random.default_rng(1)), degrade(square, np.random.default_rng(1)))


def test_a_trained_restorer_restores_and_gives_films(manifest: Path, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "restorer")
    errors = fit_restorer(run, RestoreConfig(str(manifest), films=480))
    assert errors["after"] < errors["before"]
    film = read_film(cv2.imencode(".png", draw_film(FilmClass.VIRAL, 5))[1].tobytes(), "film.png")
    (restored,) = Restorer(run)([film])
    assert restored.grey.shape == (SIDE, SIDE)
    assert restored.digest == film.digest
    shrunk = cv2.resize(film.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(restored.pixels.ravel(), shrunk.ravel())[0, 1] > 0.9


def test_a_run_of_another_kind_is_refused(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "other")
    run.create({"settings": {}})
    with pytest.raises(RunError, match="no trained restorer"):
        Restorer(run)
