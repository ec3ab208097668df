"""The TensorFlow engine: the reference that the others are measured against, and the default on a GPU."""

from typing import Any

import numpy as np

from pneumo_core.errors import EngineError
from pneumo_core.language import Message
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.engine import Progress
from pneumo_core.types import Float32

_FILMS_AT_ONCE = 8  # keeps the memory for activations bounded


class TensorFlowEngine:
    """Runs the backbone with TensorFlow, on its GPU where it has one."""

    name = "tensorflow"

    def __init__(self, bundle: Bundle, progress: Progress | None = None) -> None:
        """Build the network from the bundle.

        Args:
            bundle: the checked bundle.
            progress: called with each step.

        Raises:
            EngineError: if TensorFlow is not installed or Keras runs on another backend.
            BundleError: if the bundle does not fit its architecture.
        """
        report = progress or (lambda share, step: None)
        report(0.0, Message("Loading TensorFlow"))
        try:
            import keras
            import tensorflow as tf
        except ImportError as error:
            raise EngineError(
                Message(
                    "TensorFlow can not be imported ({error}). Install the packages of requirements.txt, or use the "
                    "openvino engine.",
                    error=str(error),
                )
            ) from error
        if keras.backend.backend() != "tensorflow":
            raise EngineError(
                Message(
                    "Keras runs on {backend}, the tensorflow engine needs it on tensorflow. Set "
                    "KERAS_BACKEND=tensorflow, or use the openvino engine.",
                    backend=keras.backend.backend(),
                )
            )
        from pneumo_core.model.architecture import split_model
        from pneumo_core.model.restore import restore_model

        report(0.4, Message("Building the network"))
        extractor, _ = split_model(restore_model(bundle))
        side = bundle.input_size
        films = tf.TensorSpec([None, side, side, 3], tf.float32)
        # One graph for every number of films: tracing a new one costs seconds.
        self._run: Any = tf.function(lambda batch: extractor(batch, training=False), input_signature=[films])
        report(0.7, Message("Tracing the network"))
        self._run.get_concrete_function()

    def feature_map(self, batch: Float32) -> Float32:
        """Run the backbone: float32 [n, S, S, 3] in 0..255 -> float32 [n, h, w, K]."""
        parts = [self._run(batch[at : at + _FILMS_AT_ONCE]).numpy() for at in range(0, len(batch), _FILMS_AT_ONCE)]
        return np.concatenate(parts)
