"""Cover the lungs of films, or all but the lungs, as an augmentation against shortcuts.

With the lungs covered no answer is better than another, and the target says so; with all else covered the label
stands. A network that is shown both has less to gain from borders, letters, and the hospital's habits: what
`train.shortcuts` measures (DeGrave et al. 2021, Nature Machine Intelligence 3).
"""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pneumo_core.lungs.prepare import prepare_lungs
from pneumo_core.lungs.segmenter import LungSegmenter
from pneumo_core.types import Float32

_GRID = 64  # rows and columns that the masks are kept at
_LEAST_SHARE = 0.05  # of the film: where less than this was found, nothing is covered
_MARGIN = (0.0, 0.06)  # of the side, that a mask is widened by


class LungCovers:
    """Where the lungs of the films of a data set are."""

    def __init__(self, squares: NDArray[np.uint8]) -> None:
        """Find the lungs.

        Args:
            squares: uint8 [n, S, S], as of `data.Films`.

        Raises:
            BundleError, EngineError: if there is no sound lung network.
        """
        segmenter = LungSegmenter.load()

        def find(square: NDArray[np.uint8]) -> NDArray[np.bool_]:
            prepared = prepare_lungs(square.astype(np.float32) / np.float32(255.0))
            inside = 1.0 - segmenter.answer(prepared[None])[0, ..., 0]
            return np.asarray(cv2.resize(inside, (_GRID, _GRID), interpolation=cv2.INTER_AREA) > 0.5)

        with ThreadPoolExecutor() as pool:
            masks = list(tqdm(pool.map(find, squares), total=len(squares), desc="Finding lungs", unit="film"))
        self._masks = np.stack(masks)

    def without_lungs(
        self, square: NDArray[np.uint8], film: int, random: np.random.Generator
    ) -> NDArray[np.uint8] | None:
        """Cover the lungs.

        Args:
            square: uint8 [S, S], of the film.
            film: its position in the data set.
            random: draws the margin and the covering grey.

        Returns:
            A new array; None where no lungs were found.
        """
        lungs = self._lungs(square.shape[0], film, random)
        return None if lungs is None else _fill(square, lungs, random)

    def only_lungs(self, square: NDArray[np.uint8], film: int, random: np.random.Generator) -> NDArray[np.uint8] | None:
        """Cover all but the lungs; see `without_lungs`."""
        lungs = self._lungs(square.shape[0], film, random)
        return None if lungs is None else _fill(square, ~lungs, random)

    def _lungs(self, size: int, film: int, random: np.random.Generator) -> NDArray[np.bool_] | None:
        mask = self._masks[film]
        if mask.mean() < _LEAST_SHARE:
            return None
        widened = widen_lungs(mask.astype(np.float32), size, size, random.uniform(*_MARGIN))
        return None if widened.all() else widened


def widen_lungs(probability: Float32, width: int, height: int, margin: float) -> NDArray[np.bool_]:
    """Draw a lung mask at a film's size, and widen it.

    Args:
        probability: float32 [h, w] in 0..1, that a cell belongs to a lung.
        width: of the film.
        height: of the film.
        margin: to widen by on every side, as a share of the longer side.

    Returns:
        bool [height, width].
    """
    large = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    side = 2 * round(margin * max(width, height)) + 1
    return cv2.dilate(large.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool)


def _fill(square: NDArray[np.uint8], covered: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.uint8]:
    """Fill with the mean of what stays, or with any grey, so that the grey tells nothing."""
    filled = square.copy()
    filled[covered] = square[~covered].mean() if random.random() < 0.5 else random.integers(256)
    return filled
