"""The self-test: does this machine still compute what the bundle was measured with?

A bundle carries `selftest.json`: what its network says of the phantom films, written when it was promoted. The
self-test reads the same phantoms with the engine in use and compares the network's input, the logits, and all four maps
of each. A film decoder, an image library, an engine, or a processor that computes otherwise shows here, and not in a
patient's answer. It says nothing about how good the answers are.
"""

import importlib.metadata
import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pneumo_core.errors import BundleError, PneumoError
from pneumo_core.language import Message
from pneumo_core.model.bundle import SELFTEST_FILE
from pneumo_core.model.classifier import Classifier
from pneumo_core.preprocess import preprocess
from pneumo_core.reading import read_film
from pneumo_core.types import Float32, Radiograph, Reading

SCHEMA = 1
PHANTOMS = Path(__file__).resolve().parents[1] / "assets" / "phantoms"
# The engines differ from one another by less than a hundredth of these; bfloat16, and any wrong weight, by more.
INPUT_TOLERANCE = 0.5  # grey levels of 255, of the mean of a tile
LOGIT_TOLERANCE = 0.01
MAP_TOLERANCE = 0.01  # of the maps' scale
_TILES = 16  # the input is compared by the means of so many tiles in each direction
_PACKAGES = ("numpy", "opencv-python-headless", "pydicom", "imagecodecs", "pillow", "openvino", "streamlit")
_CPU_FEATURES = ("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd")


@dataclass(frozen=True)
class SelfTestResult:
    """What the self-test found.

    Attributes:
        problems: one sentence each, what differs and by how much; none if it passed.
        input_difference: the largest difference of a tile's mean from the stored one, in grey levels of 255; None where
            nothing was compared, as in the two below.
        logit_difference: the largest difference of a logit from the stored one.
        map_difference: the largest difference of a map's cell from the stored one, as a share of the maps' scale.
        seconds: how long it took.
        seconds_per_film: how long one reading took, without decoding the file; None where no film was read.
    """

    problems: tuple[str, ...]
    input_difference: float | None = None
    logit_difference: float | None = None
    map_difference: float | None = None
    seconds: float = 0.0
    seconds_per_film: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the program may answer."""
        return not self.problems


def record_expected(classifier: Classifier) -> str:
    """Write down what a classifier says of the phantom films: the text of `selftest.json`.

    Raises:
        BundleError: if there are no phantoms.
        ReadError: if one can not be read.
    """
    films = {path.name: _open(path) for path in sorted(PHANTOMS.glob("*.dcm"))}
    if not films:
        raise BundleError(f"There are no phantom films in {PHANTOMS}. Draw them with `python -m pneumo_core.phantom`.")
    readings = classifier.read(list(films.values()))
    expected = {name: _describe(classifier, reading) for name, reading in zip(films, readings, strict=True)}
    return json.dumps({"schema": SCHEMA, "films": expected}, allow_nan=False) + "\n"


def selftest(classifier: Classifier) -> SelfTestResult:
    """Compare what a classifier says of the phantom films with what its bundle says it should.

    Args:
        classifier: with the engine in use.

    Returns:
        The result. Whatever goes wrong is a problem in it: nothing is raised.
    """
    start = time.perf_counter()
    try:
        expected = _read_expected(classifier)
        films = {name: _open(PHANTOMS / name) for name in expected}
        read_at = time.perf_counter()
        readings = classifier.read(list(films.values()))
        per_film = (time.perf_counter() - read_at) / len(films)
        found = {name: _describe(classifier, reading) for name, reading in zip(films, readings, strict=True)}
        greys = _largest(found, expected, "input")
        logits = _largest(found, expected, "logits")
        maps = _largest(found, expected, "maps")
    except (PneumoError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        return SelfTestResult((_sentence(error),), seconds=time.perf_counter() - start)
    return SelfTestResult(_judge(greys, logits, maps), greys, logits, maps, time.perf_counter() - start, per_film)


def _judge(input_difference: float, logit_difference: float, map_difference: float) -> tuple[str, ...]:
    problems = []
    # Written so that a difference that is not a number fails.
    if not input_difference <= INPUT_TOLERANCE:
        problems.append(
            Message(
                "The phantom films come out of reading and preparing with greys that differ by {difference:.2g} of 255 "
                "from the stored ones; at most {limit} is allowed.",
                difference=input_difference,
                limit=INPUT_TOLERANCE,
            )
        )
    if not logit_difference <= LOGIT_TOLERANCE:
        problems.append(
            Message(
                "The logits of the phantom films differ by {difference:.2g} from the stored ones; at most {limit} is "
                "allowed.",
                difference=logit_difference,
                limit=LOGIT_TOLERANCE,
            )
        )
    if not map_difference <= MAP_TOLERANCE:
        problems.append(
            Message(
                "The maps of the phantom films differ by {difference:.2g} of their scale from the stored ones; at most "
                "{limit} is allowed.",
                difference=map_difference,
                limit=MAP_TOLERANCE,
            )
        )
    return tuple(problems)


def _sentence(error: Exception) -> str:
    if isinstance(error, PneumoError):
        return str(error)
    return Message(
        "The self-test could not be done ({kind}: {error}). Get the program and its bundle anew.",
        kind=type(error).__name__,
        error=str(error),
    )


def _open(path: Path) -> Radiograph:
    return read_film(path.read_bytes(), path.name)


def _read_expected(classifier: Classifier) -> dict[str, Any]:
    path = classifier.bundle.folder / SELFTEST_FILE
    if not path.is_file():
        raise BundleError(
            Message(
                "The bundle {bundle} has no {file}: it can not be told whether this machine computes as it should. Use"
                " a bundle that `python -m train promote` of this version wrote.",
                bundle=classifier.bundle.name,
                file=SELFTEST_FILE,
            )
        )
    stored = json.loads(path.read_bytes())
    if stored["schema"] != SCHEMA or not stored["films"]:
        raise BundleError(
            Message(
                "{file} of {bundle} has schema {found!r} and {films} films; schema {expected} and a film at least were"
                " expected.",
                file=SELFTEST_FILE,
                bundle=classifier.bundle.name,
                found=stored["schema"],
                films=len(stored["films"]),
                expected=SCHEMA,
            )
        )
    films: dict[str, Any] = stored["films"]
    return films


def _describe(classifier: Classifier, reading: Reading) -> dict[str, Any]:
    """What is compared of one film: means of input tiles [16][16], logits [4], maps [4][h][w], and their scale."""
    square = preprocess(reading.film.trimmed().pixels, classifier.bundle.input_size)[..., 0]
    tiles = cv2.resize(square, (_TILES, _TILES), interpolation=cv2.INTER_AREA)
    maps = np.stack([heatmap.grid for heatmap in reading.heatmaps])
    return {
        "input": _rounded(tiles, 3),
        "logits": _rounded(reading.prediction.logits, 6),
        "maps": _rounded(maps, 7),
        "scale": round(reading.heatmaps[0].scale, 7),
    }


def _rounded(values: Float32, digits: int) -> Any:
    return np.round(values.astype(np.float64), digits).tolist()


def _largest(found: dict[str, Any], expected: dict[str, Any], part: str) -> float:
    """The largest difference over all films, for maps as a share of the film's stored scale."""
    worst = []
    for name, stored in expected.items():
        ours, theirs = np.asarray(found[name][part], np.float64), np.asarray(stored[part], np.float64)
        if ours.shape != theirs.shape:
            raise ValueError(f"{part} of {name} has the shape {ours.shape}, {theirs.shape} was stored")
        worst.append(np.abs(ours - theirs).max() / (stored["scale"] if part == "maps" else 1.0))
    return float(np.max(worst))


