"""The model of the web process: loaded once for all sessions, in the background, while the page already shows."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from pneumo_core.errors import PneumoError
from pneumo_core.model.classifier import Classifier, default_bundle
from pneumo_core.types import Heatmap, Prediction, Radiograph

Answer = tuple[Prediction, tuple[Heatmap, ...]]
_KEPT_ANSWERS = 2000  # of all sessions; about 4 KB each

_log = logging.getLogger(__name__)


class SharedModel:
    """A classifier that loads in a thread of its own, and the answers that it gave.

    Attributes:
        error: why it could not be loaded, for the reader; empty otherwise.
    """

    def __init__(self, find_bundle: Callable[[], Path] = default_bundle) -> None:
        """Start loading.

        Args:
            find_bundle: gives the folder of the bundle to load, or raises `PneumoError`.
        """
        self.error = ""
        self._progress: tuple[float, str] | None = None
        self._classifier: Classifier | None = None
        self._answers: OrderedDict[tuple[str, str], Answer] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._load, args=(find_bundle,), name="load-model", daemon=True)
        self._thread.start()

    def _load(self, find_bundle: Callable[[], Path]) -> None:
        try:
            self._classifier = Classifier.load(find_bundle(), progress=self._note)
        except PneumoError as error:
            self.error = str(error)
        except Exception as error:
            _log.exception("The model could not be loaded.")
            self.error = (
                f"An error inside the program ({type(error).__name__}: {error}). The server's log has the details."
            )

    def _note(self, share: float, step: str) -> None:
        self._progress = (share, step)

    @property
    def ready(self) -> bool:
        """Whether it can answer."""
        return self._classifier is not None

    @property
    def settled(self) -> bool:
        """Whether loading has ended, well or not."""
        return self.ready or bool(self.error)

    @property
    def progress(self) -> tuple[float, str] | None:
        """(share done in 0..1, present step) of preparing the engine, None where nothing was reported."""
        return self._progress

    @property
    def name(self) -> str:
        """Name and short digest of the bundle, as in every answer; empty until it is ready."""
        return self._classifier.name if self._classifier else ""

    @property
    def engine(self) -> str:
        """Name of the engine that serves; empty until it is ready."""
        return self._classifier.engine.name if self._classifier else ""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The figures in the bundle; empty until it is ready."""
        return self._classifier.bundle.metrics if self._classifier else {}

    def known(self, digest: str) -> Answer | None:
        """The answer to a film that some session had before, or None."""
        with self._lock:
            return self._answers.get((digest, self.name))

    def answer(self, film: Radiograph) -> Answer:
        """Answer one film, out of the kept answers where it was seen before.

        Args:
            film: the film as it was read.

        Returns:
            The calibrated answer and the four maps.

        Raises:
            RuntimeError: if the model is not ready.
        """
        if self._classifier is None:
            raise RuntimeError("The model is not ready: ask `ready` first.")
        given = self.known(film.digest)
        if given is None:
            reading = self._classifier.read([film])[0]
            given = (reading.prediction, reading.heatmaps)
        with self._lock:
            self._answers[film.digest, self.name] = given
            self._answers.move_to_end((film.digest, self.name))
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return given


@st.cache_resource(show_spinner=False)
def shared_model() -> SharedModel:
    """The one model of this process. The first call starts loading it and returns at once."""
    return SharedModel()
