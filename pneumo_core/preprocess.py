"""From a film to the network's input: the one function that training, prediction, maps, and intake share.

A film is squashed to the square, whatever its aspect: most films of the training data come squashed, and
letterboxing would give their source away.
"""

import cv2
import numpy as np

from pneumo_core.types import Float32

INPUT_SIZE = 256  # rows and columns of the network's input
_CENTRE = (1, 7)  # eighths of the side that the grey range is taken from: borders and marks are left out
_LOW, _HIGH = 1.0, 99.0  # percentiles of the centre that become black and white


def to_square(pixels: Float32, size: int = INPUT_SIZE) -> Float32:
    """Squash a film to a square by area averaging (shrinking) or bicubic interpolation (enlarging).

    Args:
        pixels: float32 [H, W] in 0..1.
        size: rows and columns of the result.

    Returns:
        float32 [size, size] in 0..1.
    """
    # Each direction by itself: a panorama may shrink in one and grow in the other.
    for columns, rows in ((size, pixels.shape[0]), (size, size)):
        shrinks = columns <= pixels.shape[1] and rows <= pixels.shape[0]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        pixels = np.asarray(cv2.resize(pixels, (columns, rows), interpolation=interpolation), np.float32)
    return np.clip(pixels, 0.0, 1.0)


def normalise_greys(square: Float32) -> Float32:
    """Stretch the grey range so that the 1st and 99th percentile of the film's centre become black and white.

    The centre is the inner three quarters in each direction: collimator edges, borders, and burned-in letters do not
    set the range. A film without any contrast becomes all black.

    Args:
        square: float32 [S, S] in 0..1.

    Returns:
        float32 [S, S] in 0..1.
    """
    eighth = square.shape[0] / 8
    inner = slice(round(_CENTRE[0] * eighth), round(_CENTRE[1] * eighth))
    low, high = np.percentile(square[inner, inner], (_LOW, _HIGH))
    if high - low < 1e-4:
        return np.zeros_like(square)
    stretched: Float32 = (square - np.float32(low)) / np.float32(high - low)
    return np.clip(stretched, 0.0, 1.0, out=stretched)


def preprocess(pixels: Float32, size: int = INPUT_SIZE) -> Float32:
    """Turn one film into the network's input.

    Args:
        pixels: float32 [H, W] in 0..1, dark = air (`Radiograph.pixels`).
        size: rows and columns of the input.

    Returns:
        float32 [size, size, 3] in 0..255, three equal channels.

    Raises:
        ValueError: if `pixels` is not a float32 plane.
    """
    if pixels.ndim != 2 or pixels.dtype != np.float32:
        raise ValueError(f"`pixels` must be float32 [H, W], got {pixels.dtype} {pixels.shape}.")
    return as_input(normalise_greys(to_square(pixels, size)))


def as_input(square: Float32) -> Float32:
    """Scale a normalised square film to 0..255 and repeat it: float32 [S, S] in 0..1 -> float32 [S, S, 3]."""
    return np.repeat((square * np.float32(255.0))[..., None], 3, axis=2)
