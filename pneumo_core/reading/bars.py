"""Wide bars of one grey at a film's edges: padding to a square, letterboxes, closed collimators.

The network squashes a film to its square, so bars would squash what it looks at, and it hardly saw any in training.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pneumo_core.language import Message
from pneumo_core.types import Finding, Float32, Grade, Radiograph

_LEAST = 1 / 8  # of the side that the two bars of a direction take together; 1 % of the films of train have so much
_ALIKE = 0.02  # of the window: greys this close are one grey
_SHARE = 0.98  # of a line that has to have the grey of the bar
_SAMPLES = 256  # points of a line that are looked at
_KEPT, _KEPT_PIXELS = 1 / 4, 64  # what has to be left between the bars, as a share of the side and in pixels


def note_bars(film: Radiograph) -> Radiograph:
    """Find the bars of a film, and note them where they are wide.

    Args:
        film: a film, `bars` unset.

    Returns:
        The same film, or one with its `bars` and a finding that tells of them.
    """
    left, right = _widths(film.grey[:: max(1, film.height // _SAMPLES)].T, film.window)
    top, bottom = _widths(film.grey[:, :: max(1, film.width // _SAMPLES)], film.window)
    if not any((left, top, right, bottom)):
        return film
    text = Message("The film has wide bars of one grey at its edges; the model reads what lies between them.")
    finding = Finding("bars_left_out", Grade.NOTE, text)
    return replace(film, bars=(left, top, right, bottom), findings=(*film.findings, finding))


def _widths(lines: NDArray[np.uint16], window: tuple[float, float]) -> tuple[int, int]:
    """Lines of the bars before and after the film, none where they are narrow or leave too little between them.

    Args:
        lines: uint16 [n, m], the film's rows, or its columns.
        window: (low, high) of the film.
    """
    shown = np.clip(lines.astype(np.float32), *window)
    alike = np.float32(_ALIKE * (window[1] - window[0]))
    before, after = _first_other(shown, alike), _first_other(shown[::-1], alike)
    count = len(lines)
    wide = before + after >= _LEAST * count
    left_over = count - before - after
    return (before, after) if wide and left_over >= max(_KEPT * count, _KEPT_PIXELS) else (0, 0)


def _first_other(lines: Float32, alike: np.float32) -> int:
    """Lines at the start that have the grey of the first line."""
    same = (np.abs(lines - np.median(lines[0])) <= alike).mean(axis=1) >= _SHARE
    return len(same) if same.all() else int(np.argmin(same))
