"""Small pictures of films."""

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.types import Radiograph

SIDE = 112  # pixels, the long side


def shrink(grey: NDArray[np.uint16], side: int) -> NDArray[np.uint16]:
    """Shrink by area averaging so that the long side is at most `side`: uint16 [H, W] -> uint16 [h, w]."""
    factor = side / max(grey.shape)
    if factor >= 1:
        return grey
    size = (max(round(grey.shape[1] * factor), 1), max(round(grey.shape[0] * factor), 1))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint16, copy=False)


def thumbnail(radiograph: Radiograph, side: int = SIDE) -> str:
    """A small JPEG of the windowed film, as a data URI."""
    low, high = radiograph.window
    small = shrink(radiograph.grey, side).astype(np.float32)
    shown = np.clip((small - low) / (high - low) * 255.0, 0.0, 255.0).astype(np.uint8)
    encoded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(encoded).decode()}"
