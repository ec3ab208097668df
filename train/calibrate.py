"""Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv 1706.04599)."""

import math

import scipy.optimize

from pneumo_core.errors import DataError
from pneumo_core.types import Float32
from train.metrics import Int64, log_loss, softmax

_RANGE = (0.05, 20.0)


def fit_temperature(logits: Float32, labels: Int64) -> float:
    """Find the temperature that makes the films' labels most likely.

    Args:
        logits: float32 [n, 4] of films that the weights were not trained on.
        labels: int64 [n].

    Returns:
        The divisor of the logits that minimises the mean negative log-likelihood, within 0.05..20.

    Raises:
        DataError: if there is no film.
    """
    if not len(labels):
        raise DataError("There is no validation film to fit the temperature on. Check the data set's splits.")
    # Over log T: the loss is smooth there and the range is symmetric about "no change".
    found = scipy.optimize.minimize_scalar(
        lambda log_t: log_loss(labels, softmax(logits, math.exp(log_t))),
        bounds=tuple(map(math.log, _RANGE)),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(math.exp(found.x))
