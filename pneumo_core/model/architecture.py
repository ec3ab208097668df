"""The networks: a Keras backbone by name under a classification head by name, as one flat graph.

The published system is EfficientNetB7 (Tan & Le 2019, arXiv 1905.11946) at 256 x 256 with the `published` head:
67,394,715 parameters, of which 67,075,284 are trainable. This module imports Keras and is for training, for building
the engines' files, and for tests; the reading of films needs none of it.
"""

import re
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from pneumo_core.errors import BundleError
from pneumo_core.preprocess import INPUT_SIZE
from pneumo_core.types import CLASSES

HEADS = ("published", "linear")
FEATURE_LAYER = "pneumo_features"  # the head's input: the backbone's last feature map
HEAD_PREFIX = "head_"  # every layer of the head is named so, and no other layer
_HIDDEN_UNITS = (1024, 512, 256)
DROPOUT = 0.3
_DROPOUT_SEED = 0  # `train.fit` sets the state in each epoch; without a seed PyTorch uses a state that no run keeps
# The layer types that keras.applications leaves unnamed, with the names that Keras then makes up.
_UNNAMED_KINDS = {
    keras.layers.Normalization: "normalization",
    keras.layers.Conv2D: "conv2d",
    keras.layers.BatchNormalization: "batch_normalization",
}
# keras.applications' EfficientNet with weights="imagenet" divides by sqrt(std) in a layer that weights=None lacks.
_IMAGENET_STD_RGB = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Backbone:
    """A network of keras.applications whose input is made to be 0..255, three channels.

    Attributes:
        build: the constructor in keras.applications.
        scale: what the input is multiplied by before the network; None where the network does it inside.
        offset: what is added after that, one value or one a channel.
    """

    build: Callable[..., keras.Model]
    scale: float | None = None
    offset: float | tuple[float, float, float] = 0.0


# ResNet50 expects BGR less ImageNet's mean; the three channels of a film are equal, so only the offsets change places.
BACKBONES: dict[str, Backbone] = {
    "efficientnetb7": Backbone(keras.applications.EfficientNetB7),
    "efficientnetb0": Backbone(keras.applications.EfficientNetB0),
    "resnet50": Backbone(keras.applications.ResNet50, 1.0, (-103.939, -116.779, -123.68)),
    "inceptionresnetv2": Backbone(keras.applications.InceptionResNetV2, 1.0 / 127.5, -1.0),
}


def build_model(
    backbone: str = "efficientnetb7",
    head: str = "published",
    weights: str | Path = "none",
    size: int = INPUT_SIZE,
) -> keras.Model:
    """Build the network from the input in 0..255 to the four logits.

    Args:
        backbone: a name of `BACKBONES`.
        head: `published` or `linear`.
        weights: `none` (random start), `imagenet` (Keras downloads them), or a `.weights.h5` file that holds either
            the whole model (backbone and head) or the backbone alone.
        size: rows and columns of the input.

    Returns:
        A flat functional model, float32 [n, size, size, 3] in 0..255 -> float32 logits [n, 4] in the order of
        `FilmClass`. The layer `pneumo_features` gives the last feature map.

    Raises:
        ValueError: if a name is unknown.
        BundleError: if the weights' file is missing or does not fit.
    """
    if backbone not in BACKBONES:
        raise ValueError(f"`backbone` must be one of {', '.join(BACKBONES)}, got {backbone!r}.")
    if head not in HEADS:
        raise ValueError(f"`head` must be one of {', '.join(HEADS)}, got {head!r}.")
    body = _build_backbone(backbone, size)
    if weights == "imagenet":
        _load_imagenet(body, backbone, size)
    features = keras.layers.Activation("linear", name=FEATURE_LAYER)(body.output)  # [n, h, w, K]
    model = keras.Model(body.input, _HEAD_BUILDERS[head](features), name=f"{backbone}_{head}")
    if weights not in ("none", "imagenet"):
        _load_file(model, body, Path(weights))
    return model


def _build_backbone(name: str, size: int) -> keras.Model:
    spec = BACKBONES[name]
    inputs = keras.Input((size, size, 3), name="film")
    tensor = inputs
    if spec.scale is not None:
        tensor = keras.layers.Rescaling(spec.scale, spec.offset, name="input_scale")(inputs)
    body = spec.build(include_top=False, weights=None, input_tensor=tensor)
    return keras.Model(inputs, body.output, name=name)


