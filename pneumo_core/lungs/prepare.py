"""From a film to the lung network's input: training and reading share this function."""

import cv2
import numpy as np

from pneumo_core.preprocess import normalise_greys, to_square
from pneumo_core.types import Float32

LUNGS_SIZE = 128  # rows and columns of the network's input and of its answer
_TILES = 4  # of the local equalisation, in each direction
_CLIP = 2.0  # limit of its contrast


def prepare_lungs(pixels: Float32) -> Float32:
    """Turn one film into the lung network's input.

    The film is squashed to the square, its grey range stretched, and its contrast equalised locally (CLAHE, Pizer et
    al. 1987): the edge of a lung counts, not how bright the film was exposed there.

    Args:
        pixels: float32 [H, W] in 0..1, dark = air (`Radiograph.pixels`).

    Returns:
        float32 [128, 128, 1] in 0..1.
    """
    square = normalise_greys(to_square(pixels, LUNGS_SIZE))
    equalise = cv2.createCLAHE(_CLIP, (_TILES, _TILES))
    equal = equalise.apply(np.round(square * 255.0).astype(np.uint8))
    return (np.asarray(equal, np.float32) / np.float32(255.0))[..., None]
