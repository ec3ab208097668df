import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from stand_ins import noise_films, noise_inputs

from pneumo_core.explain.ablationcam import ablationcam_grids
from pneumo_core.explain.eigencam import eigencam_grids
from pneumo_core.explain.gradcam import gradcam_grids
from pneumo_core.explain.gradcam_plus_plus import gradcam_plus_plus_grids
from pneumo_core.explain.layercam import layercam_grids
from pneumo_core.explain.methods import METHODS, Evidence, Explainer
from pneumo_core.explain.occlusion import occlusion_grids
from pneumo_core.explain.with_gradient import WITH_GRADIENT
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.gradient_network import GradientNetwork, Slopes
from pneumo_core.model.head import Head, Stage, load_head
from pneumo_core.types import Float32


def make_head(rng: np.random.Generator, widths: tuple[int, ...]) -> Head:
    """A random head: BatchNorm, Dense, ReLU, ... , Dense."""
    pairs = itertools.pairwise(widths)
    draw = rng.normal
    stages = [Stage(1 + 0.1 * draw(size=i), draw(size=i), draw(size=(i, o)), draw(size=o)) for i, o in pairs]
    return Head(tuple(Stage(*(v.astype(np.float32) for v in vars(stage).values())) for stage in stages))


def in_keras(head: Head, feature_map: Float32) -> tuple[tf.Tensor, tf.Tensor]:
    """(logits [4], their gradients [4, h, w, K] with respect to every cell) by automatic differentiation."""
    features = tf.constant(feature_map)
    with tf.GradientTape() as tape:
        tape.watch(features)
        x = keras.ops.mean(features, axis=(0, 1))
        for position, stage in enumerate(head.stages):
            x = keras.ops.relu(x) if position else x
            x = keras.ops.matmul((x * stage.scale + stage.shift)[None], stage.kernel)[0] + stage.bias
    return x, tape.jacobian(x, features)


@pytest.fixture
def feature_map() -> Float32:
    return np.random.default_rng(3).normal(0.3, 1, (3, 5, 7)).astype(np.float32)


@pytest.fixture
def head() -> Head:
    return make_head(np.random.default_rng(4), (7, 9, 6, 4))


def test_hirescam_and_layercam_of_the_tape(feature_map: Float32, head: Head) -> None:
    _, gradient = head(feature_map.mean(axis=(0, 1))[None])
    cells = in_keras(head, feature_map)[1].numpy()
    hirescam = (cells * feature_map).sum(axis=-1)
    np.testing.assert_allclose(gradcam_grids(feature_map, gradient[0]), hirescam, atol=1e-5)
    layercam = (np.maximum(cells, 0) * feature_map).sum(axis=-1)
    np.testing.assert_allclose(layercam_grids(feature_map, gradient[0]), layercam, atol=1e-5)
    assert np.abs(hirescam - layercam).max() > 0.1


def test_gradcam_plus_plus_of_the_tape(feature_map: Float32, head: Head) -> None:
    feature_map = np.abs(feature_map)
    _, gradient = head(feature_map.mean(axis=(0, 1))[None])
    g = in_keras(head, feature_map)[1].numpy().astype(np.float64)  # [4, h, w, K]
    below = 2 * g**2 + feature_map.sum(axis=(0, 1)) * g**3
    weights = (g**2 / below * np.maximum(g, 0)).sum(axis=(1, 2))  # [4, K]
    expected = np.einsum("hwk,ck->chw", feature_map, weights)
    np.testing.assert_allclose(gradcam_plus_plus_grids(feature_map, gradient[0]), expected, atol=1e-5)


@pytest.mark.parametrize("widths", [(7, 4), (7, 9, 6, 4)])
def test_ablationcam_runs_the_head_without_each_channel(feature_map: Float32, widths: tuple[int, ...]) -> None:
    head = make_head(np.random.default_rng(5), widths)
    expected = np.zeros((4, 3, 5), np.float32)
    whole, _ = head(feature_map.mean(axis=(0, 1))[None])
    for channel in range(7):
        without = feature_map.copy()
        without[..., channel] = 0
        logits, _ = head(without.mean(axis=(0, 1))[None])
        expected += (whole - logits)[0][:, None, None] * feature_map[..., channel]
    np.testing.assert_allclose(ablationcam_grids(feature_map, head), expected, atol=1e-4)


