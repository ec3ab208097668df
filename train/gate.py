"""The gate before the app: a bundle may take over only if it is sound and no class loses more than a given margin."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pneumo_core.model.active import activate
from pneumo_core.model.classifier import Classifier
from pneumo_core.paired import paired_differences
from pneumo_core.selftest import selftest
from pneumo_core.types import CLASSES
from train.data import FilmRow, read_rows
from train.evaluate import Selection
from train.predict import Predictions, bundle_predictor, predict
from train.run import write_json

_PARITY_FILMS = 16
_PARITY = 1e-3  # of a probability


def gate(bundle: Path, against: Path, data: Path, margin: float, out: Path) -> bool:
    """Measure a bundle against the one in use on val, write the outcome, and make the bundle active if it passes.

    Args:
        bundle: folder of the bundle that is to take over.
        against: folder of the bundle in use.
        data: manifest CSV or folder of classes; only val is looked at.
        margin: how much sensitivity each class may lose on val, 0..1.
        out: the JSON file that the outcome goes to: passed, margin, bundle, against, films, changed (films whose
            answer differs), selftest (its problems), engines (largest difference of a probability, limit, passed), and
            classes (for each: first, second, low, high of `paired.Difference`, and passed).

    Returns:
        Whether it passed.

    Raises:
        BundleError, EngineError, DataError: if something can not be measured.
    """
    rows = Selection().rows(read_rows(data), "val")
    candidate = predict(bundle_predictor(bundle, "openvino"), rows, "Predicting val with the new model")
    in_use = predict(bundle_predictor(against, "openvino"), rows, "Predicting val with the model in use")
    difference = _engine_difference(bundle, rows, candidate)
    answers = [part.probabilities.argmax(axis=1) for part in (in_use, candidate)]
    found = paired_differences(candidate.labels, answers[0], answers[1], candidate.patients)
    classes = {
        str(film_class): asdict(change) | {"passed": change.value >= -margin}
        for film_class in CLASSES
        if (change := found.get(f"sensitivity_{film_class}")) is not None
    }
    problems = _selftest_problems(bundle)
    outcome: dict[str, Any] = {
        "passed": not problems and difference <= _PARITY and all(part["passed"] for part in classes.values()),
        "margin": margin,
        "bundle": bundle.name,
        "against": against.name,
        "films": len(rows),
        "changed": int((answers[0] != answers[1]).sum()),
        "selftest": problems,
        "engines": {"difference": difference, "limit": _PARITY, "passed": difference <= _PARITY},
        "classes": classes,
    }
    write_json(out, outcome)
    if outcome["passed"]:
        activate(bundle)
    return bool(outcome["passed"])


def _selftest_problems(bundle: Path) -> list[str]:
    """What keeps this machine from computing what the bundle was measured with."""
    return list(selftest(Classifier.load(bundle, "openvino")).problems)


def _engine_difference(bundle: Path, rows: list[FilmRow], served: Predictions) -> float:
    """The largest difference of a probability between the engine that serves and the reference, on some films."""
    step = max(1, len(rows) // _PARITY_FILMS)
    reference = predict(bundle_predictor(bundle, "tensorflow"), rows[::step], "Predicting with the reference engine")
    return float(np.abs(reference.probabilities - served.probabilities[::step]).max())
