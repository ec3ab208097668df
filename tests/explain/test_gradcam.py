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
    """The paper's method by automatic differentiation through the Keras layers of the head, without its ReLU."""

    def __init__(self, model: keras.Model) -> None:
        feature_layer = model.get_layer(FEATURE_LAYER)
        self._extractor = keras.Model(model.input, feature_layer.output)
        self._rest = keras.Model(feature_layer.output, model.output)

    def __call__(self, films: list[Radiograph]) -> list[tuple[Float32, Float32]]:
        """(feature map float32 [h, w, K], maps float32 [4, h, w]) of each film."""
        inputs = np.stack([preprocess(film.trimmed().pixels) for film in films])
        return [(feature_map, self._maps(feature_map)) for feature_map in self._extractor.predict(inputs, verbose=0)]

    def _maps(self, feature_map: Float32) -> Float32:
        features = tf.constant(feature_map[None])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(features)
            logits = self._rest(features, training=False)
            each = [logits[0, column] for column in range(4)]
        weights = [tf.reduce_mean(tape.gradient(logit, features), axis=(1, 2)) for logit in each]  # [1, K] each
        return np.stack([np.einsum("hwk,k->hw", feature_map, weight[0]) for weight in weights])


def largest_difference(ours: tuple[Heatmap, ...], tapes: Float32) -> float:
    """Of the four maps, as a share of each one's range."""
    pairs = zip(ours, tapes, strict=True)
    return max(float(np.abs(heatmap.grid - grid).max() / np.ptp(grid)) for heatmap, grid in pairs)


def assert_closed_form_is_the_tapes(bundle: Bundle, films: list[Radiograph]) -> list[Float32]:
    """All four maps of every film within 1e-4 of their range; returns the tape's maps."""
    oracle, head = TapeGradCam(restore_model(bundle)), load_head(bundle)
    tapes = oracle(films)
    for film, (feature_map, expected) in zip(films, tapes, strict=True):
        _, gradients = head(feature_map.mean(axis=(0, 1))[None])
        assert largest_difference(heatmaps(feature_map, gradients[0], film), expected) < 1e-4
    return [maps for _, maps in tapes]


def test_the_maps_are_those_of_the_gradient_tape(small_bundle: Bundle) -> None:
    assert_closed_form_is_the_tapes(small_bundle, noise_films(6))


@pytest.mark.films
def test_the_shipped_models_maps_are_those_of_the_gradient_tape(
    shipped_classifier: Classifier, test_films: list[Radiograph]
) -> None:
    films = test_films[:20]
    tapes = assert_closed_form_is_the_tapes(shipped_classifier.bundle, films)
    readings = shipped_classifier.read(films)
    differences = [largest_difference(reading.heatmaps, maps) for reading, maps in zip(readings, tapes, strict=True)]
    assert max(differences) < 1e-4


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
