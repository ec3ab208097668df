from pathlib import Path

import numpy as np
import pytest
from stand_ins import noise_inputs

from pneumo_core.model.classifier import Classifier
from pneumo_core.model.head import load_head
from train.__main__ import main
from train.uncertainty import (
    BASELINE,
    Spreads,
    _changes,
    compare_orders,
    drop,
    helps,
    mutual_information,
    risk_coverage,
    run_head,
)


def test_area_and_accuracy_of_a_hand_made_curve() -> None:
    right, sure = np.array([1, 0, 1, 0, 1.0]), np.array([0.9, 0.5, 0.8, 0.2, 0.7])
    # In the order of the score: right, right, right, wrong, wrong.
    areas, accuracies = risk_coverage(right, sure, np.ones((1, 5)))
    assert areas[0] == pytest.approx((0 + 0 + 0 + 1 / 4 + 2 / 5) / 5)
    assert accuracies[0] == pytest.approx(3 / 4)
    # A resample that drew the fourth film twice and not the second counts as such a list of films.
    weights = np.array([[1, 0, 1, 2, 1.0]])
    areas, accuracies = risk_coverage(right, sure, weights)
    assert areas[0] == pytest.approx((0 + 0 + 0 + 2 * 2 / 5) / 5)


def test_dropout_keeps_the_mean_and_the_head_is_the_bundles(small_classifier: Classifier) -> None:
    random = np.random.default_rng(0)
    pooled = random.normal(1, 1, (400, 1280)).astype(np.float32)
    dropped = drop(pooled, 0.3, random)
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.01)
    head = load_head(small_classifier.bundle)
    np.testing.assert_allclose(run_head(head, pooled[:5]), head(pooled[:5])[0], atol=1e-3)


def test_mutual_information_is_nothing_where_all_agree_and_log_2_where_two_halves_are_sure_of_two_classes() -> None:
    one, other = np.array([1, 0, 0, 0.0]), np.array([0, 1, 0, 0.0])
    even = np.array([0.25] * 4)
    draws = np.array([[one, one, even], [one, other, even]])
    np.testing.assert_allclose(mutual_information(draws), [0, np.log(2), 0], atol=1e-9)


def test_films_are_flipped_and_moved() -> None:
    square = noise_inputs(1)[0]
    same, flipped, moved = _changes(square)
    assert same is square
    np.testing.assert_array_equal(flipped, square[:, ::-1])
    assert moved.shape == square.shape
    np.testing.assert_array_equal(moved[:-8, 8:], square[8:, :-8])
    np.testing.assert_array_equal(moved[:-8, :8], np.repeat(square[8:, :1], 8, axis=1))
    np.testing.assert_array_equal(moved[-8:, 8:], np.repeat(square[-1:, :-8], 8, axis=0))


def make_spreads(tells: bool) -> Spreads:
    """400 films, a quarter answered wrong; the dropout wavers there, or anywhere."""
    random = np.random.default_rng(1)
    wrong = np.arange(400) % 4 == 0
    plain = np.full((400, 4), 0.1)
    plain[:, 0] = 0.7 + random.uniform(0, 0.01, 400)  # says nothing of who is right
    wavers = wrong if tells else random.permutation(wrong)
    dropout = np.repeat(plain[None], 20, axis=0)
    dropout[::2, wavers] = [0.1, 0.7, 0.1, 0.1]
    return Spreads(np.where(wrong, 1, 0), tuple(map(str, range(400))), plain, dropout, plain[None])


def test_a_spread_that_knows_the_errors_helps_and_one_that_does_not_is_no_help() -> None:
    found = compare_orders(make_spreads(tells=True), 0)
    helping = helps({"scores": found})
    assert "dropout: mean probability" in helping
    assert "changed films: mean probability" not in helping
    assert found["dropout: mutual information"]["accuracy"]["value"] == pytest.approx(300 / 320)
    assert found[BASELINE]["accuracy"]["value"] == pytest.approx(0.75, abs=0.03)
    assert helps({"scores": compare_orders(make_spreads(tells=False), 0)}) == []


def test_the_command_writes_a_report_with_its_own_words(
    small_classifier: Classifier,
    private_cache: Path,
    manifest: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_cache))
    out = tmp_path / "new" / "report.md"
    words = ["uncertainty", "--bundle", str(small_classifier.bundle.folder), "--data", str(manifest), "--sample", "3"]
    assert main([*words, "--out", str(out)]) == 0
    text = out.read_text()
    assert "## val: 3 films" in text
    assert "## test: 3 films" in text
    assert BASELINE in text
    assert "dropout: mutual information" in text
    assert f"--out {out}" in text