def test_eigencam_is_the_first_component_with_a_positive_sum(feature_map: Float32) -> None:
    cells = feature_map.reshape(15, 7)
    expected = (cells @ np.linalg.svd(cells)[2][0]).reshape(3, 5)
    expected *= np.sign(expected.sum())
    for grid in eigencam_grids(feature_map):
        np.testing.assert_allclose(grid, expected, atol=1e-5)


class TileEngine:
    """An engine whose feature map is the mean grey of each of 8 x 8 tiles."""

    name = "openvino"

    def feature_map(self, batch: Float32) -> Float32:
        size = batch.shape[1] // 8
        return batch[..., :1].reshape(len(batch), 8, size, 8, size, 1).mean(axis=(2, 4))


def test_occlusion_finds_the_only_bright_place() -> None:
    square = np.zeros((64, 64, 3), np.float32)
    square[16:24, 40:48] = 255  # the tile in row 2, column 5
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    head = Head((Stage(one, zero, np.array([[1, -1, 0, 2]], np.float32), np.zeros(4, np.float32)),))
    engine = TileEngine()
    logits, _ = head(engine.feature_map(square[None]).mean(axis=(1, 2)))
    grids = occlusion_grids(square, logits[0], engine, head)
    assert grids.shape == (4, 8, 8)
    assert np.unravel_index(grids[0].argmax(), (8, 8)) == (2, 5)
    near = grids[0][1:4, 4:7]
    assert near.min() > 0
    assert np.delete(grids[0], [1, 2, 3], axis=0).max() < 0
    np.testing.assert_allclose(grids[1:], [-grids[0], 0 * grids[0], 2 * grids[0]], atol=1e-5)


def test_every_method_maps_a_film_and_gradcam_is_the_readings(small_classifier: Classifier) -> None:
    film = noise_films(1)[0]
    [reading] = small_classifier.read([film])
    explainer = Explainer(small_classifier)
    for name in METHODS:
        maps = explainer.maps(film, name)
        assert [heatmap.film_class for heatmap in maps] == [heatmap.film_class for heatmap in reading.heatmaps]
        assert {heatmap.method for heatmap in maps} == {name}
        assert maps[0].box == reading.heatmaps[0].box
        assert maps[0].scale == max(float(np.abs(heatmap.grid).max()) for heatmap in maps) > 0
    for ours, theirs in zip(explainer.maps(film, "Grad-CAM"), reading.heatmaps, strict=True):
        np.testing.assert_allclose(ours.grid, theirs.grid, atol=1e-5 * theirs.scale)
    with pytest.raises(ValueError, match="one of Grad-CAM, "):
        explainer.maps(film, "CAM of cams")


class CountingEngine:
    """Counts the films that it computes."""

    name = "openvino"

    def __init__(self, classifier: Classifier) -> None:
        self._engine, self.films = classifier.engine, 0

    def feature_map(self, batch: Float32) -> Float32:
        self.films += len(batch)
        return self._engine.feature_map(batch)


class CountingNetwork:
    """Counts how often the network with its gradients runs."""

    def __init__(self, network: GradientNetwork) -> None:
        self._network, self.runs = network, 0

    def __call__(self, square: Float32) -> Slopes:
        self.runs += 1
        return self._network(square)


def test_the_price_is_what_is_run(small_classifier: Classifier, small_network: GradientNetwork) -> None:
    head = load_head(small_classifier.bundle)
    counted = {}
    for name, method in METHODS.items():
        engine, network = CountingEngine(small_classifier), CountingNetwork(small_network)

        def with_gradient(name: str, square: Float32, network: CountingNetwork = network) -> Float32:
            return WITH_GRADIENT[name](network, square)

        method.grids(Evidence.gather(noise_inputs(1)[0], engine, head, with_gradient))
        counted[name] = network.runs
        assert engine.films + 7 * network.runs == method.passes
    assert {name: runs for name, runs in counted.items() if runs} == {"LayerCAM, fused": 1, "Integrated gradients": 32}
