"""The parts of making the intake gate that need no film and no training."""

import numpy as np
import pytest

from pneumo_core.intake.gate import KINDS, SCORES
from train.intake import choose_thresholds
from train.intake_network import distances, fit_distance
from train.intake_pictures import DRAWN, add_marks, compose_lateral, crop_half, crop_patch, shuffle_film
from train.intake_samples import compose, vary_films

SIZE = 128


def film(seed: int) -> np.ndarray:
    """A film with a bright left, which tells how it was turned; uint8 [S, S]."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(220, 30, SIZE)[None].repeat(SIZE, axis=0)
    return np.clip(ramp + random.normal(0, 5, (SIZE, SIZE)), 0, 255).astype(np.uint8)


def test_thresholds_spare_val_and_mean_something() -> None:
    random = np.random.default_rng(0)
    scores = [
        {name: float(value) for name, value in zip(SCORES, random.beta(0.05, 5, len(SCORES)), strict=True)}
        | {"distance": float(random.gamma(50, 0.2))}
        for _ in range(2000)
    ]
    found = choose_thresholds(scores)
    assert set(found) == set(SCORES)
    for name, limits in found.items():
        values = np.array([score[name] for score in scores])
        assert (values >= limits["caution"]).mean() <= 0.0105
        if limits["refuse"] is not None:
            assert limits["refuse"] >= limits["caution"]
            assert (values >= limits["refuse"]).mean() <= 0.001
    assert found["marks"]["refuse"] is None
    assert choose_thresholds([dict.fromkeys(SCORES, 0.0)] * 10)["inverted"] == {"caution": 0.15, "refuse": 0.6}


def test_the_distance_is_mahalanobis_to_the_nearest_group() -> None:
    random = np.random.default_rng(1)
    mixing = random.normal(size=(5, 5))
    pooled = np.concatenate([random.normal(size=(400, 5)) @ mixing, random.normal(size=(400, 5)) @ mixing + 20])
    groups = ["a"] * 400 + ["b"] * 400
    matrix, means = fit_distance(pooled.astype(np.float32), groups)
    centres = [pooled[:400].mean(axis=0), pooled[400:].mean(axis=0)]
    covariance = np.cov(np.concatenate([pooled[:400] - centres[0], pooled[400:] - centres[1]]).T)
    inverse = np.linalg.inv(0.95 * covariance + 0.05 * np.eye(5) * np.trace(covariance) / 5)
    expected = [min(np.sqrt((x - c) @ inverse @ (x - c)) for c in centres) for x in pooled[::100]]
    np.testing.assert_allclose(distances(pooled[::100].astype(np.float32), matrix, means), expected, rtol=1e-2)


@pytest.mark.parametrize("draw", [compose_lateral, shuffle_film, add_marks, crop_half, crop_patch])
def test_composed_pictures_are_squares_that_the_seed_repeats(draw: object) -> None:
    first, again, other = (draw(film(3), np.random.default_rng(seed)) for seed in (5, 5, 6))  # type: ignore[operator]
    assert (first.dtype, first.shape) == (np.uint8, (SIZE, SIZE))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != film(3)).any()


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_pictures_are_squares_that_show_something(name: str) -> None:
    pictures = [DRAWN[name](SIZE, np.random.default_rng(seed)) for seed in range(10)]
    assert {(picture.dtype, picture.shape) for picture in pictures} == {(np.dtype(np.uint8), (SIZE, SIZE))}
    assert min(picture.std() for picture in pictures) > 3


def test_labels_say_what_was_done_to_a_film() -> None:
    samples = vary_films([(film(seed), 1) for seed in range(150)], np.random.default_rng(2))
    assert len(samples) == 450
    assert all(sample.square.shape == (SIZE, SIZE) for sample in samples)
    np.testing.assert_array_equal(samples[0].square, film(0))
    assert (samples[0].kind, samples[0].turn, samples[0].inverted, samples[0].cut, samples[0].child) == (0, 0, 0, 0, 1)
    turned = [sample for sample in samples[2::3] if sample.turn in (1, 3)]
    upright = [sample for sample in samples[2::3] if sample.turn == 0]
    for sample in turned:  # the slope of the greys runs along the other direction
        columns, rows = np.ptp(sample.square.mean(axis=0)), np.ptp(sample.square.mean(axis=1))
        assert rows > columns
    assert len(turned) > 20
    assert len(upright) > 10
    assert {sample.cut for sample in samples} == {0, 1}
    assert {sample.kind for sample in samples} == {-1, KINDS.index("frontal")}
    others = {KINDS[sample.kind] for sample in compose([film(seed) for seed in range(30)], np.random.default_rng(3))}
    assert others == {"lateral", "other_part", "picture"}
