"""A tiny data set of drawn films, and a run made from it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from tiny_training import FIT_OPTIONS, REPOSITORY, train_command, train_environment, write_films


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of 96 drawn films in the splits train, val, test, and external."""
    return write_films(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="session")
def start_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights whose Normalization layer has a mean and a variance of its own, as ImageNet's weights have."""
    import keras

    from pneumo_core.model.architecture import build_model

    keras.utils.set_random_seed(11)
    model = build_model("efficientnetb0", "published", "none", 64)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            _, _, count = layer.get_weights()
            layer.set_weights([np.array([0.4, 0.5, 0.6], np.float32), np.array([0.1, 0.2, 0.1], np.float32), count])
    path = tmp_path_factory.mktemp("weights") / "start.weights.h5"
    model.save_weights(path)
    return path


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, manifest: Path, start_weights: Path) -> Path:
    """The directory of a run that nothing disturbed."""
    run = tmp_path_factory.mktemp("runs") / "undisturbed"
    command = train_command("fit", "--run", str(run), "--data", str(manifest), "--weights", str(start_weights))
    subprocess.run([*command, *FIT_OPTIONS], cwd=REPOSITORY, env=train_environment(), check=True, timeout=1200)
    return run
