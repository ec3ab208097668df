"""From colour to grey: the luma of ITU-R BT.601."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.language import Message
from pneumo_core.reading.codecs import Samples
from pneumo_core.reading.greys import NO_CONTRAST
from pneumo_core.types import Finding, Grade

_NOISE = 16 / 255  # of full scale: JPEG moves the channels of a grey film apart by less
_FEW = 1e-3  # share of the pixels that may do so: less than a small arrow has

COLOUR_CHANNELS_DIFFER = Finding(
    "colour_channels_differ",
    Grade.CAUTION,
    Message("The image has colours (marks, a tint, or a photograph?); only its brightness was kept."),
)


def grey_of_rgb(rgb: Samples, bits: int) -> tuple[Samples, tuple[Finding, ...]]:
    """Turn RGB into luma, and remark on channels that differ by more than compression does.

    Args:
        rgb: uint8 or uint16 [H, W, 3].
        bits: significant bits of a sample.

    Returns:
        The luma, of the same type, [H, W], and the findings.
    """
    red, green, blue = (rgb[..., channel] for channel in range(3))
    spread = np.maximum(np.maximum(red, green), blue)
    spread -= np.minimum(np.minimum(red, green), blue)
    limit = _NOISE * ((1 << bits) - 1)
    grey: Samples = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    return grey, _remark(spread > limit)


def grey_of_ybr(ybr: Samples, bits: int) -> tuple[Samples, tuple[Finding, ...]]:
    """Take the luma of YCbCr, and remark on colour differences beyond what compression leaves.

    Args:
        ybr: uint8 or uint16 [H, W, 3].
        bits: significant bits of a sample.

    Returns:
        The luma, of the same type, [H, W], and the findings.
    """
    middle = 1 << (bits - 1)
    limit = _NOISE * middle
    coloured = np.zeros(ybr.shape[:2], np.bool_)
    for channel in (1, 2):
        coloured |= np.abs(ybr[..., channel].astype(np.int32) - middle) > limit
    return np.ascontiguousarray(ybr[..., 0]), _remark(coloured)


def _remark(coloured: Samples) -> tuple[Finding, ...]:
    return (COLOUR_CHANNELS_DIFFER,) if np.count_nonzero(coloured) > _FEW * coloured.size else ()


def luma_scale(luma: Samples) -> tuple[NDArray[np.uint16], tuple[float, float], tuple[Finding, ...]]:
    """Choose a window for an image without one of its own.

    Eight bits are made for the screen and shown whole. More bits often hold the 10 to 14 of a detector in the lower
    part of their range: their own range is shown.

    Args:
        luma: uint8 or uint16 [H, W].

    Returns:
        The greys, uint16 [H, W], the window (low, high), and a finding if all pixels are the same.
    """
    low, high = float(luma.min()), float(luma.max())
    findings = (NO_CONTRAST,) if low == high else ()
    if luma.dtype == np.uint8:
        return luma.astype(np.uint16), (0.0, 255.0), findings
    return luma.astype(np.uint16, copy=False), (low, high if low < high else low + 1.0), findings
