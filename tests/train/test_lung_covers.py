from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumo_core.preprocess import to_square
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES
from train.batches import TrainingBatches
from train.config import FitConfig
from train.data import FilmRow, Films
from train.lung_covers import LungCovers
from train.targets import make_targets

PHANTOMS = sorted((Path(__file__).resolve().parents[2] / "assets" / "phantoms").glob("*.dcm"))
CONFIG = FitConfig(data="", size=64, batch_size=len(PHANTOMS), augmentation=0.0, seed=3)
WEIGHTS = np.full(4, 2.0, np.float32)


@pytest.fixture(scope="module")
def films() -> Films:
    """The phantoms, and last a film that is all grey."""
    squares = [to_square(read_film(path.read_bytes(), path.name).pixels, 128) for path in PHANTOMS]
    squares.append(np.full((128, 128), 0.5, np.float32))
    rows = (FilmRow(Path(), str(n), CLASSES[n % 4], str(n), "train") for n in range(len(squares)))
    return Films(tuple(rows), np.round(np.stack(squares) * 255).astype(np.uint8))


@pytest.fixture(scope="module")
def covers(films: Films) -> LungCovers:
    return LungCovers(films.squares)


def test_what_one_cover_hides_the_other_shows(films: Films, covers: LungCovers) -> None:
    for film in range(len(PHANTOMS)):
        square = films.squares[film].copy()
        outside = covers.without_lungs(films.squares[film], film, np.random.default_rng(film))
        inside = covers.only_lungs(films.squares[film], film, np.random.default_rng(film))
        assert outside is not None
        assert inside is not None
        hidden = outside != square
        assert 0.05 < hidden.mean() < 0.7
        assert not (hidden & (inside != square)).any()
        rows, columns = np.nonzero(hidden)
        assert 30 < rows.mean() < 98
        assert 30 < columns.mean() < 98
        np.testing.assert_array_equal(films.squares[film], square)


def test_where_no_lungs_are_found_nothing_is_covered(films: Films, covers: LungCovers) -> None:
    last = len(films.rows) - 1
    assert covers.without_lungs(films.squares[last], last, np.random.default_rng(0)) is None
    assert covers.only_lungs(films.squares[last], last, np.random.default_rng(0)) is None


def _batch(films: Films, covers: LungCovers, **shares: float) -> tuple[np.ndarray, ...]:
    """All films in one batch, in their own order."""
    config = replace(CONFIG, batch_size=len(films.rows), **shares)
    batches = TrainingBatches(films, make_targets(films, config), WEIGHTS, config, 0, covers)
    order = np.argsort(batches._order)
    return tuple(part[order] for part in batches[0])


def test_a_film_without_lungs_is_to_get_no_answer(films: Films, covers: LungCovers) -> None:
    _, targets, weights = _batch(films, covers, lungs_covered=1.0)
    np.testing.assert_array_equal(targets[:-1], 0.25)
    np.testing.assert_array_equal(weights[:-1], 1.0)
    # The grey film has none to cover, so its label stands.
    assert targets[-1].argmax() == films.labels[-1]
    assert weights[-1] == 2.0


def test_a_film_of_lungs_alone_keeps_its_label(films: Films, covers: LungCovers) -> None:
    plain, targets, _ = _batch(films, covers)
    covered, same, weights = _batch(films, covers, only_lungs=1.0)
    np.testing.assert_array_equal(same, targets)
    np.testing.assert_array_equal(weights, 2.0)
    assert (np.abs(covered - plain).mean(axis=(1, 2, 3))[:-1] > 2).all()
