"""What the tests of several rooms share."""

from pathlib import Path

import pytest
from stand_ins import FILMS, film_paths, make_bundle

from pneumo_core.errors import BundleError
from pneumo_core.intake import Gate, default_gate
from pneumo_core.model.active import default_bundle
from pneumo_core.model.bundle import Bundle, load_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.gradient_network import GradientNetwork
from pneumo_core.reading import read_film
from pneumo_core.types import Radiograph


@pytest.fixture(scope="session")
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that stands in for the user's cache: what XDG_CACHE_HOME names where the TEST OBJECT is loaded."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A TEST OBJECT: an EfficientNetB0 with the published head and seeded random weights.

    Its answers mean nothing. Its BatchNorms are spread out and its head is centred on noise, so that its
    answers differ between films and every weight matters.
    """
    return make_bundle(tmp_path_factory.mktemp("models") / "test-object-b0", "efficientnetb0", "published")


@pytest.fixture(scope="session")
def small_classifier(small_bundle: Bundle, private_cache: Path) -> Classifier:
    """The TEST OBJECT on the OpenVINO engine, prepared in a cache of the session's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(private_cache))
        return Classifier.load(small_bundle.folder, "openvino")


@pytest.fixture(scope="session")
def small_network(small_bundle: Bundle, private_cache: Path) -> GradientNetwork:
    """The TEST OBJECT with the gradients of its logits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(private_cache))
        return GradientNetwork(small_bundle)


@pytest.fixture(scope="session")
def gate() -> Gate:
    """The intake gate that comes with the program."""
    return Gate(default_gate())


@pytest.fixture(scope="session")
def shipped_bundle() -> Bundle:
    """The model of assets/models; the test is skipped where there is none yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PNEUMO_MODEL", raising=False)
        try:
            folder = default_bundle()
        except BundleError:
            pytest.skip("assets/models holds no bundle")
    return load_bundle(folder)


@pytest.fixture(scope="session")
def shipped_classifier(shipped_bundle: Bundle) -> Classifier:
    """The model of assets/models on the OpenVINO engine."""
    return Classifier.load(shipped_bundle.folder, "openvino")


@pytest.fixture(scope="session")
def test_films() -> list[Radiograph]:
    """200 real films of the test split; the test is skipped where they are not at hand."""
    if not (FILMS / "manifest.csv").is_file():
        pytest.skip(f"{FILMS} is not at hand")
    return [read_film(path.read_bytes(), path.name) for path in film_paths(200)]
