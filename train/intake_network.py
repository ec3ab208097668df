"""The gate's network: a frozen part of an EfficientNetB0, a small head on it, and the distance from training films."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pneumo_core.intake.gate import FLAGS, KINDS, TURNS
from pneumo_core.intake.look import GATE_SIZE, as_gate_input, stretch
from pneumo_core.model.architecture import build_model
from pneumo_core.model.openvino_engine import import_openvino
from pneumo_core.types import Float32
from train.intake_pictures import Square
from train.intake_samples import Sample

_LAST_LAYER = "block5c_add"  # stride 16, 112 channels: deep enough for shapes, a quarter of the B0's parameters
_BATCH = 16
_ENGINE = {
    "INFERENCE_PRECISION_HINT": "f32",
    "INFERENCE_NUM_THREADS": 1,
}  # several wait for each other on a busy machine
_TRAIN_BATCH = 128
_FILTERS = ((40, 1), (64, 3))  # (channels, side of the kernel) of the head's convolutions; the second halves the map
_UNITS, _DROPOUT = 96, 0.3
_SHRINKAGE = 0.05  # of the covariance towards a multiple of the unit matrix
_QUESTIONS = {"kind": len(KINDS), "turn": TURNS, **dict.fromkeys(FLAGS, 1), "child": 1}

Half = NDArray[np.float16]


def build_extractor(weights: Path) -> keras.Model:
    """The frozen part: float32 [n, S, S, 3] in 0..255 -> float32 [n, S/16, S/16, 112].

    Args:
        weights: a .weights.h5 file of an EfficientNetB0.
    """
    whole = build_model("efficientnetb0", "linear", weights, GATE_SIZE)
    extractor = keras.Model(whole.input, whole.get_layer(_LAST_LAYER).output, name="gate_features")
    extractor.trainable = False
    return extractor


class Extractor:
    """Runs the frozen part with OpenVINO, which is several times faster than Keras on a CPU."""

    def __init__(self, extractor: keras.Model) -> None:
        openvino = import_openvino()
        network = openvino.convert_model(extractor)
        network.reshape([_BATCH, GATE_SIZE, GATE_SIZE, 3])
        compiled = openvino.Core().compile_model(network, "CPU", _ENGINE)
        self._request = compiled.create_infer_request()

    def __call__(self, squares: Sequence[Square], title: str) -> Half:
        """Features of squares, with a progress bar: uint8 [S, S] each -> float16 [n, S/16, S/16, 112]."""
        found = []
        for start in tqdm(range(0, len(squares), _BATCH), desc=title, unit="batch", mininterval=5):
            chosen = squares[start : start + _BATCH]
            batch = np.zeros((_BATCH, GATE_SIZE, GATE_SIZE, 3), np.float32)
            for place, square in enumerate(chosen):
                batch[place] = as_gate_input(stretch(square.astype(np.float32) / np.float32(255.0)))
            found.append(np.array(self._request.infer([batch])[0][: len(chosen)]).astype(np.float16))
        return np.concatenate(found)


def train_head(features: Half, samples: Sequence[Sample], epochs: int, seed: int) -> keras.Model:
    """Train the head: features [n, h, w, K] -> one output for each question, in the order of `_QUESTIONS`.

    A question that a sample says nothing of weighs nothing there. Kinds are weighed so that frontal films, which are
    most, count as much as all other pictures.
    """
    keras.utils.set_random_seed(seed)
    inputs = keras.Input(features.shape[1:], name="features")
    x = inputs
    for number, (filters, side) in enumerate(_FILTERS):
        x = keras.layers.Conv2D(
            filters, side, strides=min(side, 2), padding="same", use_bias=False, name=f"gate_conv{number}"
        )(x)
        x = keras.layers.BatchNormalization(name=f"gate_bn{number}")(x)
        x = keras.layers.Activation("relu", name=f"gate_relu{number}")(x)
    x = keras.layers.Flatten(name="gate_flat")(x)
    x = keras.layers.Dropout(_DROPOUT, name="gate_drop")(x)
    x = keras.layers.Dense(_UNITS, activation="relu", name="gate_dense")(x)
    x = keras.layers.Dropout(_DROPOUT, name="gate_drop2")(x)
    outputs = [
        keras.layers.Dense(units, activation="softmax" if units > 1 else "sigmoid", name=name)(x)
        for name, units in _QUESTIONS.items()
    ]
    head = keras.Model(inputs, outputs, name="gate_head")
    labels, weights = _targets(samples)
    schedule = keras.optimizers.schedules.CosineDecay(1.5e-3, epochs * -(-len(samples) // _TRAIN_BATCH))
    head.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.02),
        loss=[
            "sparse_categorical_crossentropy" if units > 1 else "binary_crossentropy" for units in _QUESTIONS.values()
        ],
    )
    head.fit(_Batches(features, labels, weights, seed), epochs=epochs, verbose=2)
    return head


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled batches of (features, labels, weights); the features stay in float16 until they are needed."""

    def __init__(self, features: Half, labels: list[Float32], weights: list[Float32], seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._parts, self._random = (features, labels, weights), np.random.default_rng(seed)
        self._order = self._random.permutation(len(features))

    def __len__(self) -> int:
        return -(-len(self._order) // _TRAIN_BATCH)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        chosen = self._order[index * _TRAIN_BATCH : (index + 1) * _TRAIN_BATCH]
        features, labels, weights = self._parts
        return (
            features[chosen].astype(np.float32),
            tuple(label[chosen] for label in labels),
            tuple(weight[chosen] for weight in weights),
        )

    def on_epoch_end(self) -> None:
        self._order = self._random.permutation(len(self._order))


def _targets(samples: Sequence[Sample]) -> tuple[list[Float32], list[Float32]]:
    columns = [("kind", 1.0), ("turn", 1.0), ("inverted", 1.0), ("cut", 1.0), ("marked", 0.5), ("child", 0.5)]
    labels, weights = [], []
    for name, weight in columns:
        given = np.array([getattr(sample, name) for sample in samples], np.float32)
        known = (given >= 0).astype(np.float32) * np.float32(weight)
        for value in np.unique(given[given >= 0]):  # rare answers weigh more, by the root of their rarity
            share = (given == value).sum() / (given >= 0).sum()
            known[given == value] *= np.float32((share * len(np.unique(given[given >= 0]))) ** -0.5)
        labels.append(np.maximum(given, 0)[:, None])
        weights.append(known)
    return labels, weights


def fit_distance(pooled: Float32, groups: Sequence[str]) -> tuple[Float32, Float32]:
    """Fit the Mahalanobis distance: one mean for each group of training films, one covariance for all.

    Args:
        pooled: float32 [n, K], features of undamaged training films.
        groups: n names.

    Returns:
        (whitening matrix float32 [K, K], whitened means float32 [groups, K]): the distance of x is the smallest
        norm of x @ matrix - mean.
    """
    names = np.asarray(groups)
    means = np.stack([pooled[names == name].mean(axis=0) for name in np.unique(names)])
    centred = pooled - means[np.searchsorted(np.unique(names), names)]
    covariance = np.cov(centred.T.astype(np.float64))
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.eye(len(covariance)) * np.trace(covariance) / len(
        covariance
    )
    values, vectors = np.linalg.eigh(covariance)
    matrix = (vectors / np.sqrt(values)).astype(np.float32)
    return matrix, (means @ matrix).astype(np.float32)


def distances(pooled: Float32, matrix: Float32, means: Float32) -> Float32:
    """Distance of each film to the nearest group: float32 [n, K] -> float32 [n]."""
    return np.linalg.norm((pooled @ matrix)[:, None] - means[None], axis=2).min(axis=1).astype(np.float32)


class _Distance(keras.layers.Layer):  # type: ignore[misc]
    """`distances` as a layer, so that the network as one file gives it."""

    def __init__(self, matrix: Float32, means: Float32, **more: Any) -> None:
        super().__init__(**more)
        self._matrix, self._means = matrix, means

    def call(self, pooled: Any) -> Any:
        """[n, K] -> [n, 1]."""
        offsets = keras.ops.expand_dims(keras.ops.matmul(pooled, self._matrix), 1) - self._means[None]
        squares = keras.ops.sum(keras.ops.square(offsets), axis=2)
        return keras.ops.sqrt(keras.ops.min(squares, axis=1, keepdims=True))


def join(extractor: keras.Model, head: keras.Model, matrix: Float32, means: Float32) -> keras.Model:
    """Put all parts together: float32 [n, S, S, 3] in 0..255 -> float32 [n, 14] as `GateScores.of_output` takes it."""
    pooled = keras.layers.GlobalAveragePooling2D(name="gate_pool")(extractor.output)
    distance = _Distance(matrix, means, name="gate_distance")(pooled)
    outputs = keras.layers.Concatenate(name="gate_output")([*head(extractor.output), distance])
    return keras.Model(extractor.input, outputs, name="gate")


def write_network(network: keras.Model, path: Path) -> None:
    """Write the network as OpenVINO IR, its weights rounded to float16."""
    openvino = import_openvino()
    converted = openvino.convert_model(network)
    if len(converted.outputs) != 1:
        raise RuntimeError(f"The converted network has {len(converted.outputs)} outputs, expected 1.")
    openvino.save_model(converted, path, compress_to_fp16=True)
