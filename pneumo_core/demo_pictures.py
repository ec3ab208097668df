"""Pictures for the guided demo, so that it needs nobody's film: a page of text, and a film's negative."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.types import Radiograph

_ROWS, _COLUMNS = 1100, 850
_PAPER, _INK, _LINE = 245, 20, 90  # greys, 0..255
_WORDS = ("This is a page of text,", "drawn by Pneumo.", "", "It is no chest film, and", "no answer is given to it.")


def drawn_page() -> bytes:
    """A page of text as PNG: what the intake has to refuse. It is the same at every call, to the last byte."""
    page = np.full((_ROWS, _COLUMNS), _PAPER, np.uint8)
    for at, line in enumerate(_WORDS):
        cv2.putText(page, line, (70, 160 + 80 * at), cv2.FONT_HERSHEY_DUPLEX, 1.4, _INK, 2, cv2.LINE_AA)
    widths = np.random.default_rng(0)
    for top in range(600, 1030, 36):  # further down, words as bars
        left = 70
        while left < 740:
            right = left + int(widths.integers(20, 90))
            cv2.rectangle(page, (left, top), (min(right, 780), top + 12), _LINE, -1)
            left = right + 14
    return _png(page)


def negative(film: Radiograph) -> bytes:
    """The film's negative as PNG of 16 bits, as it would come from an archive that exported it inverted."""
    return _png((65535 - np.rint(film.pixels * 65535)).astype(np.uint16))


def _png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])
