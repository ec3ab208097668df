"""Figures of merit for the four classes, from labels and probabilities."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from pneumo_core.types import CLASSES, Float32


def softmax(logits: Float32, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities [n, 4] of logits [n, 4] divided by a temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_loss(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Mean negative log-likelihood in nats."""
    likelihood = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(likelihood, 1e-12)).mean())


def sensitivities(labels: NDArray[np.int64], answers: NDArray[np.int64]) -> dict[str, float]:
    """Share of each class's films that were given that class; NaN for a class without films."""
    return {
        film_class.value: float((answers[labels == film_class.index] == film_class.index).mean())
        if (labels == film_class.index).any()
        else float("nan")
        for film_class in CLASSES
    }


def macro_auroc(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Mean one-against-rest area under the ROC curve over the classes that have films and are not alone."""
    areas = [
        roc_auc_score(labels == index, probabilities[:, index])
        for index in range(len(CLASSES))
        if 0 < (labels == index).sum() < len(labels)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def epoch_figures(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """What a training run records of the validation films after each epoch."""
    answers = probabilities.argmax(axis=1)
    figures = {
        "loss": log_loss(labels, probabilities),
        "accuracy": float((answers == labels).mean()),
        "macro_auroc": macro_auroc(labels, probabilities),
    }
    figures.update({f"sensitivity_{name}": value for name, value in sensitivities(labels, answers).items()})
    return figures
