from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from stand_ins import make_bundle

from pneumo_core.model.architecture import HEAD_PREFIX, split_model
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.head import Head, Stage, load_head
from pneumo_core.model.restore import restore_model


@pytest.fixture(scope="module", params=["published", "linear"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("models") / "test-object", "efficientnetb0", request.param)


def keras_head(model: keras.Model) -> keras.Model:
    """The head's own Keras layers from the pooled features to the logits."""
    _, layers = split_model(model)
    assert layers[0].name == f"{HEAD_PREFIX}pool"
    pooled = x = keras.Input(layers[0].output.shape[1:])
    for layer in layers[1:]:
        x = layer(x)
    return keras.Model(pooled, x)


def test_logits_and_gradients_are_those_of_keras(bundle: Bundle) -> None:
    head, reference = load_head(bundle), keras_head(restore_model(bundle))
    pooled = np.random.default_rng(0).normal(0, 1, (5, head.channels)).astype(np.float32)
    with tf.GradientTape(persistent=True) as tape:
        features = tf.constant(pooled)
        tape.watch(features)
        expected = reference(features, training=False)
        each = [expected[:, column] for column in range(4)]
    expected_gradient = np.stack([tape.gradient(logit, features).numpy() for logit in each], axis=1)
    logits, gradient = head(pooled)
    assert (logits.dtype, gradient.dtype) == (np.float32, np.float32)
    assert gradient.shape == (5, 4, head.channels)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5 * np.abs(expected.numpy()).max())
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-5 * np.abs(expected_gradient).max())


def test_the_gradient_is_the_slope_of_the_logits() -> None:
    rng = np.random.default_rng(1)
    sizes = (6, 5, 3, 4)
    stages = tuple(
        Stage(*(rng.normal(size=shape).astype(np.float32) for shape in ((a,), (a,), (a, b), (b,))))
        for a, b in pairwise(sizes)
    )
    head = Head(stages)
    pooled = rng.normal(size=(1, 6)).astype(np.float32)
    _, gradient = head(pooled)
    step = np.float32(1e-3)
    for channel in range(6):
        nudge = np.zeros_like(pooled)
        nudge[0, channel] = step
        slope = (head(pooled + nudge)[0] - head(pooled - nudge)[0]) / (2 * step)
        np.testing.assert_allclose(gradient[0, :, channel], slope[0], atol=0.02)


def test_one_film_gives_the_same_as_among_others(bundle: Bundle) -> None:
    head = load_head(bundle)
    pooled = np.random.default_rng(2).normal(0, 1, (7, head.channels)).astype(np.float32)
    logits, gradient = head(pooled)
    alone = head(pooled[3:4])
    np.testing.assert_array_equal(alone[0][0], logits[3])
    np.testing.assert_array_equal(alone[1][0], gradient[3])
