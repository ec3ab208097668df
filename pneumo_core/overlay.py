"""A film with the map of one class over it, as an 8-bit picture for files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.records import NOTICE
from pneumo_core.types import Float32, Heatmap, Reading

_OPACITY = 0.55  # where the map is strongest
_BAND = 0.045  # height of the line of text below the film, in shares of the film's width
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def overlay(reading: Reading, heatmap: Heatmap) -> NDArray[np.uint8]:
    """Lay a map over its film. All four maps of a film share one scale of colours.

    Args:
        reading: whose film it is.
        heatmap: one of the reading's maps; only cells that speak for its class are coloured.

    Returns:
        uint8 [H + band, W, 3] in OpenCV's order (blue, green, red), with a line of text below the film.
    """
    film = reading.film
    strength = _place(heatmap, film.height, film.width)[..., None]  # [H, W, 1] in 0..1
    grey = np.repeat(film.pixels[..., None] * np.float32(255.0), 3, axis=2)
    shades = np.round(strength[..., 0] * 255).astype(np.uint8)
    colours = np.asarray(cv2.applyColorMap(shades, cv2.COLORMAP_INFERNO), np.float32)
    share = np.float32(_OPACITY) * np.minimum(strength * 2, 1)
    mixed = np.round(grey * (1 - share) + colours * share).astype(np.uint8)
    return np.concatenate([mixed, _text_band(reading, heatmap, film.width)])


def write_overlays(reading: Reading, folder: Path, stem: str) -> list[Path]:
    """Write a PNG for each class: "<stem>-<first 8 digits of the film's digest>-<class>.png".

    Args:
        reading: the reading.
        folder: where to; must exist.
        stem: beginning of the files' names.

    Returns:
        The files' paths.

    Raises:
        OSError: if one can not be written.
    """
    paths = []
    for heatmap in reading.heatmaps:
        path = folder / f"{stem}-{reading.film.digest[:8]}-{heatmap.film_class}.png"
        _, data = cv2.imencode(".png", overlay(reading, heatmap))
        path.write_bytes(data.tobytes())
        paths.append(path)
    return paths


def _place(heatmap: Heatmap, height: int, width: int) -> Float32:
    """The map's positive part in shares of its scale, on the film's own pixels: float32 [H, W] in 0..1."""
    left, top, right, bottom = (round(edge) for edge in heatmap.box)
    positive = np.clip(heatmap.grid, 0, None) / np.float32(heatmap.scale or 1.0)
    placed = np.zeros((height, width), np.float32)
    part = cv2.resize(positive, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
    inside = part[max(-top, 0) : height - top, max(-left, 0) : width - left]
    placed[max(top, 0) : bottom, max(left, 0) : right] = inside
    return np.clip(placed, 0.0, 1.0)


def _text_band(reading: Reading, heatmap: Heatmap, width: int) -> NDArray[np.uint8]:
    share = reading.prediction.probabilities[heatmap.film_class.index]
    text = f"{heatmap.film_class} {share:.2f}, {heatmap.method}, {reading.prediction.model}. {NOTICE}"
    height = max(12, round(_BAND * width))
    band = np.zeros((height, width, 3), np.uint8)
    (drawn, _), _ = cv2.getTextSize(text, _FONT, 1.0, 1)
    scale = min(0.93 * width / drawn, height / 40)
    cv2.putText(band, text, (round(0.01 * width), round(0.7 * height)), _FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
    return band
