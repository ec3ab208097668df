import keras
import numpy as np
import pytest
import tensorflow as tf
from stand_ins import noise_films

from pneumo_core.explain.gradcam import heatmaps
from pneumo_core.model.architecture import FEATURE_LAYER
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.head import load_head
from pneumo_core.model.restore import restore_model
from pneumo_core.preprocess import preprocess
from pneumo_core.types import CLASSES, Float32, Heatmap, Radiograph


class TapeGradCam:
    """The paper's method by automatic differentiation through the Keras model, without its ReLU."""

    def __init__(self, model: keras.Model) -> None:
        self._model = keras.Model(model.input, [model.get_layer(FEATURE_LAYER).output, model.output])

    def __call__(self, film: Radiograph) -> tuple[Float32, Float32]:
        """(feature map float32 [h, w, K], maps float32 [4, h, w])."""
        with tf.GradientTape(persistent=True) as tape:
            features, logits = self._model(preprocess(film.pixels)[None], training=False)
            each = [logits[0, column] for column in range(4)]
        weights = [tf.reduce_mean(tape.gradient(logit, features), axis=(1, 2)) for logit in each]  # [1, K] each
        return features[0].numpy(), np.stack([np.einsum("hwk,k->hw", features[0], weight[0]) for weight in weights])


def assert_maps_are_the_tapes(ours: tuple[Heatmap, ...], tapes: Float32) -> None:
    for heatmap, grid in zip(ours, tapes, strict=True):
        assert np.abs(heatmap.grid - grid).max() < 1e-4 * np.ptp(grid)


def test_the_maps_are_those_of_the_gradient_tape(small_bundle: Bundle) -> None:
    oracle, head = TapeGradCam(restore_model(small_bundle)), load_head(small_bundle)
    for film in noise_films(6):
        feature_map, expected = oracle(film)
        _, gradients = head(feature_map.mean(axis=(0, 1))[None])
        assert_maps_are_the_tapes(heatmaps(feature_map, gradients[0], film), expected)


@pytest.mark.films
def test_the_shipped_models_maps_are_those_of_the_gradient_tape(
    shipped_classifier: Classifier, test_films: list[Radiograph]
) -> None:
    oracle = TapeGradCam(restore_model(shipped_classifier.bundle))
    films = test_films[:20]
    for film, reading in zip(films, shipped_classifier.read(films), strict=True):
        assert_maps_are_the_tapes(reading.heatmaps, oracle(film)[1])


def test_the_maps_add_up_to_the_logit_of_a_linear_head() -> None:
    rng = np.random.default_rng(0)
    feature_map = rng.normal(size=(3, 5, 7)).astype(np.float32)
    kernel = rng.normal(size=(7, 4)).astype(np.float32)
    maps = heatmaps(feature_map, kernel.T, noise_films(1)[0])
    logits = feature_map.mean(axis=(0, 1)) @ kernel
    np.testing.assert_allclose([heatmap.grid.sum() for heatmap in maps], logits, atol=1e-5)


def test_a_cell_is_the_weighted_sum_of_its_channels_with_its_sign() -> None:
    feature_map = np.zeros((2, 3, 2), np.float32)
    feature_map[0, 1] = (1, 2)
    feature_map[1, 2] = (3, 0)
    gradient = np.array([[6, 0], [-6, 0], [0, 12], [0, 0]], np.float32)
    maps = heatmaps(feature_map, gradient, noise_films(1)[0])
    expected = np.zeros((4, 2, 3), np.float32)
    expected[:, 0, 1] = (1, -1, 4, 0)
    expected[:, 1, 2] = (3, -3, 0, 0)
    np.testing.assert_allclose([heatmap.grid for heatmap in maps], expected, atol=1e-6)
    assert [heatmap.has_positive for heatmap in maps] == [True, False, True, False]
    assert [heatmap.film_class for heatmap in maps] == list(CLASSES)


def test_one_scale_holds_for_all_classes_and_the_grid_covers_the_film() -> None:
    film = noise_films(2)[1]
    feature_map = np.abs(np.random.default_rng(1).normal(size=(4, 4, 3))).astype(np.float32)
    gradient = np.array([[1, 1, 1], [-5, -5, -5], [0.1, 0, 0], [0, 0, 0]], np.float32)
    maps = heatmaps(feature_map, gradient, film)
    assert {heatmap.scale for heatmap in maps} == {float(np.abs(maps[1].grid).max())}
    assert {heatmap.box for heatmap in maps} == {(0.0, 0.0, float(film.width), float(film.height))}
