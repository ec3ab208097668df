"""Training on several devices, and on several hosts: Keras' own data parallelism, on the JAX backend.

Every device holds the whole network and takes its share of each batch; gradients and the statistics of batch
normalisation are those of the whole batch, so that the number of devices changes nothing but the speed. See
https://keras.io/guides/distribution/.
"""

import os
from dataclasses import dataclass

import keras
import numpy as np

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import finalize_normalization
from pneumo_core.types import Float32
from train.batches import ReadingBatches
from train.data import Films


@dataclass(frozen=True)
class Crew:
    """The processes that train one network together.

    Attributes:
        devices: how many there are, of all processes.
        processes: how many there are.
        number: which of them this one is, from 0; number 0 writes the run directory.
    """

    devices: int = 1
    processes: int = 1
    number: int = 0


def use_all_devices(batch_size: int) -> Crew:
    """Spread all that is built from here on over the devices that Keras sees.

    With KERAS_DISTRIBUTION_NUM_PROCESSES, KERAS_DISTRIBUTION_PROCESS_ID, and KERAS_DISTRIBUTION_JOB_ADDRESSES in the
    environment (`keras.distribution.initialize`), these are the devices of all processes, which wait for one another.

    Args:
        batch_size: films in a training step, of all processes together.

    Returns:
        Who trains.

    Raises:
        RunError: if the backend can not, or the batch can not be shared out evenly.
    """
    if keras.backend.backend() != "jax":
        raise RunError(
            f"Training on several devices needs the JAX backend, this is {keras.backend.backend()}. Install jax for "
            "your devices and set KERAS_BACKEND=jax."
        )
    if "KERAS_DISTRIBUTION_NUM_PROCESSES" in os.environ:
        keras.distribution.initialize()
    # Each process draws its own share of the films; Keras is not asked to shard a tf.data.Dataset.
    distribution = keras.distribution.DataParallel(auto_shard_dataset=False)
    devices = int(distribution.device_mesh.devices.size)
    if batch_size % devices:
        raise RunError(f"A batch of {batch_size} films can not be shared out to {devices} devices. Use a multiple.")
    keras.distribution.set_distribution(distribution)
    import jax  # only with this backend

    return Crew(devices, jax.process_count(), jax.process_index())


class WholeBatches(ReadingBatches):
    """`ReadingBatches` whose last batch is as large as the others, filled up with its last film."""

    def __getitem__(self, index: int) -> tuple[Float32]:
        """Batch number `index`."""
        (films,) = super().__getitem__(index)
        missing = self._batch_size - len(films)
        return (np.concatenate([films, np.repeat(films[-1:], missing, axis=0)]),)


class Validation:
    """Reads the validation films with a network that trains on all devices."""

    def __init__(self, crew: Crew, films: Films, size: int, batch_size: int) -> None:
        self._crew, self._films = crew, films
        self._batches = WholeBatches(films, size, batch_size)
        self._alone: keras.Model | None = None

    def logits(self, model: keras.Model) -> Float32:
        """Logits of all films, float32 [n, 4]; the same in every process.

        Keras' `predict` can not collect what lies on the devices of other processes. So where there are several, each
        reads the films by itself with a copy of the network, and all go on with what the first one found.
        """
        if self._crew.processes == 1:
            return self._read(model)
        import jax
        from jax.experimental.multihost_utils import broadcast_one_to_all

        weights = model.get_weights()
        distribution = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        try:
            with jax.default_device(jax.local_devices()[0]):
                if self._alone is None:
                    self._alone = keras.Model.from_config(model.get_config())
                self._alone.set_weights(weights)
                finalize_normalization(self._alone)
                found = self._read(self._alone)
        finally:
            keras.distribution.set_distribution(distribution)
        return np.asarray(broadcast_one_to_all(found), np.float32)

    def _read(self, model: keras.Model) -> Float32:
        return np.asarray(model.predict(self._batches, verbose=0)[: len(self._films.rows)], np.float32)
