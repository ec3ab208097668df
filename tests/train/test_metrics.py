import warnings

import numpy as np
import pytest
import sklearn.metrics

from pneumo_core.types import CLASSES
from train.metrics import confusion, epoch_figures, figures, softmax


def _films(count: int, seed: int = 0, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, count)
    logits = random.normal(size=(count, 4)) + sharpness * np.eye(4)[labels]
    return labels, softmax(logits.astype(np.float32))


def _figures_of(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    found = figures(labels, probabilities, np.ones((1, len(labels))))
    return {name: float(values[0]) for name, values in found.items()}


@pytest.mark.parametrize("seed", range(3))
def test_figures_agree_with_scikit_learn(seed: int) -> None:
    labels, probabilities = _films(300, seed)
    answers = probabilities.argmax(axis=1)
    found = _figures_of(labels, probabilities)
    assert found["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(labels, answers))
    assert found["macro_f1"] == pytest.approx(sklearn.metrics.f1_score(labels, answers, average="macro"))
    assert found["macro_auroc"] == pytest.approx(
        sklearn.metrics.roc_auc_score(labels, probabilities, multi_class="ovr")
    )
    assert found["log_loss"] == pytest.approx(sklearn.metrics.log_loss(labels, probabilities))
    recalls = sklearn.metrics.recall_score(labels, answers, average=None)
    precisions = sklearn.metrics.precision_score(labels, answers, average=None)
    for c, film_class in enumerate(CLASSES):
        assert found[f"sensitivity_{film_class}"] == pytest.approx(recalls[c])
        assert found[f"ppv_{film_class}"] == pytest.approx(precisions[c])
        specificity = sklearn.metrics.recall_score(labels != c, answers != c)
        assert found[f"specificity_{film_class}"] == pytest.approx(specificity)
        area = sklearn.metrics.roc_auc_score(labels == c, probabilities[:, c])
        assert found[f"auroc_{film_class}"] == pytest.approx(area)
    np.testing.assert_array_equal(confusion(labels, answers), sklearn.metrics.confusion_matrix(labels, answers))


def test_auroc_counts_ties_half() -> None:
    labels = np.array([0, 0, 1, 1, 0, 1])
    probabilities = np.zeros((6, 4))
    probabilities[:, 1] = [0.2, 0.5, 0.5, 0.5, 0.9, 0.9]
    probabilities[:, 0] = 1 - probabilities[:, 1]
    expected = sklearn.metrics.roc_auc_score(labels == 1, probabilities[:, 1])
    assert _figures_of(labels, probabilities)["auroc_bacterial"] == pytest.approx(expected)


def test_weights_count_like_copies_of_films() -> None:
    labels, probabilities = _films(60)
    times = np.random.default_rng(1).integers(0, 4, 60)
    weighted = figures(labels, probabilities, times[None].astype(np.float64))
    copied = _figures_of(np.repeat(labels, times), np.repeat(probabilities, times, axis=0))
    for name, value in copied.items():
        assert weighted[name][0] == pytest.approx(value), name


def test_calibration_error_by_hand() -> None:
    """A naive version of Guo et al.'s equation 3, bin after bin."""
    labels, probabilities = _films(500, sharpness=1.0)
    confidence, answers = probabilities.max(axis=1), probabilities.argmax(axis=1)
    expected = 0.0
    for m in range(1, 16):
        inside = (confidence > (m - 1) / 15) & (confidence <= m / 15)
        if inside.any():
            gap = abs((answers == labels)[inside].mean() - confidence[inside].mean())
            expected += inside.sum() / 500 * gap
    assert _figures_of(labels, probabilities)["ece"] == pytest.approx(expected)
    assert expected > 0.01


def test_sure_answers_have_the_calibration_error_of_their_error_rate() -> None:
    labels = np.array([0, 1, 2, 3])
    probabilities = np.eye(4)[[0, 1, 2, 0]]
    found = _figures_of(labels, probabilities)
    assert found["ece"] == pytest.approx(0.25)
    assert found["brier"] == pytest.approx(0.5)


def test_brier_by_hand() -> None:
    labels, probabilities = _films(50)
    expected = np.mean([((p - np.eye(4)[label]) ** 2).sum() for label, p in zip(labels, probabilities, strict=True)])
    assert _figures_of(labels, probabilities)["brier"] == pytest.approx(expected)


def test_what_no_film_can_tell_is_nan_without_a_warning() -> None:
    labels, probabilities = np.array([0, 0, 0]), np.eye(4)[[0, 0, 1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = _figures_of(labels, probabilities)
    assert found["sensitivity_normal"] == pytest.approx(2 / 3)
    assert found["ppv_bacterial"] == 0.0
    undefined = ("specificity_normal", "sensitivity_viral", "ppv_viral", "f1_bacterial", "auroc_normal", "macro_auroc")
    assert all(np.isnan(found[name]) for name in undefined)
    assert found["macro_f1"] == pytest.approx(0.8)  # of normal, the only class with films


def test_temperature_divides_logits() -> None:
    logits = np.array([[2.0, 0.0, 0.0, 0.0], [1000.0, -1000.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(softmax(logits, 2.0)[0], np.array([np.e, 1, 1, 1]) / (np.e + 3))
    np.testing.assert_array_equal(softmax(logits)[1], [1, 0, 0, 0])


def test_epoch_figures_are_plain_numbers() -> None:
    labels, probabilities = _films(40)
    found = epoch_figures(labels, probabilities)
    assert set(found) == {"loss", "accuracy", "macro_auroc", *(f"sensitivity_{name}" for name in CLASSES)}
    assert all(type(value) is float for value in found.values())
    assert found["loss"] == pytest.approx(sklearn.metrics.log_loss(labels, probabilities, labels=range(4)))