def _published_head(features: keras.KerasTensor) -> keras.KerasTensor:
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(features)
    x = keras.layers.Dropout(DROPOUT, seed=_DROPOUT_SEED, name="head_dropout")(x)
    x = keras.layers.BatchNormalization(name="head_bn0")(x)
    for position, units in enumerate(_HIDDEN_UNITS, start=1):
        x = keras.layers.Dense(units, activation="relu", name=f"head_dense{position}")(x)
        x = keras.layers.BatchNormalization(name=f"head_bn{position}")(x)
    return keras.layers.Dense(len(CLASSES), dtype="float32", name="head_logits")(x)


def _linear_head(features: keras.KerasTensor) -> keras.KerasTensor:
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(features)
    x = keras.layers.Dropout(DROPOUT, seed=_DROPOUT_SEED, name="head_dropout")(x)
    return keras.layers.Dense(len(CLASSES), dtype="float32", name="head_logits")(x)


_HEAD_BUILDERS = {"published": _published_head, "linear": _linear_head}


def _load_imagenet(body: keras.Model, name: str, size: int) -> None:
    """Copy ImageNet weights layer by layer, folding EfficientNet's extra Rescaling into its Normalization."""
    source = BACKBONES[name].build(include_top=False, weights="imagenet", input_shape=(size, size, 3))
    # By order, not by name: Keras numbers unnamed layers anew in every model.
    pairs = zip(_weighted_layers(body), _weighted_layers(source), strict=True)
    for target, layer in pairs:
        target.set_weights(layer.get_weights())
    for layer in body.layers:
        if isinstance(layer, keras.layers.Normalization):
            mean, variance, count = layer.get_weights()
            # (x - m) / sqrt(v) / sqrt(s) = (x - m) / sqrt(v s): one Normalization does what two layers did.
            layer.set_weights([mean, variance * np.asarray(_IMAGENET_STD_RGB, np.float32), count])
    finalize_normalization(body)


def _load_file(model: keras.Model, body: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise BundleError(f"The weights' file {path} does not exist. Give the path of a .weights.h5 file.")
    errors = []
    for target in (model, body):
        try:
            with warnings.catch_warnings():
                # A file written by an older Keras 3 lacks groups that hold no weights; Keras warns of each.
                warnings.filterwarnings("ignore", "Skipping nested container", UserWarning)
                target.load_weights(path)
        except ValueError as error:
            errors.append(str(error).splitlines()[0])
        else:
            finalize_normalization(model)
            return
    raise BundleError(
        f"The weights in {path.name} fit neither the model {model.name} ({errors[0]}) nor its backbone ({errors[1]}). "
        "Give a file that was saved from the same architecture."
    )


def _weighted_layers(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if layer.weights]


def weight_names(model: keras.Model) -> list[str]:
    """Name every weight of a model, stable across processes, in the order of `model.get_weights()`.

    Keras numbers layers that were given no name through the whole process ("normalization_1"); here such a layer is
    numbered within its model.

    Returns:
        One "layer/variable" a weight, such as "stem_conv/kernel".
    """
    names = []
    unnamed: Counter[str] = Counter()
    for layer in _weighted_layers(model):
        name = layer.name
        kind = _UNNAMED_KINDS.get(type(layer), "")
        if kind and re.fullmatch(rf"{kind}(_\d+)?", name):
            name = f"{kind}_{unnamed[kind]}"
            unnamed[kind] += 1
        names += [f"{name}/{weight.name}" for weight in layer.weights]
    return names


def finalize_normalization(model: keras.Model) -> None:
    """Make Normalization layers use the mean and variance that were loaded (keras pull request 20168)."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def split_model(model: keras.Model) -> tuple[keras.Model, list[keras.layers.Layer]]:
    """Split a model of `build_model` into its feature extractor and the layers of its head.

    Returns:
        (a model from the input to the feature map [n, h, w, K], the head's layers in order).
    """
    extractor = keras.Model(model.input, model.get_layer(FEATURE_LAYER).output, name=f"{model.name}_features")
    return extractor, [layer for layer in model.layers if layer.name.startswith(HEAD_PREFIX)]