def describe_machine() -> dict[str, str]:
    """Versions and processor, for a report of a fault; nothing that names the machine or its user."""
    facts = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for package in _PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            facts[package] = "not installed"
    return facts | _describe_cpu()


def _describe_cpu() -> dict[str, str]:
    """The processor's name and those of its features that change how numbers are computed, where Linux tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {"cpu": platform.processor() or "unknown", "cpu features": "unknown"}
    values: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        values.setdefault(name.strip(), value.strip())  # of the first processor
    flags = (values.get("flags") or values.get("Features") or "").split()
    present = [feature for feature in _CPU_FEATURES if feature in flags]
    return {"cpu": values.get("model name", "unknown"), "cpu features": " ".join(present) or "none known"}


def report(classifier: Classifier, result: SelfTestResult) -> str:
    """Put the result and all that a report of a fault needs into lines of text."""
    facts = {"model": classifier.name, "gate": classifier.gate.label, "engine": classifier.engine.name}
    facts |= describe_machine()
    differences = (
        ("input difference", result.input_difference, INPUT_TOLERANCE, "grey levels of 255"),
        ("logit difference", result.logit_difference, LOGIT_TOLERANCE, ""),
        ("map difference", result.map_difference, MAP_TOLERANCE, "of the scale"),
    )
    for name, difference, tolerance, unit in differences:
        value = "not measured" if difference is None else f"{difference:.2g} {unit}".strip()
        facts[name] = f"{value} (at most {tolerance})"
    facts["seconds"] = f"{result.seconds:.2f}"
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return "\n".join([*lines, *result.problems, "Self-test passed." if result.passed else "SELF-TEST FAILED."])
