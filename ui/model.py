"""The model of the web process: loaded once for all sessions, in the background, while the page already shows."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pneumo_core.answer import Answer, answer_of
from pneumo_core.errors import BundleError, PneumoError
from pneumo_core.explain.methods import Explainer
from pneumo_core.language import Message, joined
from pneumo_core.lungs.mask import LungMask, share_inside
from pneumo_core.lungs.segmenter import LungSegmenter
from pneumo_core.model.active import default_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.selftest import selftest
from pneumo_core.types import Assessment, Heatmap, Prediction, Radiograph, Reading, SimilarFilms
from ui.prices import Prices


@dataclass(frozen=True, eq=False)
class Maps:
    """The four maps of one method, with the share of each inside the lungs.

    Attributes:
        heatmaps: in the order of `FilmClass`.
        inside: the share of each map's positive mass inside the lungs, in 0..1; None where nothing is positive or no
            lungs were found.
    """

    heatmaps: tuple[Heatmap, ...]
    inside: tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class FilmAnswer:
    """All that the program says of one film, without the film.

    Attributes:
        assessment: what the intake found.
        prediction: the probabilities and sets.
        maps: Grad-CAM.
        answer: what is called the answer.
        if_overridden: what it would be if the reader overrode a refusal.
        outlines: the lungs, closed polygons of (x, y) in shares of the film's sides; none where none was found.
        lung_area: the part of the film that the lungs take, in 0..1.
        similar: the training films most like it; None where the model has no index of them.
    """

    assessment: Assessment
    prediction: Prediction
    maps: Maps
    answer: Answer
    if_overridden: Answer
    outlines: tuple[tuple[tuple[float, float], ...], ...] = ()
    lung_area: float = 0.0
    similar: SimilarFilms | None = None


_KEPT_ANSWERS = 2000  # of all sessions; about 8 KB each

_ASKED = "asked"  # any reason gives the same answer

_log = logging.getLogger(__name__)


class SharedModel:
    """A classifier that loads in a thread of its own, and the answers that it gave.

    Attributes:
        error: why it gives no answers, for the reader; empty otherwise.
        prices: what maps cost on this machine.
        failed_selftest: whether that is because this machine computes otherwise than the model was measured with.
    """

    def __init__(self, find_bundle: Callable[[], Path] = default_bundle) -> None:
        """Start loading.

        Args:
            find_bundle: gives the folder of the bundle to load, or raises `PneumoError`.
        """
        self.error = ""
        self.failed_selftest = False
        self.prices = Prices()
        self._progress: tuple[float, str] | None = None
        self._classifier: Classifier | None = None
        self._explainer: Explainer | None = None
        self._segmenter: LungSegmenter | None = None
        self._answers: OrderedDict[tuple[str, str], FilmAnswer] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._load, args=(find_bundle,), name="load-model", daemon=True)
        self._thread.start()

    def _load(self, find_bundle: Callable[[], Path]) -> None:
        try:
            classifier = Classifier.load(find_bundle(), progress=self._note)
            result = selftest(classifier)
            if not result.passed:
                self.failed_selftest = True
                self.error = joined(result.problems)
                return
            self._explainer = Explainer(classifier)
            self._segmenter = LungSegmenter.load()
            self._classifier = classifier  # last: from now on it is ready
        except PneumoError as error:
            self.error = str(error)
        except Exception as error:
            _log.exception("The model could not be loaded.")
            self.error = Message(
                "An error inside the program ({kind}: {error}). The server's log has the details.",
                kind=type(error).__name__,
                error=str(error),
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

    @property
    def index_measured(self) -> Mapping[str, Any]:
        """What was measured of its index of training films; empty until it is ready, and where it has none."""
        index = self._classifier.similar if self._classifier else None
        return index.measured if index else {}

    def known(self, digest: str) -> FilmAnswer | None:
        """The answer to a film that some session had before, or None."""
        with self._lock:
            return self._answers.get((digest, self.name))

    def answer(self, film: Radiograph) -> FilmAnswer:
        """Answer one film, out of the kept answers where it was seen before.

        Args:
            film: the film as it was read.

        Returns:
            All that the program says of it.

        Raises:
            RuntimeError: if the model is not ready.
        """
        if self._classifier is None:
            raise RuntimeError("The model is not ready: ask `ready` first.")
        given = self.known(film.digest)
        if given is None:
            began = time.perf_counter()
            reading = self._classifier.read([film])[0]
            self.prices.note_reading(time.perf_counter() - began)
            given = self._describe(reading)
        with self._lock:
            self._answers[film.digest, self.name] = given
            self._answers.move_to_end((film.digest, self.name))
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return given

    def _describe(self, reading: Reading) -> FilmAnswer:
        mask = self._lungs(reading.film)
        size = (reading.film.width, reading.film.height)
        outlines = tuple(
            tuple((round(float(x) / size[0], 4), round(float(y) / size[1], 4)) for x, y in outline)
            for lung in mask.lungs
            for outline in lung.outline
        )
        return FilmAnswer(
            reading.assessment,
            reading.prediction,
            _maps(reading.heatmaps, mask),
            answer_of(reading),
            answer_of(reading, override=_ASKED),
            outlines,
            mask.area_share,
            reading.similar,
        )

    def _lungs(self, film: Radiograph) -> LungMask:
        if self._segmenter is None:
            raise RuntimeError("The model is not ready: ask `ready` first.")
        return self._segmenter.mask(film)

    def maps(self, film: Radiograph, method: str) -> Maps:
        """Explain the answer to a film by another method.

        Args:
            film: the film, in full.
            method: a name of `pneumo_core.explain.methods.METHODS`.

        Raises:
            RuntimeError: if the model is not ready.
        """
        if self._explainer is None:
            raise RuntimeError("The model is not ready: ask `ready` first.")
        began = time.perf_counter()
        maps = _maps(self._explainer.maps(film, method), self._lungs(film))
        self.prices.note_maps(method, time.perf_counter() - began)
        return maps


def _maps(heatmaps: tuple[Heatmap, ...], mask: LungMask) -> Maps:
    return Maps(heatmaps, tuple(share_inside(heatmap, mask) if mask.lungs else None for heatmap in heatmaps))


def shared_model() -> SharedModel:
    """The one model of this process. The first call starts loading it and returns at once.

    Where another bundle was made active since, that one is loaded and the former let go.
    """
    try:
        chosen = str(default_bundle())
    except BundleError:
        chosen = ""  # loading says why
    return _model_of(chosen)


@st.cache_resource(max_entries=1, show_spinner=False)
def _model_of(chosen: str) -> SharedModel:
    return SharedModel()
