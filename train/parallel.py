"""Training on several devices, and on several hosts: Keras' own data parallelism, on the JAX backend.

Every device holds the whole network and takes its share of each batch; gradients and the statistics of batch
normalisation are those of the whole batch, so that the number of devices changes nothing but the speed. See
https://keras.io/guides/distribution/.
"""

import keras
import numpy as np

from pneumo_core.errors import RunError
from pneumo_core.types import Float32
from train.batches import ReadingBatches


def use_all_devices(batch_size: int) -> int:
    """Spread all that is built from here on over the devices that Keras sees.

    Args:
        batch_size: films in a training step.

    Returns:
        How many devices there are.

    Raises:
        RunError: if the backend can not, or the batch can not be shared out evenly.
    """
    if keras.backend.backend() != "jax":
        raise RunError(
            f"Training on several devices needs the JAX backend, this is {keras.backend.backend()}. Install jax for "
            "your devices and set KERAS_BACKEND=jax."
        )
    distribution = keras.distribution.DataParallel()
    devices = int(distribution.device_mesh.devices.size)
    if batch_size % devices:
        raise RunError(f"A batch of {batch_size} films can not be shared out to {devices} devices. Use a multiple.")
    keras.distribution.set_distribution(distribution)
    return devices


class WholeBatches(ReadingBatches):
    """`ReadingBatches` whose last batch is as large as the others, filled up with its last film."""

    def __getitem__(self, index: int) -> tuple[Float32]:
        """Batch number `index`."""
        (films,) = super().__getitem__(index)
        missing = self._batch_size - len(films)
        return (np.concatenate([films, np.repeat(films[-1:], missing, axis=0)]),)
