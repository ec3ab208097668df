import dataclasses
import importlib.metadata
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from stand_ins import noise_films, noise_inputs

from pneumo_core.errors import BundleError, EngineError
from pneumo_core.model import engine as engine_module
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.engine import Engine, open_engine
from pneumo_core.model.head import load_head
from pneumo_core.model.restore import restore_model
from pneumo_core.model.tensorflow_engine import TensorFlowEngine

ROOT = Path(__file__).parents[2]

# Refuses every connection and look-up, and says what the process loaded that it should not have.
WATCHED_READING = """
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print("network", event, arguments[-1], flush=True)
        raise OSError("refused by the test")

sys.addaudithook(watch)
sys.path.insert(0, "tests")
from stand_ins import noise_films
from pneumo_core.model.classifier import Classifier

classifier = Classifier.load(sys.argv[1], "openvino")
for reading in classifier.read(noise_films(10)):
    print("answer", *reading.prediction.probabilities.tolist())
for name in ("tensorflow", "keras", "streamlit", "train", "openvino_telemetry"):
    if sys.modules.get(name) is not None:
        print("loaded", name)
"""


@pytest.fixture(scope="module")
def tensorflow_engine(small_bundle: Bundle) -> Engine:
    return open_engine(small_bundle, "tensorflow")


def watched_reading(folder: Path, home: Path, cache: Path) -> list[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "TF_BUILD", "JENKINS_URL")}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-W", "error", "-c", WATCHED_READING, str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_fresh_process_answers_the_same_and_sends_loads_and_leaves_nothing(
    small_classifier: Classifier, private_cache: Path, tmp_path: Path
) -> None:
    """Reload within 1e-5; no network, no TensorFlow, no telemetry, nothing in the user's home."""
    lines = watched_reading(small_classifier.bundle.folder, tmp_path, private_cache)
    assert [line for line in lines if not line.startswith("answer")] == []
    there = np.array([line.split()[1:] for line in lines], np.float32)
    here = np.stack([reading.prediction.probabilities for reading in small_classifier.read(noise_films(10))])
    np.testing.assert_allclose(there, here, atol=1e-5)
    assert list(tmp_path.iterdir()) == []


def test_building_sends_and_leaves_nothing_either(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    # Python imports sitecustomize at every start: the builder's own process is watched too.
    (hooks / "sitecustomize.py").write_text(WATCHED_READING.split("sys.path.insert")[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(hooks))
        lines = watched_reading(small_bundle.folder, tmp_path / "home", tmp_path / "cache")
    assert [line for line in lines if not line.startswith("answer")] == []
    assert list((tmp_path / "home").iterdir()) == []
    [folder] = [path for path in (tmp_path / "cache" / "pneumo").iterdir() if path.is_dir()]
    assert sorted(path.name for path in folder.iterdir()) == ["digests.json", "features.bin", "features.xml"]


def test_the_engines_agree(small_classifier: Classifier, tensorflow_engine: Engine, small_bundle: Bundle) -> None:
    films = noise_films(16)
    reference = Classifier(small_bundle, tensorflow_engine, load_head(small_bundle), small_classifier.gate)
    pairs = zip(small_classifier.read(films), reference.read(films), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.prediction.probabilities, theirs.prediction.probabilities, atol=1e-3)
    one, other = (engine.feature_map(noise_inputs(4)) for engine in (small_classifier.engine, tensorflow_engine))
    np.testing.assert_allclose(one, other, atol=1e-3 * np.abs(other).max())


def test_the_whole_keras_model_agrees(small_classifier: Classifier, small_bundle: Bundle) -> None:
    expected = restore_model(small_bundle).predict(noise_inputs(6), verbose=0)
    logits = np.stack([reading.prediction.logits for reading in small_classifier.read(noise_films(6))])
    assert np.ptp(expected, axis=0).max() > 0.1, "the films must differ in their answers"
    np.testing.assert_allclose(logits, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["openvino", "tensorflow"])
def test_feature_maps_do_not_depend_on_the_batch(
    name: str, small_classifier: Classifier, tensorflow_engine: Engine
) -> None:
    engine = small_classifier.engine if name == "openvino" else tensorflow_engine
    assert engine.name == name
    batch = noise_inputs(9)
    maps = engine.feature_map(batch)
    assert maps.dtype == np.float32
    assert maps.shape == (9, 8, 8, 1280)
    np.testing.assert_allclose(engine.feature_map(batch[8:]), maps[8:], atol=1e-4 * np.abs(maps).max())


def test_threads_do_not_mix_their_films(small_classifier: Classifier) -> None:
    batch = noise_inputs(4)
    expected = small_classifier.engine.feature_map(batch)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda at: small_classifier.engine.feature_map(batch[at % 4][None]), range(16)))
    for at, result in enumerate(results):
        np.testing.assert_array_equal(result[0], expected[at % 4])


def test_an_unknown_engine_is_refused(small_bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="must be one of auto, openvino, tensorflow"):
        open_engine(small_bundle, "onnx")


@pytest.mark.parametrize(
    ("gpu", "installed", "visible", "expected"),
    [
        (True, True, None, True),
        (True, True, "0", True),
        (True, True, "-1", False),
        (True, True, "", False),
        (True, False, None, False),
        (False, True, None, False),
    ],
)
def test_tensorflow_is_the_default_only_where_it_has_a_gpu(
    gpu: bool, installed: bool, visible: str | None, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        assert name == "tensorflow"
        if not installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return "2.21.0"

    monkeypatch.setattr(engine_module, "_NVIDIA_GPUS", tmp_path / "gpus")
    monkeypatch.setattr(engine_module.importlib.metadata, "version", version)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if gpu:
        (tmp_path / "gpus" / "0000:00:01.0").mkdir(parents=True)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert engine_module._tensorflow_has_gpu() is expected


def test_tensorflow_needs_keras_on_tensorflow(small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    with pytest.raises(EngineError, match="Keras runs on torch"):
        TensorFlowEngine(small_bundle)


def test_a_bundle_of_another_architecture_is_refused(small_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match=r"do not fit efficientnetb0 with the linear head"):
        restore_model(dataclasses.replace(small_bundle, head="linear"))
    with pytest.raises(BundleError, match="architecture that is not known"):
        restore_model(dataclasses.replace(small_bundle, backbone="vgg16"))
