import keras
import numpy as np
import pytest
import tensorflow as tf
from stand_ins import noise_inputs

from pneumo_core.errors import EngineError
from pneumo_core.explain.layercam import layercam_at, layercam_grids
from pneumo_core.model.architecture import FEATURE_LAYER
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.gradient_network import GradientNetwork
from pneumo_core.model.head import load_head
from pneumo_core.model.openvino_engine import SETTINGS, import_openvino
from pneumo_core.model.restore import restore_model
from pneumo_core.model.reverse_mode import pull_back
from pneumo_core.types import Float32

# The last values of a size in keras.applications' EfficientNets, 32 x 32 and 16 x 16 at 256 pixels.
DEPTH_LAYERS = ("block4a_expand_activation", "block6a_expand_activation", FEATURE_LAYER)


def test_logits_and_gradients_are_those_of_the_tape(small_bundle: Bundle, small_network: GradientNetwork) -> None:
    model = restore_model(small_bundle)
    both = keras.Model(model.input, [model.output, *(model.get_layer(name).output for name in DEPTH_LAYERS)])
    square = noise_inputs(2)[1]
    films = tf.constant(square[None])
    with tf.GradientTape() as tape:
        tape.watch(films)
        logits, *depths = both(films, training=False)
    pixels, *gradients = tape.jacobian(logits, [films, *depths])
    ours = small_network(square)
    np.testing.assert_allclose(ours.logits, logits[0], atol=1e-3)
    close_in_range(ours.pixels, pixels.numpy()[0, :, 0])
    assert [depth.values.shape[:2] for depth in ours.depths] == [(32, 32), (16, 16), (8, 8)]
    for depth, values, gradient in zip(ours.depths, depths, gradients, strict=True):
        close_in_range(depth.values, values.numpy()[0])
        close_in_range(depth.gradient, gradient.numpy()[0, :, 0])


def close_in_range(ours: Float32, theirs: Float32) -> None:
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.ptp(theirs))


def test_the_last_depth_gives_the_engines_logits_and_layercam(
    small_classifier: Classifier, small_network: GradientNetwork
) -> None:
    check_against_engine(small_classifier, small_network, noise_inputs(1)[0])


def test_the_shipped_model_agrees_with_its_engine(shipped_classifier: Classifier) -> None:
    check_against_engine(shipped_classifier, GradientNetwork(shipped_classifier.bundle), noise_inputs(1)[0])


def check_against_engine(classifier: Classifier, network: GradientNetwork, square: Float32) -> None:
    feature_map = classifier.engine.feature_map(square[None])[0]
    logits, gradient = load_head(classifier.bundle)(feature_map.mean(axis=(0, 1))[None])
    ours = network(square)
    np.testing.assert_allclose(ours.logits, logits[0], atol=1e-3)
    expected = layercam_grids(feature_map, gradient[0])
    np.testing.assert_allclose(layercam_at(ours.depths[-1]), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("side", [8, 9, 11])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 4])
def test_the_gradient_of_a_convolution(side: int, stride: int, groups: int) -> None:
    openvino = import_openvino()
    ops, random = openvino.opset13, np.random.default_rng(side)
    film = ops.parameter([1, 4, side, side], np.float32)
    shape = (6, 4, 3, 3) if groups == 1 else (4, 1, 1, 3, 3)
    kernel = ops.constant(random.normal(size=shape).astype(np.float32))
    run = ops.convolution if groups == 1 else ops.group_convolution
    value = run(film, kernel, [stride, stride], [0, 0], [1, 1], [1, 1]).output(0)
    length = list(value.get_shape())
    cotangent = random.normal(size=(2, *length[1:])).astype(np.float32)
    [gradient] = pull_back(value, ops.constant(cotangent).output(0), [film.output(0)])
    network = openvino.Core().compile_model(openvino.Model([value, gradient], [film], "test"), "CPU", SETTINGS)
    squares = random.normal(size=(1, 4, side, side)).astype(np.float32)
    change = random.normal(size=squares.shape).astype(np.float32)
    before, slope = (np.array(part) for part in network([squares]).values())
    after = np.array(network([squares + change])[0])
    # A convolution is linear: the slope tells any change exactly.
    told = (slope * change).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(told, (cotangent * (after - before)).sum(axis=(1, 2, 3)), rtol=1e-3, atol=1e-3)


def test_an_operation_without_a_known_gradient_is_named() -> None:
    ops = import_openvino().opset13
    film = ops.parameter([1, 4], np.float32)
    value = ops.cos(film).output(0)
    with pytest.raises(EngineError, match=r"an operation \(Cos\) whose gradient is not known"):
        pull_back(value, value, [film.output(0)])


def test_a_value_that_nothing_depends_on_is_refused() -> None:
    ops = import_openvino().opset13
    film, other = ops.parameter([1, 4], np.float32), ops.parameter([1, 4], np.float32)
    value = ops.sigmoid(film).output(0)
    with pytest.raises(ValueError, match="must depend"):
        pull_back(value, value, [other.output(0)])
