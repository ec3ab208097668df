import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from stand_ins import noise_films, noise_inputs

from pneumo_core.errors import EngineError
from pneumo_core.explain.gradient_process import GradientProcess
from pneumo_core.explain.integrated import CELLS, even_grey, integrate, integrated_grids, noises
from pneumo_core.explain.layercam import fuse, fused_layercam_grids, layercam_at
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.gradient_network import GradientNetwork, Slopes
from pneumo_core.preprocess import preprocess
from pneumo_core.processes import process_start
from pneumo_core.types import Float32


class Quadratic:
    """A network whose logits are known: class c is w_c . x^2 of the mean channel."""

    def __init__(self, weights: Float32) -> None:
        self._weights = weights  # [4, S, S]

    def __call__(self, square: Float32) -> Slopes:
        grey = square.mean(axis=-1)
        slope = 2 * self._weights * grey
        return Slopes(
            (self._weights * grey**2).sum(axis=(1, 2)),
            np.repeat(slope[..., None] / 3, 3, axis=-1).astype(np.float32),
            (),
        )


def test_shares_of_a_quadratic_are_exact_in_two_steps() -> None:
    random = np.random.default_rng(1)
    weights = random.normal(size=(4, 32, 32)).astype(np.float32)
    square = np.repeat(random.uniform(0, 255, (32, 32, 1)), 3, axis=-1).astype(np.float32)
    shares = integrate(Quadratic(weights), square, [np.float32(0)] * 2)
    expected = weights * (square[..., 0] ** 2 - square.mean() ** 2)
    np.testing.assert_allclose(shares, expected, rtol=1e-4, atol=0.5)


def test_shares_sum_up_to_the_change_of_the_logits(small_network: GradientNetwork) -> None:
    square = noise_inputs(3)[2]
    change = small_network(square).logits - small_network(even_grey(square)).logits
    shares = integrate(small_network, square, [np.float32(0)] * 64)
    np.testing.assert_allclose(shares.sum(axis=(1, 2)), change, atol=0.02 * np.abs(change).max())


def test_the_shipped_models_shares_sum_up_within_a_fifth(shipped_bundle: Bundle, phantom: Float32) -> None:
    network = GradientNetwork(shipped_bundle)
    grains = noises(phantom.shape[0])
    films = np.mean([network(phantom + grain).logits for grain in grains[:8]], axis=0)
    evens = np.mean([network(even_grey(phantom) + grain).logits for grain in grains[:8]], axis=0)
    grids = integrated_grids(network, phantom)
    assert grids.shape == (4, CELLS, CELLS)
    np.testing.assert_allclose(grids.sum(axis=(1, 2)), films - evens, atol=0.2 * np.abs(films - evens).max())


def test_fusing_takes_the_largest_share_and_lifts_shallow_maps() -> None:
    shallow, last = np.zeros((4, 4, 4), np.float32), np.zeros((4, 2, 2), np.float32)
    shallow[0, 0, 0], shallow[1, 3, 3], shallow[2] = 8, 2, -1
    last[0, 1, 1], last[3, 0, 0] = 5, 2.5
    fused = fuse([shallow, last])
    assert fused.shape == (4, 4, 4)
    assert fused[0, 0, 0] == pytest.approx(np.tanh(2))
    assert fused[1, 3, 3] == pytest.approx(np.tanh(0.5))  # the scale is common to all classes
    assert fused[0, 3, 3] == pytest.approx(1)
    assert fused[3, 0, 0] == pytest.approx(0.5)
    assert not fused[2].any()


def test_fusing_the_last_map_alone_is_its_positive_part(small_network: GradientNetwork) -> None:
    last = layercam_at(small_network(noise_inputs(1)[0]).depths[-1])
    np.testing.assert_allclose(fuse([last]) * last.max(), np.maximum(last, 0), atol=1e-5 * last.max())


@pytest.fixture
def beside(small_classifier: Classifier, private_cache: Path, monkeypatch: pytest.MonkeyPatch) -> GradientProcess:
    """A process for the TEST OBJECT."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_cache))
    process = GradientProcess(small_classifier.bundle.folder)
    yield process
    process.close()


def test_another_process_makes_the_same_maps(beside: GradientProcess, small_network: GradientNetwork) -> None:
    square = noise_inputs(1)[0]
    expected = fused_layercam_grids(small_network, square)
    np.testing.assert_allclose(beside.grids("LayerCAM, fused", square), expected, atol=1e-5)
    first = beside.pid
    assert beside.grids("LayerCAM, fused", square).shape == (4, 32, 32)
    assert beside.pid == first != os.getpid()
    beside.close()
    assert process_start(first) == ""


def test_a_process_that_was_killed_is_started_anew(beside: GradientProcess) -> None:
    square = noise_inputs(1)[0]
    before = beside.grids("LayerCAM, fused", square)
    first = beside.pid
    os.kill(first, signal.SIGKILL)
    np.testing.assert_array_equal(beside.grids("LayerCAM, fused", square), before)
    assert beside.pid != first


def test_an_idle_process_ends_by_itself(
    small_classifier: Classifier, private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_cache))
    beside = GradientProcess(small_classifier.bundle.folder, idle_seconds=0.5)
    square = noise_inputs(1)[0]
    before = beside.grids("LayerCAM, fused", square)
    deadline = time.monotonic() + 20
    while process_start(beside.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process_start(beside.pid) == ""
    np.testing.assert_array_equal(beside.grids("LayerCAM, fused", square), before)
    beside.close()


def test_a_process_ends_with_whoever_asked_it(small_classifier: Classifier, private_cache: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(private_cache))
        beside = GradientProcess(small_classifier.bundle.folder)
        beside.grids("LayerCAM, fused", noise_inputs(1)[0])
    pid = beside.pid
    del beside
    assert process_start(pid) == ""


def test_why_there_is_no_map_is_told(tmp_path: Path) -> None:
    beside = GradientProcess(tmp_path / "none")
    with pytest.raises(EngineError, match="none"):
        beside.grids("LayerCAM, fused", noise_inputs(1)[0])
    beside.close()
    nowhere = GradientProcess(tmp_path)
    nowhere._command = ["/nowhere/python"]
    with pytest.raises(EngineError, match="can not be started: No such file"):
        nowhere.grids("LayerCAM, fused", noise_inputs(1)[0])
    short = GradientProcess(tmp_path)
    short._command = ["/bin/true"]
    with pytest.raises(EngineError, match="has ended"):
        short.grids("LayerCAM, fused", noise_inputs(1)[0])


@pytest.fixture
def phantom() -> Float32:
    """A film of noise as the shipped network's input."""
    return preprocess(noise_films(2)[1].pixels, 256)
