"""Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365) with SmoothGrad (Smilkov et al. 2017, 1706.03825).

The gradient is integrated along the straight way from a film of even grey to the film, so that the pixels' shares sum
up to what the logit changes on that way. SmoothGrad takes the mean over films with noise. Here each point of the way
has noise of its own, so that one integral does both; what the shares then sum up to is the change of the mean logit of
such noisy films. The noise is weak: the model reads fine grain, and answers otherwise where that is drowned.
"""

from collections.abc import Sequence

import numpy as np

from pneumo_core.model.gradient_network import GradientNetwork
from pneumo_core.types import CLASSES, Float32

CELLS = 32  # rows and columns of the grid: single pixels are speckle to the eye
STEPS = 32  # points of the integral, by Gauss and Legendre: dense near the even grey, where the network bends most
_NOISE = 4.0  # standard deviation, in grey levels of 255


def integrated_grids(network: GradientNetwork, square: Float32) -> Float32:
    """Sum the pixels' shares in 32 x 32 cells.

    Args:
        network: the network with its gradients.
        square: float32 [S, S, 3] in 0..255, its input; S is a multiple of 32.

    Returns:
        float32 [4, 32, 32], in logit units.
    """
    shares = integrate(network, square, noises(square.shape[0]))
    side = square.shape[0] // CELLS
    return shares.reshape(-1, CELLS, side, CELLS, side).sum(axis=(2, 4))


def integrate(network: GradientNetwork, square: Float32, noise: Sequence[Float32]) -> Float32:
    """Integrate the gradients along the way.

    Args:
        network: the network with its gradients.
        square: float32 [S, S, 3] in 0..255, its input.
        noise: float32 [S, S, 1] or 0 for each point of the integral, what is added there, in grey levels.

    Returns:
        float32 [4, S, S], each pixel's share of the change of the logits from `even_grey` to the film.
    """
    even = even_grey(square)
    way = square - even
    places, weights = np.polynomial.legendre.leggauss(len(noise))  # on -1..1
    slopes = np.zeros((len(CLASSES), *square.shape), np.float32)
    for place, weight, grain in zip((places + 1) / 2, weights / 2, noise, strict=True):
        slopes += np.float32(weight) * network(even + np.float32(place) * way + grain).pixels
    shares: Float32 = (slopes * way).sum(axis=-1)
    return shares


def even_grey(square: Float32) -> Float32:
    """Where the way begins: the film's mean grey everywhere. Black would make the dark lungs count for nothing."""
    return np.full_like(square, square.mean())


def noises(side: int) -> list[Float32]:
    """The noise at each point, float32 [S, S, 1] in grey levels; the same for every film, so that maps repeat."""
    random = np.random.default_rng(0)
    return [random.normal(0, _NOISE, (side, side, 1)).astype(np.float32) for _ in range(STEPS)]
