"""Pictures for reports: the windowed film, and the film with its map, blended as the viewer blends them."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from pneumo_core.types import Heatmap, Radiograph

Grey8 = NDArray[np.uint8]  # [h, w]
Rgb8 = NDArray[np.uint8]  # [h, w, 3]

OPACITY = 0.7  # as the viewer starts
# NanumGothic (SIL Open Font License, beside it): a note may be written in Korean, and reports carry their own font.
FONT = Path(__file__).parents[2] / "assets" / "fonts" / "NanumGothic.ttf"
# Viridis (van der Walt and Smith 2015, CC0), ten evenly spaced colours, as in ui/viewer/colour_maps.js.
_VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"


@cache
def _table() -> NDArray[np.float32]:
    """Float32 [256, 3], RGB 0..255."""
    anchors = np.array([list(bytes.fromhex(colour)) for colour in _VIRIDIS.split()], np.float32)
    places = np.linspace(0.0, len(anchors) - 1, 256)
    channels = [np.interp(places, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.float32)


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The reports' font at a size in pixels."""
    return ImageFont.truetype(str(FONT), size)


def film_picture(film: Radiograph, side: int) -> Grey8:
    """The film under its stored window, its long side at most `side` pixels, never enlarged."""
    pixels = film.pixels
    factor = min(side / max(pixels.shape), 1.0)
    size = (max(round(film.width * factor), 1), max(round(film.height * factor), 1))
    if factor < 1.0:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return (pixels * 255.0).round().astype(np.uint8)


def _colours(relative: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colour and coverage of values in 0..1: float32 [..., 3] and [..., 1]; low values cover less."""
    relative = np.clip(relative, 0.0, 1.0)
    return _table()[(relative * 255.0).round().astype(np.intp)], (relative**0.7)[..., None]


def map_picture(film: Grey8, heatmap: Heatmap, size: tuple[int, int]) -> Rgb8:
    """Lay a map over a film picture.

    Args:
        film: what `film_picture` gave.
        heatmap: the map; only its positive part is drawn, full colour at its scale.
        size: (rows, columns) of the film that the map's box refers to.
    """
    rows, columns = film.shape
    down, across = rows / size[0], columns / size[1]
    left, top, right, bottom = heatmap.box
    x0, x1 = round(left * across), max(round(right * across), round(left * across) + 1)
    y0, y1 = round(top * down), max(round(bottom * down), round(top * down) + 1)
    # Bilinear between cell centres, flat beyond the outer ones: what INTER_LINEAR does.
    values = cv2.resize(heatmap.grid, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR) / (heatmap.scale or 1.0)
    colours, coverage = _colours(values)
    shown = np.repeat(film[..., None], 3, axis=2).astype(np.float32)
    under = shown[y0:y1, x0:x1]
    colours, coverage = colours[: under.shape[0], : under.shape[1]], coverage[: under.shape[0], : under.shape[1]]
    under += (colours - under) * coverage * OPACITY
    return shown.round().astype(np.uint8)


def colour_scale(width: int, height: int) -> Rgb8:
    """The scale as it looks over a middle grey, from 0 on the left to the full scale on the right."""
    colours, coverage = _colours(np.linspace(0.0, 1.0, width, dtype=np.float32))
    row = 110.0 + (colours - 110.0) * coverage * OPACITY
    return np.repeat(row[None].round().astype(np.uint8), height, axis=0)
