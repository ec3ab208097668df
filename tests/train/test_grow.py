from pathlib import Path

import keras
import numpy as np
import pytest

from pneumo_core.errors import RunError
from pneumo_core.model.active import default_bundle
from pneumo_core.model.architecture import build_model, finalize_normalization, weight_names
from train.config import HALVES
from train.grow import grow_weights
from train.run import RunDirectory
from train.shrink import shrink, shrink_weights


def _by_name(model: keras.Model) -> dict[str, np.ndarray]:
    return dict(zip(weight_names(model), model.get_weights(), strict=True))


def _depthwise(model: keras.Model) -> set[str]:
    return {name for name in weight_names(model) if name.endswith("dwconv/kernel")}


def _trained(seed: int) -> keras.Model:
    """A B0 whose BatchNorms have statistics and gains of their own, as after training."""
    keras.utils.set_random_seed(seed)
    model = build_model("efficientnetb0", "published", "none", 64)
    random = np.random.default_rng(seed)
    grown_up = [
        weight * random.uniform(0.8, 1.2, weight.shape).astype(np.float32)
        if name.endswith(("gamma", "moving_variance"))
        else weight
        for name, weight in zip(weight_names(model), model.get_weights(), strict=True)
    ]
    model.set_weights(grown_up)
    finalize_normalization(model)
    return model


@pytest.fixture(scope="module")
def small() -> keras.Model:
    return _trained(3)


@pytest.fixture(scope="module")
def large() -> keras.Model:
    return build_model("efficientnetb7", "published", "none", 64)


def test_a_grown_network_computes_the_same_function_and_its_copies_differ(
    small: keras.Model, large: keras.Model
) -> None:
    names = weight_names(large)
    grown = grow_weights([_by_name(small)], _by_name(large), _depthwise(large), np.random.default_rng(0))
    large.set_weights([grown[name] for name in names])
    finalize_normalization(large)
    films = np.random.default_rng(1).uniform(0, 255, (3, 64, 64, 3)).astype(np.float32)
    expected = small.predict(films, verbose=0)
    assert expected.std() > 0  # small numbers, since no training has scaled them: the comparison is relative
    np.testing.assert_allclose(large.predict(films, verbose=0), expected, atol=1e-3 * np.abs(expected).max())
    kernel = grown["block4b_expand_conv/kernel"]
    first, second = np.split(kernel, 2, axis=-2)
    assert np.abs(first - second).max() > 1e-3  # or the two copies would never part in training
    assert not grown["block1d_project_bn/gamma"].any()  # an extra block of a stage that had a single one
    assert not grown["block6m_project_bn/gamma"].any()


def test_widths_that_are_no_multiples_are_refused() -> None:
    small = {"top_conv/kernel": np.ones((1, 1, 4, 4), np.float32)}
    large = {"top_conv/kernel": np.ones((1, 1, 8, 6), np.float32)}
    with pytest.raises(RunError, match="can not grow"):
        grow_weights([small], large, set(), np.random.default_rng(0))


def test_shrinking_takes_back_what_growing_did(small: keras.Model, large: keras.Model) -> None:
    weights = _by_name(small)
    grown = grow_weights([weights], _by_name(large), _depthwise(large), np.random.default_rng(0))
    shrunk = shrink_weights(grown, {name: weight.shape for name, weight in weights.items()}, _depthwise(small))
    assert shrunk.keys() == weights.keys()
    for name, weight in weights.items():
        np.testing.assert_allclose(shrunk[name], weight, atol=1e-6 * max(1.0, np.abs(weight).max()), err_msg=name)


def test_two_networks_grown_together_keep_the_features_of_both(small: keras.Model, large: keras.Model) -> None:
    other = _trained(4)
    sources = [_by_name(small), _by_name(other)]
    grown = grow_weights(sources, _by_name(large), _depthwise(large), np.random.default_rng(0))
    large.set_weights([grown[name] for name in weight_names(large)])
    finalize_normalization(large)
    films = np.random.default_rng(1).uniform(0, 255, (3, 64, 64, 3)).astype(np.float32)
    found, first, second = (
        keras.Model(model.input, model.get_layer("head_pool").output).predict(films, verbose=0)
        for model in (large, small, other)
    )
    assert np.abs(first - second).max() > 0.1 * np.abs(first).max()  # or the halves could not be told apart
    np.testing.assert_allclose(found, np.concatenate([first, second], axis=-1), atol=1e-3 * np.abs(found).max())
    # The first hidden layer of the head reads the mean of what the two first hidden layers made of their own features.
    kernel = grown["head_dense1/kernel"]
    np.testing.assert_array_equal(kernel[:1280], sources[0]["head_dense1/kernel"] / 2)
    np.testing.assert_array_equal(kernel[1280:], sources[1]["head_dense1/kernel"] / 2)
    # Each can be taken out again, but for what was the mean of both.
    shapes = {name: weight.shape for name, weight in sources[0].items()}
    for half, source in zip(HALVES, sources, strict=True):
        shrunk = shrink_weights(grown, shapes, _depthwise(small), half)
        assert shrunk.keys() == source.keys()
        for name, weight in source.items():
            expected = weight if grown[name].shape != weight.shape else grown[name]
            np.testing.assert_array_equal(shrunk[name], expected, err_msg=name)


def test_a_bundle_grown_from_two_shrinks_to_the_half_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="grown from 2 B0s, and --half is not given"):
        shrink(default_bundle(), RunDirectory(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
