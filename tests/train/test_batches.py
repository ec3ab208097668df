from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from pneumo_core.preprocess import preprocess
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES
from train.batches import ReadingBatches, TrainingBatches
from train.config import FitConfig
from train.data import Films, film_shares, load_films, read_rows
from train.targets import make_targets


@pytest.fixture(scope="module")
def films(manifest: Path) -> Films:
    return load_films([row for row in read_rows(manifest) if row.split == "train"], 64)


CONFIG = FitConfig(data="", size=64, batch_size=5, amplitude_mixing=0.4, seed=7)
WEIGHTS = np.arange(1, 5, dtype=np.float32)


def _batches(films: Films, epoch: int = 0, per_epoch: int = 0, seed: int = 7, **more) -> TrainingBatches:
    config = replace(CONFIG, films_per_epoch=per_epoch, seed=seed)
    return TrainingBatches(films, make_targets(films, config), WEIGHTS, config, epoch, **more)


def _drawn(films: Films, epoch: int, per_epoch: int) -> list[int]:
    return _batches(films, epoch, per_epoch)._order.tolist()


def test_a_batch_is_what_the_network_and_the_loss_expect(films: Films) -> None:
    batches = _batches(films)
    assert len(batches) == 32 // 5
    inputs, targets, weights = batches[2]
    assert inputs.shape == (5, 64, 64, 3)
    assert inputs.dtype == np.float32
    assert inputs.min() >= 0.0
    assert 200 < inputs.max() <= 255.0
    np.testing.assert_array_equal(inputs[..., 0], inputs[..., 2])
    assert set(np.unique(targets)) == {0.0, 1.0}
    np.testing.assert_array_equal(weights, targets.argmax(axis=1) + 1)


def test_batches_do_not_depend_on_what_was_drawn_before(films: Films) -> None:
    forward, backward = _batches(films), _batches(films)
    ahead = [forward[index] for index in range(len(forward))]
    behind = [backward[index] for index in reversed(range(len(backward)))][::-1]
    for one, other in zip(ahead, behind, strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)


def test_mixup_mixes_films_and_what_is_to_be_answered_alike(films: Films) -> None:
    config = replace(CONFIG, augmentation=0.0, amplitude_mixing=0.0)  # the films themselves, flipped or not
    targets = np.random.default_rng(5).dirichlet(np.ones(4), len(films.rows)).astype(np.float32)  # tell each film
    plain = TrainingBatches(films, targets, WEIGHTS, config, 0)
    mixed = TrainingBatches(films, targets, WEIGHTS, replace(config, mixup=0.5), 0)
    partners = next(iter(ReadingBatches(films, 64, len(films.rows))))[0][..., 0]  # [n, 64, 64]
    partners = np.concatenate([partners, partners[:, :, ::-1]])
    shares = []
    for before, after in zip(plain, mixed, strict=True):
        for film, target, was, wanted in zip(after[0], after[1], before[0], before[1], strict=True):
            moved, ways = (film - was)[..., 0], partners - was[..., 0]
            share = (moved * ways).sum((1, 2)) / np.maximum((ways**2).sum((1, 2)), 1e-6)
            misses = np.abs(moved - share[:, None, None] * ways).mean((1, 2))
            found = misses.argmin()
            assert misses[found] < 1.0  # of 255: the films of the reader are not rounded and warped
            expected = wanted + share[found] * (targets[found % len(targets)] - wanted)
            if abs(moved).max() > 1:
                np.testing.assert_allclose(target, expected, atol=0.02)
                shares.append(share[found])
            else:
                np.testing.assert_allclose(target, wanted, atol=0.02)
    assert 5 < len(shares) < 25
    assert 0 < min(shares) < 0.5 < max(shares) <= 1.01


def test_processes_share_a_batch_out(films: Films) -> None:
    whole = _batches(films)[1]
    shares = [_batches(films, processes=2, number=number)[1] for number in range(2)]
    assert [len(share[1]) for share in shares] == [2, 3]
    for part, *parts in zip(whole, *shares, strict=True):
        np.testing.assert_array_equal(part, np.concatenate(parts))


