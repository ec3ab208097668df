"""Occlusion (Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks")."""

import numpy as np

from pneumo_core.model.engine import Engine
from pneumo_core.model.head import Head
from pneumo_core.types import Float32

CELLS = 8  # places of the patch in each direction
_PATCH = 2  # its sides, in cells


def occlusion_grids(square: Float32, logits: Float32, engine: Engine, head: Head) -> Float32:
    """Cover one place of the input after the other and see how far the logits fall.

    The patch has the film's mean grey and sides of a quarter of the film; it is centred on each cell of an 8 x 8 grid.

    Args:
        square: float32 [S, S, 3] in 0..255, the network's input.
        logits: float32 [4] of the film as it is.
        engine: what computes feature maps.
        head: the head that reads them.

    Returns:
        float32 [4, 8, 8], in logit units.
    """
    size = square.shape[0]
    cell, half = size / CELLS, _PATCH * size / CELLS / 2
    falls = np.empty((CELLS, CELLS, logits.shape[0]), np.float32)
    for row in range(CELLS):
        batch = np.repeat(square[None], CELLS, axis=0)
        top, bottom = (round((row + 0.5) * cell + side) for side in (-half, half))
        for column, film in enumerate(batch):
            left, right = (round((column + 0.5) * cell + side) for side in (-half, half))
            film[max(0, top) : bottom, max(0, left) : right] = square.mean()
        covered, _ = head(engine.feature_map(batch).mean(axis=(1, 2)))
        falls[row] = logits - covered
    return np.ascontiguousarray(falls.transpose(2, 0, 1))
