import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from pneumo_core.errors import BundleError
from pneumo_core.model.architecture import (
    BACKBONES,
    FEATURE_LAYER,
    HEAD_PREFIX,
    build_model,
    split_model,
    weight_names,
)

ROOT = Path(__file__).parents[2]
CHANNELS = {"efficientnetb7": 2560, "efficientnetb0": 1280, "resnet50": 2048, "inceptionresnetv2": 1536}


@pytest.fixture(scope="module")
def published() -> keras.Model:
    return build_model()


def trainable_count(model: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_the_published_system_has_its_parameters(published: keras.Model) -> None:
    assert published.count_params() == 67_394_715
    assert trainable_count(published) == 67_075_284


def test_the_graph_is_flat(published: keras.Model) -> None:
    assert not any(isinstance(layer, keras.Model) for layer in published.layers)


def test_the_published_head_stands_in_its_order(published: keras.Model) -> None:
    _, layers = split_model(published)
    assert [(layer.name, type(layer).__name__) for layer in layers] == [
        ("head_pool", "GlobalAveragePooling2D"),
        ("head_dropout", "Dropout"),
        ("head_bn0", "BatchNormalization"),
        ("head_dense1", "Dense"),
        ("head_bn1", "BatchNormalization"),
        ("head_dense2", "Dense"),
        ("head_bn2", "BatchNormalization"),
        ("head_dense3", "Dense"),
        ("head_bn3", "BatchNormalization"),
        ("head_logits", "Dense"),
    ]
    assert [layer.units for layer in layers if isinstance(layer, keras.layers.Dense)] == [1024, 512, 256, 4]
    assert layers[1].rate == 0.3
    assert {layer.epsilon for layer in layers if isinstance(layer, keras.layers.BatchNormalization)} == {1e-3}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_keeps_the_contract(backbone: str) -> None:
    model = build_model(backbone, "linear", size=96)
    assert model.input_shape == (None, 96, 96, 3)
    assert model.output_shape == (None, 4)
    assert model.get_layer(FEATURE_LAYER).output.shape[-1] == CHANNELS[backbone]
    extractor, head = split_model(model)
    assert len(extractor.weights) + sum(len(layer.weights) for layer in head) == len(model.weights)
    assert all(layer.name.startswith(HEAD_PREFIX) for layer in head)
    names = weight_names(model)
    assert len(set(names)) == len(names) == len(model.weights)


@pytest.mark.parametrize(
    ("backbone", "reference"),
    [
        ("resnet50", keras.applications.resnet50.preprocess_input),
        ("inceptionresnetv2", keras.applications.inception_resnet_v2.preprocess_input),
    ],
)
def test_the_input_is_scaled_as_the_backbone_expects(backbone: str, reference: object) -> None:
    model = build_model(backbone, "linear", size=96)
    grey = np.random.default_rng(0).uniform(0, 255, (1, 96, 96, 1)).astype(np.float32).repeat(3, axis=3)
    scaled = keras.Model(model.input, model.get_layer("input_scale").output)(grey)
    np.testing.assert_allclose(np.asarray(scaled), reference(grey.copy()), atol=1e-4)  # type: ignore[operator]


def test_weight_names_are_the_same_in_another_process() -> None:
    keras.layers.Conv2D(1, 1)(keras.Input((2, 2, 1)))  # moves Keras' own numbering on
    here = weight_names(build_model("efficientnetb0", "published"))
    code = (
        "import json; from pneumo_core.model.architecture import *;"
        "print(json.dumps(weight_names(build_model('efficientnetb0', 'published'))))"
    )
    there = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(there.stdout.splitlines()[-1]) == here


def test_a_saved_file_gives_the_same_logits(tmp_path: Path) -> None:
    model = build_model("efficientnetb0", "linear", size=64)
    model.save_weights(tmp_path / "saved.weights.h5")
    again = build_model("efficientnetb0", "linear", tmp_path / "saved.weights.h5", size=64)
    films = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    np.testing.assert_allclose(again.predict(films, verbose=0), model.predict(films, verbose=0), atol=1e-6)


@pytest.mark.parametrize(("backbone", "head"), [("vgg16", "linear"), ("efficientnetb0", "deep")])
def test_unknown_names_are_refused(backbone: str, head: str) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        build_model(backbone, head)


def test_weights_that_do_not_exist_or_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        build_model("efficientnetb0", "linear", tmp_path / "none.weights.h5")
    build_model("resnet50", "linear", size=64).save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(BundleError, match="fit neither"):
        build_model("efficientnetb0", "linear", tmp_path / "other.weights.h5", size=64)


@pytest.mark.parametrize("head", ["published", "linear"])
def test_the_dropout_draws_from_a_state_of_its_own(head: str) -> None:
    """Without a seed PyTorch's backend draws from its global state, which no resumed run has."""
    model = build_model("efficientnetb0", head, "none", 64)
    assert model.get_layer("head_dropout").get_config()["seed"] is not None
