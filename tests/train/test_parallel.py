"""Several devices compute what one does; drawn out of the processor by XLA, on Keras' JAX backend."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from tiny_training import REPOSITORY

from pneumo_core.errors import RunError
from pneumo_core.types import CLASSES
from train.batches import ReadingBatches
from train.data import FilmRow, Films
from train.parallel import WholeBatches, use_all_devices

_SCRIPT = """
import sys
import keras, numpy as np
from train.parallel import use_all_devices
if "all" in sys.argv:
    print(use_all_devices(8).devices, file=sys.stderr)
keras.utils.set_random_seed(1)
layers = [keras.layers.Conv2D(4, 3, use_bias=False), keras.layers.BatchNormalization(), keras.layers.ReLU(),
          keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)]
model = keras.Sequential([keras.Input((12, 12, 3)), *layers])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.SGD(0.1), loss)
random = np.random.default_rng(0)
films, labels = random.normal(size=(32, 12, 12, 3)).astype("float32"), random.integers(0, 4, 32)
model.fit(films, labels, batch_size=8, epochs=3, shuffle=False, verbose=0)
print(" ".join(f"{value:.9g}" for weight in model.weights for value in np.ravel(weight)))
"""


def _train(*arguments: str) -> tuple[np.ndarray, str]:
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
    }
    command = [sys.executable, "-c", _SCRIPT, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return np.array(done.stdout.split(), np.float64), done.stderr


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_four_devices_learn_what_one_learns() -> None:
    alone, _ = _train()
    shared, told = _train("all")
    assert "4" in told.splitlines()
    np.testing.assert_allclose(shared, alone, atol=1e-5)


def test_another_backend_is_refused_in_words() -> None:
    if keras.backend.backend() == "jax":
        pytest.skip("this test run has the JAX backend")
    with pytest.raises(RunError, match="needs the JAX backend"):
        use_all_devices(8)


def test_the_last_batch_is_as_large_as_the_others() -> None:
    random = np.random.default_rng(0)
    rows = tuple(FilmRow(None, str(number), CLASSES[0], str(number), "val") for number in range(5))  # type: ignore[arg-type]
    films = Films(rows, random.integers(0, 255, (5, 32, 32), np.uint8))
    whole, short = WholeBatches(films, 32, 4), ReadingBatches(films, 32, 4)
    assert len(whole) == len(short) == 2
    assert whole[1][0].shape == (4, 32, 32, 3)
    np.testing.assert_array_equal(whole[1][0][:1], short[1][0])
    np.testing.assert_array_equal(whole[0][0], short[0][0])
