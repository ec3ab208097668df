import keras
import numpy as np
import pytest

from pneumo_core.model.architecture import build_model, finalize_normalization, split_model
from pneumo_core.model.idle_blocks import idle_blocks, without_idle_blocks


@pytest.fixture(scope="module")
def extractor() -> keras.Model:
    """A B0 of which two blocks add nothing, one nothing but a constant, and the others something."""
    keras.utils.set_random_seed(5)
    model = build_model("efficientnetb0", "linear", "none", 64)
    for block in ("block4b", "block6d", "block5c"):
        norm = model.get_layer(f"{block}_project_bn")
        norm.gamma.assign(np.zeros(norm.gamma.shape, np.float32))
    model.get_layer("block5c_project_bn").beta.assign(np.full(112, 0.1, np.float32))
    finalize_normalization(model)
    return split_model(model)[0]


def test_blocks_that_add_nothing_are_found(extractor: keras.Model) -> None:
    assert idle_blocks(extractor) == ["block4b", "block6d"]


def test_without_them_the_feature_map_is_the_same_to_the_last_bit(extractor: keras.Model) -> None:
    small = without_idle_blocks(extractor)
    left_out = {layer.name for layer in extractor.layers} - {layer.name for layer in small.layers}
    assert {"block4b_dwconv", "block4b_add", "block6d_se_expand", "block6d_add"} <= left_out
    assert all(name.startswith(("block4b", "block6d")) for name in left_out)
    films = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    expected = extractor(films, training=False).numpy()
    assert expected.std() > 0
    np.testing.assert_array_equal(small(films, training=False).numpy(), expected)


def test_a_network_without_them_is_left_as_it_is() -> None:
    extractor, _ = split_model(build_model("efficientnetb0", "linear", "none", 64))
    assert without_idle_blocks(extractor) is extractor
