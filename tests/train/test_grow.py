import keras
import numpy as np
import pytest

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import build_model, finalize_normalization, weight_names
from train.grow import grow_weights


def _by_name(model: keras.Model) -> dict[str, np.ndarray]:
    return dict(zip(weight_names(model), model.get_weights(), strict=True))


def _depthwise(model: keras.Model) -> set[str]:
    return {name for name in weight_names(model) if name.endswith("dwconv/kernel")}


@pytest.fixture(scope="module")
def small() -> keras.Model:
    """A B0 whose BatchNorms have statistics and gains of their own, as after training."""
    keras.utils.set_random_seed(3)
    model = build_model("efficientnetb0", "published", "none", 64)
    random = np.random.default_rng(3)
    grown_up = [
        weight * random.uniform(0.8, 1.2, weight.shape).astype(np.float32)
        if name.endswith(("gamma", "variance"))
        else weight
        for name, weight in zip(weight_names(model), model.get_weights(), strict=True)
    ]
    model.set_weights(grown_up)
    finalize_normalization(model)
    return model


def test_a_grown_network_computes_the_same_function_and_its_copies_differ(small: keras.Model) -> None:
    large = build_model("efficientnetb7", "published", "none", 64)
    names = weight_names(large)
    grown = grow_weights(_by_name(small), _by_name(large), _depthwise(large), np.random.default_rng(0))
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
        grow_weights(small, large, set(), np.random.default_rng(0))