def test_threads_that_make_batches_change_nothing(films: Films) -> None:
    """Steps of SGD on one set of weights: another order, or a batch left out, would end elsewhere."""
    ends = []
    for workers in (1, 3):
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Rescaling(1 / 255), keras.layers.AveragePooling2D(16), keras.layers.Flatten()]
        model = keras.Sequential([keras.Input((64, 64, 3)), *layers, keras.layers.Dense(4)])
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.5), loss, jit_compile=False)
        model.fit(_batches(films, workers=workers), shuffle=False, verbose=0)
        ends.append(model.get_weights()[0])
    np.testing.assert_array_equal(*ends)


def test_epochs_and_seeds_differ(films: Films) -> None:
    first = _batches(films)[0][0]
    assert np.abs(first - _batches(films, epoch=1)[0][0]).mean() > 1
    assert np.abs(first - _batches(films, seed=8)[0][0]).mean() > 1


def test_a_pass_holds_every_film_once(films: Films) -> None:
    assert sorted(_drawn(films, 3, 0)) == list(range(32))


@pytest.mark.parametrize("per_epoch", [12, 20, 50])
def test_an_epoch_of_any_length_draws_all_films_alike(films: Films, per_epoch: int) -> None:
    epochs = [_drawn(films, epoch, per_epoch) for epoch in range(40)]
    assert {len(epoch) for epoch in epochs} == {per_epoch}
    for epoch in epochs:
        assert set(np.bincount(epoch, minlength=32)) <= {per_epoch // 32, per_epoch // 32 + 1}
    often = np.bincount(np.concatenate(epochs), minlength=32) / 40
    assert np.abs(often - per_epoch / 32).max() < 0.35  # four standard deviations of a coin thrown 40 times


def test_shares_balance_the_sources_of_a_class_and_keep_the_classes(films: Films) -> None:
    rows = [replace(row, source="small" if place % 8 == 0 else "large") for place, row in enumerate(films.rows)]
    shares = film_shares(rows, 1.0)
    for film_class in CLASSES:
        held = [place for place, row in enumerate(rows) if row.film_class is film_class]
        assert shares[held].sum() == pytest.approx(len(held) / len(rows))
        by_source = [
            sum(shares[place] for place in held if rows[place].source == source) for source in ("small", "large")
        ]
        if all(by_source):
            assert by_source[0] == pytest.approx(by_source[1])
    np.testing.assert_allclose(film_shares(rows, 0.0), 1 / len(rows))


def test_classes_are_drawn_alike_and_a_film_drawn_again_gets_another_variant(films: Films) -> None:
    rows = [row for row in films.rows if row.film_class is not CLASSES[0]] + [films.rows[0]]
    shares = film_shares(rows, 0.0, 1.0)
    for film_class in {row.film_class for row in rows}:
        assert shares[[row.film_class is film_class for row in rows]].sum() == pytest.approx(1 / 4)
    batches = _batches(films, per_epoch=80)  # of 32 films
    shown = np.concatenate([inputs[..., 0] for inputs, _, _ in batches])
    for film in (batches._order[0], batches._order[1]):
        variants = shown[batches._order == film]
        assert len(variants) in (2, 3)
        assert np.abs(variants[0] - variants[1]).mean() > 1


def test_the_network_validates_on_what_the_reader_shows_it(films: Films) -> None:
    batches = ReadingBatches(films, 64, 10)
    assert len(batches) == 4
    (last,) = batches[3]
    assert last.shape == (2, 64, 64, 3)
    row = films.rows[31]
    expected = preprocess(read_film(row.path.read_bytes(), row.name).pixels, 64)
    # The films in memory are rounded to 8 bits before the grey range is stretched.
    assert np.abs(last[1] - expected).max() < 3.0
