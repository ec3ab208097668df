"""The gate's network: is it a frontal chest film, how does it lie, what is wrong with it, and how far is it from train?

One small network answers all of it: the first five blocks of an EfficientNetB0, frozen, and a small head. It has a
folder of its own, `assets/models/intake`, and does not change with the classifier:

    gate.json      schema, thresholds, figures, how it was made
    gate.xml/.bin  the network as OpenVINO IR, weights in float16: no preparing at the first start
    CARD.md        what it is and how well it does
    SHA256SUMS     the digest of each of the files above

`python -m train intake` writes it.
"""

import hashlib
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pneumo_core.errors import BundleError
from pneumo_core.intake.look import GATE_SIZE, Look, as_gate_input
from pneumo_core.language import Message
from pneumo_core.model.bundle import CARD_FILE, SUMS_FILE, check_digests
from pneumo_core.model.openvino_engine import import_openvino
from pneumo_core.types import Float32

SCHEMA = 1
GATE_FILE, NETWORK_FILE, WEIGHTS_FILE = "gate.json", "gate.xml", "gate.bin"
KINDS = ("frontal", "lateral", "other_part", "other_imaging", "picture")
TURNS = 4  # quarter turns to the left
FLAGS = ("inverted", "cut_off", "marks")
OUTPUTS = len(KINDS) + TURNS + len(FLAGS) + 2  # the last two: child, distance
SCORES = ("not_frontal", "turned", *FLAGS, "distance")  # what `gate.json` has thresholds for
_DIGEST_CHARACTERS = 12
_SETTINGS = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}


@dataclass(frozen=True, eq=False)
class GateScores:
    """What the network says about one film.

    Attributes:
        kinds: float32 [5], probabilities in the order of `KINDS`.
        turns: float32 [4], probabilities of having been turned by 0, 1, 2, 3 quarters to the left.
        flags: float32 [3], probabilities in the order of `FLAGS`.
        child: probability that the film is a child's, 0..1.
        distance: Mahalanobis distance of the pooled features to the nearest group of training films (Lee et al. 2018,
            arXiv 1807.03888).
    """

    kinds: Float32
    turns: Float32
    flags: Float32
    child: float
    distance: float

    @classmethod
    def of_output(cls, output: Float32) -> "GateScores":
        """Take one row of the network's output apart: float32 [14]."""
        kinds, turns, flags, rest = np.split(output, np.cumsum([len(KINDS), TURNS, len(FLAGS)]))
        return cls(kinds, turns, flags, float(rest[0]), float(rest[1]))

    def scores(self) -> dict[str, float]:
        """What is held against the thresholds, by the names of `SCORES`; higher is worse."""
        flags = (float(flag) for flag in self.flags)
        values = (1 - float(self.kinds[0]), 1 - float(self.turns[0]), *flags, self.distance)
        return dict(zip(SCORES, values, strict=True))


@dataclass(frozen=True)
class Limits:
    """From which score on a finding is a caution, and from which a refusal; None: never."""

    caution: float
    refuse: float | None


class Gate:
    """The gate's network and its thresholds. `look` may be called from several threads.

    Attributes:
        label: name and short digest.
        limits: the thresholds by the names of `SCORES`.
        description: gate.json as a whole.
    """

    def __init__(self, folder: Path | str) -> None:
        """Load the gate.

        Args:
            folder: its folder.

        Raises:
            BundleError: if a file is missing, damaged, or made for another version.
        """
        folder = Path(folder)
        if not (folder / SUMS_FILE).is_file():
            raise BundleError(
                Message(
                    "There is no intake gate at {folder}: {file} is missing. Get the folder anew, or make it with "
                    "`python -m train intake`.",
                    folder=str(folder),
                    file=SUMS_FILE,
                )
            )
        sums = (folder / SUMS_FILE).read_bytes()
        listed = check_digests(folder, sums)
        if missing := {GATE_FILE, NETWORK_FILE, WEIGHTS_FILE, CARD_FILE} - listed:
            raise BundleError(f"{SUMS_FILE} of {folder.name} does not list {', '.join(sorted(missing))}.")
        self.label = f"{folder.name}@{hashlib.sha256(sums).hexdigest()[:_DIGEST_CHARACTERS]}"
        self.description, self.limits = _describe(folder)
        openvino = import_openvino()
        try:
            network = openvino.Core().read_model(folder / NETWORK_FILE)
            network.reshape([1, GATE_SIZE, GATE_SIZE, 3])
            self._request = openvino.Core().compile_model(network, "CPU", _SETTINGS).create_infer_request()
        except RuntimeError as error:
            raise BundleError(
                Message("OpenVINO can not load the intake gate ({error}). Get its folder anew.", error=str(error))
            ) from error
        self._lock = threading.Lock()

    def __call__(self, look: Look) -> GateScores:
        """Judge one film."""
        with self._lock:
            output = self._request.infer([as_gate_input(look.square)[None]])[0][0]
            return GateScores.of_output(np.array(output, np.float32))


def _describe(folder: Path) -> tuple[dict[str, Any], dict[str, Limits]]:
    try:
        description = json.loads((folder / GATE_FILE).read_bytes())
        if description["schema"] != SCHEMA:
            raise BundleError(
                f"{GATE_FILE} of {folder.name} has schema {description['schema']!r}, this version reads {SCHEMA}. "
                "Use a gate made for this version."
            )
        limits = {name: Limits(**description["thresholds"][name]) for name in SCORES}
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{GATE_FILE} of {folder.name} does not say what was expected ({error}).") from error
    return description, limits


def default_gate() -> Path:
    """The folder of the gate that comes with the program."""
    return Path(__file__).resolve().parents[2] / "assets" / "models" / "intake"
