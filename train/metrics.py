"""Figures of merit for the four classes, from labels and probabilities.

`figures` takes films with weights, many sets of weights at once: all weights 1 give the figures themselves, the
multiplicities of a bootstrap give its resamples (train.bootstrap), from the same code.
"""

import numpy as np
from numpy.typing import NDArray

from pneumo_core.types import CLASSES, Float32

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

_ECE_BINS = 15


def softmax(logits: Float32, temperature: float = 1.0) -> Float64:
    """Probabilities [n, 4] of logits [n, 4] divided by a temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_loss(labels: Int64, probabilities: Float64) -> float:
    """Mean negative log-likelihood in nats."""
    return float(_log_losses(labels, probabilities).mean())


def epoch_figures(labels: Int64, probabilities: Float64) -> dict[str, float]:
    """What a training run records of the validation films after each epoch."""
    found = figures(labels, probabilities, np.ones((1, len(labels))))
    names = ["log_loss", "accuracy", "macro_auroc", *(f"sensitivity_{film_class}" for film_class in CLASSES)]
    return {"loss" if name == "log_loss" else name: float(found[name][0]) for name in names}


def confusion(labels: Int64, answers: Int64) -> Int64:
    """Films by label (row) and answer (column): int64 [4, 4]."""
    counts = np.bincount(labels * len(CLASSES) + answers, minlength=len(CLASSES) ** 2)
    return counts.reshape(len(CLASSES), len(CLASSES))


def figures(labels: Int64, probabilities: Float64, weights: Float64) -> dict[str, Float64]:
    """All figures of a set of films, for many weightings at once.

    A figure without films to tell it by is NaN: the sensitivity of a class that has no film, the positive predictive
    value (PPV) of a class that is never the answer. Macro figures are means over the classes that have films.

    Args:
        labels: int64 [n], class indices.
        probabilities: float64 [n, 4]; the answer is the largest.
        weights: float64 [r, n], not negative: how often each film counts in each of r weightings.

    Returns:
        float64 [r] by name: accuracy, macro_f1, macro_auroc, ece (expected calibration error of the answer in 15 equal
        bins; Guo et al. 2017, arXiv 1706.04599), brier (summed over the classes, 0..2), log_loss (nats), and for each
        class sensitivity_, specificity_, ppv_, f1_, and auroc_ (one against the rest).
    """
    count = len(CLASSES)
    answers = probabilities.argmax(axis=1)
    total = weights.sum(axis=1)  # [r]
    cells = np.eye(count * count)[labels * count + answers]  # [n, 16]
    table = (weights @ cells).reshape(-1, count, count)  # [r, label, answer]
    right = np.diagonal(table, axis1=1, axis2=2)  # [r, 4]
    with_label, with_answer = table.sum(axis=2), table.sum(axis=1)  # [r, 4]
    negatives = total[:, None] - with_label
    found = {
        "sensitivity": _ratio(right, with_label),
        "specificity": _ratio(negatives - with_answer + right, negatives),
        "ppv": _ratio(right, with_answer),
        # A class without films has no F1, whatever was answered.
        "f1": np.where(with_label > 0, _ratio(2 * right, with_label + with_answer), np.nan),
        "auroc": np.stack([_auroc(labels == c, probabilities[:, c], weights) for c in range(count)], axis=1),
    }
    errors = ((probabilities - np.eye(count)[labels]) ** 2).sum(axis=1)
    named = {
        "accuracy": _ratio(right.sum(axis=1), total),
        "macro_f1": _mean_of_known(found["f1"]),
        "macro_auroc": _mean_of_known(found["auroc"]),
        "ece": _ratio(np.abs(weights @ _calibration_gaps(labels, probabilities)).sum(axis=1), total),
        "brier": _ratio(weights @ errors, total),
        "log_loss": _ratio(weights @ _log_losses(labels, probabilities), total),
    }
    for name, values in found.items():
        named.update({f"{name}_{film_class}": values[:, film_class.index] for film_class in CLASSES})
    return named


def _log_losses(labels: Int64, probabilities: Float64) -> Float64:
    return np.asarray(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)))


def _ratio(part: Float64, whole: Float64) -> Float64:
    """Part / whole, NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def _mean_of_known(values: Float64) -> Float64:
    """Mean over the last axis of what is not NaN; NaN where all are."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))


def _calibration_gaps(labels: Int64, probabilities: Float64) -> Float64:
    """Rightness less confidence of each film in the column of its confidence's bin: float64 [n, 15]."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * _ECE_BINS).astype(np.int64) - 1, 0, _ECE_BINS - 1)  # (low, high]
    return np.asarray(np.eye(_ECE_BINS)[bins] * (right - confidence)[:, None])


def _auroc(is_positive: NDArray[np.bool_], scores: Float64, weights: Float64) -> Float64:
    """Weighted Mann-Whitney: the chance that a positive outscores a negative, ties counting half; float64 [r]."""
    order = np.argsort(scores, kind="stable")
    _, starts = np.unique(scores[order], return_index=True)
    positives = np.add.reduceat((weights * is_positive)[:, order], starts, axis=1)  # [r, distinct scores]
    negatives = np.add.reduceat((weights * ~is_positive)[:, order], starts, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    return _ratio((positives * below).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))
