"""From films to readings: intake, preprocess, engine, head, temperature, sets, maps, and similar films in one place."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pneumo_core.explain.gradcam import heatmaps
from pneumo_core.intake import Gate, assess, default_gate
from pneumo_core.intake.look import look_at
from pneumo_core.model.bundle import Bundle, load_bundle
from pneumo_core.model.engine import Engine, Progress, open_engine
from pneumo_core.model.head import Head, load_head
from pneumo_core.preprocess import preprocess
from pneumo_core.similar import SimilarIndex, load_index
from pneumo_core.types import Assessment, Float32, Prediction, Radiograph, Reading

_FILMS_AT_ONCE = 8
_THREADS = 2  # that prepare films while the engine runs


class Classifier:
    """A bundle on an engine behind the intake gate. `read` may be called from several threads.

    Attributes:
        bundle: the bundle.
        engine: what computes the feature maps.
        gate: what judges the films; the same for every bundle.
        similar: the index of the training films; None where the bundle has none.
        name: name and short digest of the bundle, as in every answer.
    """

    def __init__(
        self, bundle: Bundle, engine: Engine, head: Head, gate: Gate, similar: SimilarIndex | None = None
    ) -> None:
        """Put the parts together; `Classifier.load` makes them."""
        self.bundle = bundle
        self.engine = engine
        self.gate = gate
        self.similar = similar
        self.name = bundle.label
        self._head = head

    @classmethod
    def load(cls, folder: Path | str, engine: str = "auto", progress: Progress | None = None) -> "Classifier":
        """Load a bundle. There is no fallback: without sound weights there is no classifier.

        Args:
            folder: the bundle's folder.
            engine: "auto", "openvino", or "tensorflow".
            progress: called with (share done in 0..1, step) while the engine is made ready, from this thread.

        Raises:
            BundleError: if the bundle or the gate is missing, damaged, or made for another version.
            EngineError: if the engine can not be made ready.
        """
        bundle = load_bundle(folder)
        head = load_head(bundle)
        similar = load_index(bundle, head.channels)
        gate = Gate(default_gate())
        return cls(bundle, open_engine(bundle, engine, progress), head, gate, similar)

    def read(self, films: Sequence[Radiograph]) -> list[Reading]:
        """Read one film or many; a film that the intake refuses is predicted all the same, see `answer.answer_of`.

        Beyond the films and readings themselves, memory does not grow with their number.

        Args:
            films: the films; none is fine.

        Returns:
            One reading a film, in the same order.
        """
        readings: list[Reading] = []
        for batch, assessments in self._inputs(films):
            group = films[len(readings) : len(readings) + len(batch)]
            readings += self._read_batch(group, batch, assessments)
        return readings

    def _inputs(self, films: Sequence[Radiograph]) -> Iterator[tuple[Float32, list[Assessment]]]:
        """Prepare and judge films in threads, two batches ahead of the engine at most: float32 [n, S, S, 3] each."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="preprocess") as pool:
            waiting = iter(films)
            ahead: deque[Future[tuple[Float32, Assessment]]] = deque()

            def top_up(count: int) -> None:
                for _, film in zip(range(count), waiting, strict=False):
                    ahead.append(pool.submit(self._input, film))

            top_up(2 * _FILMS_AT_ONCE)
            while ahead:
                batch = [ahead.popleft().result() for _ in range(min(_FILMS_AT_ONCE, len(ahead)))]
                top_up(len(batch))
                yield np.stack([prepared for prepared, _ in batch]), [assessment for _, assessment in batch]

    def _input(self, film: Radiograph) -> tuple[Float32, Assessment]:
        pixels = film.trimmed().pixels
        return preprocess(pixels, self.bundle.input_size), assess(self.gate, film, look_at(pixels))

    def _read_batch(
        self, films: Iterable[Radiograph], batch: Float32, assessments: Iterable[Assessment]
    ) -> Iterator[Reading]:
        feature_maps = self.engine.feature_map(batch)  # [n, h, w, K]
        pooled = feature_maps.mean(axis=(1, 2))  # [n, K]
        logits, gradients = self._head(pooled)
        parts = zip(films, assessments, feature_maps, pooled, logits, gradients, strict=True)
        for film, assessment, feature_map, features, logit, gradient in parts:
            maps = heatmaps(feature_map, gradient, film)
            similar = self.similar.nearest(features, film.digest) if self.similar else None
            yield Reading(film, self._predict(logit), maps, assessment, similar)

    def _predict(self, logits: Float32) -> Prediction:
        temperature, conformal = self.bundle.temperature, self.bundle.conformal
        probabilities = softmax(logits, temperature)
        sets = conformal.sets(probabilities) if conformal else (None, None)
        return Prediction(logits, temperature, probabilities, self.name, *sets)


def softmax(logits: Float32, temperature: float) -> Float32:
    """Turn logits into calibrated probabilities: float32 [..., 4] -> float32 [..., 4] in 0..1, summing to 1."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    probabilities: Float32 = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probabilities
