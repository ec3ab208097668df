"""What a film costs beside the network, and what maps with its gradient cost: `python -m benchmarks.beside_speed`.

Prints, in milliseconds a film, the time of the intake gate, the lungs, the prediction sets, and the similar films, one
after another as the app computes them, and their sum: median and 95th percentile of 200 films. Measured on the phantoms
as they are stored, and on one enlarged to a whole film of 16 bits, since gate and lungs look at a film that has to be
windowed and reduced first. Then, in seconds, the maps of the methods that run in a process of their own, and the memory
of that process. Exits 1 where the sum or the lungs alone are over their bars.

The model has to be prepared (`python -m pneumo_core prepare`); nothing else should run on the machine meanwhile.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pneumo_core.explain.methods import Explainer
from pneumo_core.explain.with_gradient import WITH_GRADIENT
from pneumo_core.intake import assess
from pneumo_core.intake.look import look_at
from pneumo_core.lungs.segmenter import LungSegmenter
from pneumo_core.model.active import default_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.preprocess import preprocess
from pneumo_core.reading import read_film
from pneumo_core.types import Radiograph

ROOT = Path(__file__).resolve().parents[1]
ALL_MS, LUNGS_MS = 100.0, 30.0  # the bars
_FILMS, _WARM_UP, _MAPS = 200, 10, 4
_LARGE = (2500, 2048)  # rows, columns


def main() -> int:
    """Measure, print, and tell whether both bars hold."""
    classifier, segmenter = Classifier.load(default_bundle()), LungSegmenter.load()
    phantoms = [
        read_film(path.read_bytes(), path.name) for path in sorted((ROOT / "assets" / "phantoms").glob("*.dcm"))
    ]
    print(f"{classifier.name}, {segmenter.name}, {len(os.sched_getaffinity(0))} cores")
    if classifier.similar is None or classifier.bundle.conformal is None:
        print("The model has no sets or no index of similar films: there is nothing to measure.")
        return 1
    held = True
    for title, films in (("phantoms", phantoms), ("large film", [_enlarge(phantoms[0])])):
        height, width = films[0].grey.shape
        print(f"\n{title}, {width} x {height}")
        times = _measure(classifier, segmenter, films)
        for name, milliseconds in times.items():
            median, high = np.percentile(milliseconds, (50, 95))
            print(f"  {name:14}{median:8.2f} ms   95th percentile {high:.2f} ms")
        held = held and float(np.median(times["all"])) < ALL_MS and float(np.median(times["lungs"])) < LUNGS_MS
    _measure_maps(classifier, phantoms[0])
    print(f"\nBars: all under {ALL_MS:.0f} ms, lungs under {LUNGS_MS:.0f} ms: {'held' if held else 'NOT held'}")
    return 0 if held else 1


def _enlarge(film: Radiograph) -> Radiograph:
    """The film at the size of a whole one, in all 16 bits."""
    grey = cv2.resize(film.grey.astype(np.float32), _LARGE[::-1], interpolation=cv2.INTER_CUBIC)
    low, high = film.window
    stretched = np.clip((grey - low) / (high - low), 0, 1) * 65535
    return replace(film, grey=stretched.astype(np.uint16), window=(0.0, 65535.0), bits_stored=16)


def _measure(classifier: Classifier, segmenter: LungSegmenter, films: list[Radiograph]) -> dict[str, list[float]]:
    """Milliseconds of each film, by what was done."""
    similar, conformal = classifier.similar, classifier.bundle.conformal
    assert similar is not None
    assert conformal is not None
    inputs = np.stack([preprocess(film.trimmed().pixels, classifier.bundle.input_size) for film in films])
    features = classifier.engine.feature_map(inputs).mean(axis=(1, 2))
    probabilities = [reading.prediction.probabilities for reading in classifier.read(films)]

    def works(at: int) -> dict[str, Callable[[], object]]:
        return {
            "gate": lambda: assess(classifier.gate, films[at], look_at(films[at].trimmed().pixels)),
            "lungs": lambda: segmenter.mask(films[at]),
            "sets": lambda: conformal.sets(probabilities[at]),
            "similar films": lambda: similar.nearest(features[at], films[at].digest),
        }

    times: dict[str, list[float]] = {}
    for count in range(_WARM_UP + _FILMS):
        spent = {name: _milliseconds(work) for name, work in works(count % len(films)).items()}
        if count >= _WARM_UP:  # the first ones set memory up
            for name, value in (spent | {"all": sum(spent.values())}).items():
                times.setdefault(name, []).append(value)
    return times


def _measure_maps(classifier: Classifier, film: Radiograph) -> None:
    explainer = Explainer(classifier)
    print("\nmaps in a process of their own")
    for name in WITH_GRADIENT:
        first, *later = (_milliseconds(explainer.maps, film, name) / 1000 for _ in range(_MAPS))
        print(f"  {name:24}{np.median(later):6.2f} s, the first {first:.2f} s")
    status = Path(f"/proc/{explainer.beside.pid}/status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(f"  memory of that process  {peak / 1024:6.0f} MiB at most")
    explainer.beside.close()


def _milliseconds(work: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    work(*arguments)
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
