"""What the tests of several rooms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_ins import make_bundle

from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier


@pytest.fixture(scope="session")
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder that stands in for the user's cache for the whole session."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


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
    return Classifier.load(small_bundle.folder, "openvino")
