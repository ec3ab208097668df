"""Speed of the engines on this machine with the model that the app would use: `python -m benchmarks.engine_speed`.

Prints, for OpenVINO and TensorFlow:

- start: from the start of a fresh process to the first answer, once the engine's cache exists (median of three);
- one film: from the network's input to the four logits and the four maps (median and 95th percentile), and the
  share of it that is the backbone;
- many films: from 200 films in memory to 200 readings, in films a second, beside what the backbone alone can do.

The films are the phantoms of assets/phantoms: an engine is as fast on them as on any other film. Nothing else should
run on the machine meanwhile.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pneumo_core.explain.gradcam import heatmaps
from pneumo_core.model.active import default_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.head import load_head
from pneumo_core.preprocess import preprocess
from pneumo_core.reading import read_film

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("openvino", "tensorflow")
_STARTS, _SINGLE_FILMS, _MANY_FILMS = 3, 100, 200
_FIRST_ANSWER = """
import sys
from pathlib import Path
from pneumo_core.model.classifier import Classifier
from pneumo_core.reading import read_film
path = Path(sys.argv[3])
Classifier.load(sys.argv[1], sys.argv[2]).read([read_film(path.read_bytes(), path.name)])
"""


def main() -> None:
    """Measure both engines and print the figures."""
    bundle = default_bundle()
    phantoms = sorted((ROOT / "assets" / "phantoms").glob("*.dcm"))
    print(f"{_processor()}, {len(os.sched_getaffinity(0))} cores; Python {platform.python_version()}")
    for name in ENGINES:
        classifier = Classifier.load(bundle, name, lambda share, step: print(f"  {step}", file=sys.stderr))
        print(f"\n{classifier.name} on {name}")
        starts = [_seconds(_start, bundle, name, phantoms[0]) for _ in range(_STARTS)]
        print(f"  start to first answer   {statistics.median(starts):6.2f} s")
        _measure(classifier, phantoms)


def _measure(classifier: Classifier, phantoms: list[Path]) -> None:
    films = [read_film(path.read_bytes(), path.name) for path in phantoms]
    side = classifier.bundle.input_size
    inputs = np.stack([preprocess(film.pixels, side) for film in films])
    head = load_head(classifier.bundle)

    def maps_of(position: int) -> None:
        [feature_map] = classifier.engine.feature_map(inputs[position][None])
        _, gradients = head(feature_map.mean(axis=(0, 1))[None])
        heatmaps(feature_map, gradients[0], films[position])

    for position in range(5):  # the first ones set memory up
        maps_of(position % len(films))
    batch = inputs[np.arange(8) % len(films)]
    classifier.engine.feature_map(batch)
    singles, backbones = [], []
    for count in range(_SINGLE_FILMS):
        position = count % len(films)
        singles.append(1000 * _seconds(maps_of, position))
        backbones.append(1000 * _seconds(classifier.engine.feature_map, inputs[position][None]))
    print(
        f"  one film, four maps     {np.median(singles):6.1f} ms   95th percentile {np.percentile(singles, 95):.1f} ms"
    )
    print(f"  backbone alone          {np.median(backbones):6.1f} ms")
    backbone = sum(_seconds(classifier.engine.feature_map, batch) for _ in range(_MANY_FILMS // len(batch)))
    many = _seconds(classifier.read, [films[count % len(films)] for count in range(_MANY_FILMS)])
    print(f"  {_MANY_FILMS} films, read         {_MANY_FILMS / many:6.1f} a second")
    print(f"  {_MANY_FILMS} films, backbone     {_MANY_FILMS / backbone:6.1f} a second")


def _start(bundle: Path, engine: str, film: Path) -> None:
    command = [sys.executable, "-c", _FIRST_ANSWER, str(bundle), engine, str(film)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
