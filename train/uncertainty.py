"""Whether a spread of answers tells unsure films better than the probability does: python -m train uncertainty.

The app holds back answers by the probability of the class it names. Two spreads could do that better: Monte Carlo
dropout (Gal & Ghahramani 2016, arXiv 1506.02142), in the head, whose only dropout layer is the first thing in it; and
the same film flipped or moved by a few pixels (Ayhan & Berens 2018). The answer itself stays the app's, so only the
order of the films changes: risk-coverage curves (Geifman & El-Yaniv 2017, arXiv 1705.08500) compare orders.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pneumo_core.model.bundle import Bundle, load_bundle
from pneumo_core.model.engine import Engine, open_engine
from pneumo_core.model.head import Head, load_head
from pneumo_core.preprocess import preprocess
from pneumo_core.types import Float32
from train.bootstrap import RESAMPLES, draw_weights, interval
from train.data import FilmRow, read_rows
from train.evaluate import Selection
from train.metrics import Float64, Int64, softmax
from train.predict import read_in_groups
from train.tables import table

BASELINE = "probability of the answer"
COVERAGE = 0.8  # of the films are answered where accuracy is told
SPLITS = ("val", "test")
_DRAWS = 100  # of the dropout
_SHIFT = 8  # pixels of 256


@dataclass(frozen=True, eq=False)
class Spreads:
    """What the network says of films in several ways.

    Attributes:
        labels: int64 [n].
        patients: n names.
        plain: float64 [n, 4], the probabilities that the app shows.
        dropout: float64 [draws, n, 4], with dropout in the head.
        changed: float64 [changes, n, 4], of the film as it is, flipped, and moved.
    """

    labels: Int64
    patients: tuple[str, ...]
    plain: Float64
    dropout: Float64
    changed: Float64


def measure_uncertainty(bundle_folder: Path, data: Path, sample: int, seed: int) -> dict[str, Any]:
    """Measure the orders of films on val and on test.

    Args:
        bundle_folder: the bundle.
        data: the data set.
        sample: at most so many films of each split; 0 takes all.
        seed: of the sample, the dropout, and the resamples.

    Returns:
        The bundle's name, and for each split its films, patients, and figures by score (`compare_orders`).

    Raises:
        DataError: if a split is empty or a film can not be read.
        BundleError, EngineError: if there is no sound bundle or engine.
    """
    from pneumo_core.model.architecture import DROPOUT  # Keras takes seconds to import

    bundle, rows = load_bundle(bundle_folder), read_rows(data)
    engine, head = open_engine(bundle), load_head(bundle)
    found: dict[str, Any] = {"bundle": bundle.label, "draws": _DRAWS, "shift": _SHIFT, "dropout": DROPOUT}
    for split in SPLITS:
        chosen = Selection(sample=sample, seed=seed).rows(rows, split)
        spreads = _gather(bundle, engine, head, chosen, DROPOUT, seed)
        found[split] = {
            "films": len(chosen),
            "patients": len(set(spreads.patients)),
            "scores": compare_orders(spreads, seed),
        }
    return found


def _gather(bundle: Bundle, engine: Engine, head: Head, rows: Sequence[FilmRow], rate: float, seed: int) -> Spreads:
    random = np.random.default_rng(seed)
    pooled: list[Float32] = []  # [changes, K] of each film
    with tqdm(total=len(rows), desc=f"Reading {rows[0].split}", unit="film") as progress:
        for films in read_in_groups(rows):
            for film in films:
                square = preprocess(film.trimmed().pixels, bundle.input_size)
                pooled.append(engine.feature_map(np.stack(_changes(square))).mean(axis=(1, 2)))
                progress.update()
    features = np.stack(pooled, axis=1)  # [changes, n, K]

    def probabilities(values: Float32) -> Float64:
        return softmax(run_head(head, values), bundle.temperature)

    return Spreads(
        np.array([row.film_class.index for row in rows], np.int64),
        tuple(row.patient for row in rows),
        probabilities(features[0]),
        np.stack([probabilities(drop(features[0], rate, random)) for _ in range(_DRAWS)]),
        np.stack([probabilities(values) for values in features]),
    )


def _changes(square: Float32) -> list[Float32]:
    """The film as it is, flipped, and moved by a few pixels to the right and up; the edge fills what is left."""
    padded = np.pad(square, ((0, _SHIFT), (_SHIFT, 0), (0, 0)), mode="edge")
    return [square, square[:, ::-1], padded[_SHIFT:, : square.shape[1]]]


def drop(pooled: Float32, rate: float, random: np.random.Generator) -> Float32:
    """Dropout as in training: each feature is zero with this probability, and the others are scaled up to the mean."""
    kept = random.random(pooled.shape) >= rate
    return (pooled * kept / (1 - rate)).astype(np.float32)


def run_head(head: Head, pooled: Float32) -> Float32:
    """The logits alone, for many films at once: float32 [n, K] -> float32 [n, 4]."""
    values = pooled
    for position, stage in enumerate(head.stages):
        before: Float32 = np.maximum(values, 0) if position else values
        values = np.asarray((before * stage.scale + stage.shift) @ stage.kernel + stage.bias, np.float32)
    return values


def scores(spreads: Spreads) -> dict[str, Float64]:
    """How sure each film is by each score, float64 [n] each: more is surer."""
    answers = spreads.plain.argmax(axis=1)[None, :, None]
    dropped = np.take_along_axis(spreads.dropout, answers, axis=2)[..., 0]  # [draws, n]
    changed = np.take_along_axis(spreads.changed, answers, axis=2)[..., 0]
    both = dropped.mean(axis=0) / 2 + changed.mean(axis=0) / 2
    return {
        BASELINE: spreads.plain.max(axis=1),
        "dropout: mean probability": dropped.mean(axis=0),
        "dropout: spread of the probability": -dropped.std(axis=0),
        "dropout: mutual information": -mutual_information(spreads.dropout),
        "changed films: mean probability": changed.mean(axis=0),
        "changed films: spread of the probability": -changed.std(axis=0),
        "dropout and changed films: mean probability": both,
    }


def mutual_information(probabilities: Float64) -> Float64:
    """Entropy of the mean less the mean entropy, in nats: float64 [draws, n, 4] -> float64 [n]."""

    def entropy(values: Float64) -> Float64:
        return np.asarray(-(values * np.log(np.maximum(values, 1e-12))).sum(axis=-1))

    return entropy(probabilities.mean(axis=0)) - entropy(probabilities).mean(axis=0)


def compare_orders(spreads: Spreads, seed: int) -> dict[str, Any]:
    """Measure each order of the films, and its difference from the baseline's on the same resamples of patients.

    Returns:
        By score: `risk` (area under the risk-coverage curve: less is better), `accuracy` at 80 % coverage, and
        `risk_change` and `accuracy_change` against the baseline; each with its 95 % interval.
    """
    right = (spreads.plain.argmax(axis=1) == spreads.labels).astype(np.float64)
    drawn = draw_weights(spreads.patients, RESAMPLES, np.random.default_rng(seed))
    weights = np.concatenate([np.ones((1, len(right))), drawn])  # the first row is the films themselves
    patients = len(set(spreads.patients))
    curves = {name: risk_coverage(right, sure, weights) for name, sure in scores(spreads).items()}
    found = {}
    for name, (risk, accuracy) in curves.items():
        figures = {"risk": risk, "accuracy": accuracy}
        if name != BASELINE:
            figures |= {"risk_change": risk - curves[BASELINE][0], "accuracy_change": accuracy - curves[BASELINE][1]}
        found[name] = {key: _estimate(values, patients) for key, values in figures.items()}
    return found


def risk_coverage(right: Float64, sure: Float64, weights: Float64) -> tuple[Float64, Float64]:
    """Area under the risk-coverage curve, and accuracy at 80 % coverage, for each resample.

    Args:
        right: float64 [n], 1 where the answer is right.
        sure: float64 [n], the score.
        weights: float64 [r, n], how often each film counts.

    Returns:
        (areas float64 [r] in 0..1, accuracies float64 [r]).
    """
    order = np.argsort(-sure, kind="stable")
    counts = weights[:, order]
    covered = counts.cumsum(axis=1)
    errors = (counts * (1 - right[order])).cumsum(axis=1)
    risks = errors / np.maximum(covered, 1)
    total = covered[:, -1:]
    areas = (risks * counts).sum(axis=1) / total[:, 0]
    at = (covered < np.round(COVERAGE * total)).sum(axis=1).clip(max=len(right) - 1)
    return areas, 1 - risks[np.arange(len(risks)), at]


def _estimate(values: Float64, patients: int) -> dict[str, float]:
    low, high = interval(values[1:], float(values[0]), patients)
    return {"value": float(values[0]), "low": low, "high": high}


def helps(found: dict[str, Any]) -> list[str]:
    """The scores that are better than the baseline in both figures, their intervals away from 0."""
    return [
        name
        for name, figures in found["scores"].items()
        if name != BASELINE and figures["risk_change"]["high"] < 0 and figures["accuracy_change"]["low"] > 0
    ]


def _lower_risk(found: dict[str, Any]) -> list[str]:
    scores = found["scores"].items()
    return [name for name, figures in scores if name != BASELINE and figures["risk_change"]["high"] < 0]


def uncertainty_report(found: dict[str, Any], command: Sequence[str]) -> str:
    """Markdown of what `measure_uncertainty` found."""
    better = helps(found["val"])
    verdict = (
        f"On val better in both figures, the intervals away from 0: {', '.join(better)}."
        if better
        else "On val no score is better than the probability in both figures with intervals away from 0: the app goes "
        "on by the probability, and shows no spread."
    )
    lower = {split: ", ".join(_lower_risk(found[split])) or "none" for split in SPLITS}
    parts = [
        "# Does a spread of answers tell unsure films better than the probability?",
        f"{found['bundle']}. {found['draws']} draws of dropout at its rate of {found['dropout']} in the head; each "
        f"film as it is, flipped, and moved by {found['shift']} pixels of 256 to the right and up. The answer is "
        "always the app's, only the order of the films differs. Risk: the area under the risk-coverage curve, less is "
        "better. Accuracy: where the surer 80 % of films are answered. Changes are against the probability, film by "
        "film; 95 % intervals over patients. Research and education. Not for diagnosis.",
        verdict,
        f"Lower risk alone, the interval below 0: on val {lower['val']}; on test {lower['test']}. Val decides, since "
        "test is there to measure what was decided.",
    ]
    for split in SPLITS:
        part = found[split]
        rows = [
            [name, *(_cell(figures.get(key), sign) for key, sign in _COLUMNS)]
            for name, figures in part["scores"].items()
        ]
        parts += [
            f"## {split}: {part['films']:,} films of {part['patients']:,} patients",
            table(["Films in the order of", "Risk", "Change", "Accuracy at 80 %", "Change"], rows),
        ]
    return "\n\n".join([*parts, f"`python -m train {shlex.join(command)}`"]) + "\n"


_COLUMNS = (("risk", ""), ("risk_change", "+"), ("accuracy", ""), ("accuracy_change", "+"))


def _cell(figure: dict[str, float] | None, sign: str) -> str:
    if figure is None:
        return "-"
    value, low, high = (f"{figure[name]:{sign}.4f}" for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
