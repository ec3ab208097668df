"""Augmentation on the fly: what may differ between two films of the same chest.

Geometry: small rotations, shifts, scales and stretches, as positioning varies. A film is flipped left to right half
of the time: none of the four classes depends on the side, and the flip takes side letters and the hospital's habits
with it. It is never flipped upside down: no film is taken so, and gravity matters (effusion, free fluid, diaphragm).
Strong zoom, since how much of neck, arms, and abdomen a film shows is its hospital's habit. Grey values: contrast,
gamma, tone curve, noise, as tube, detector, and processing vary. Sharpness: blur, sharpening, down- and up-sampling,
JPEG, as archives vary: the sharpness of a film gives its source away (Zech et al. 2018, PLOS Medicine 15(11)). Erased
rectangles (Zhong et al. 2017, arXiv 1708.04896), so that no single mark decides. `mix_amplitudes` gives a film the
look of another one (Xu et al. 2021, "A Fourier-based Framework for Domain Generalization", arXiv 2105.11120).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.types import Float32

_ROTATION_DEGREES = 10.0
_SHIFT = 0.06  # of the side
_SCALE = (-0.1, 0.35)  # exponent: mostly closer, which takes borders and letters out of the film
_STRETCH = 0.08  # ratio of the two directions, about 1
_GAMMA = 0.4  # exp(+-)
_CONTRAST = 0.25  # about 1, around the mean
_BRIGHTNESS = 0.08
_NOISE_SIGMA = 0.06
_BLUR_SIGMA = 1.2  # at 256 pixels
_DOWN_TO = (24, 160)  # pixels of the side, log-uniform
_JPEG_QUALITY = (25, 95)
_FRAME = 0.06  # of the side, a black or white border
_TONE = 4.0  # steepness of the tone curve
_SHARPEN = 1.5  # share of the film's detail that is added
_ERASE_SIDE = (0.05, 0.25)  # of the side
_LOW_FREQUENCIES = (0.02, 0.08)  # of the sampling rate, whose amplitudes are mixed
_STYLE_SHARE = 0.7  # at most, of the other film


def augment(square: NDArray[np.uint8], size: int, strength: float, random: np.random.Generator) -> Float32:
    """Draw a variant of one film.

    Args:
        square: uint8 [S, S], squashed.
        size: rows and columns of the result.
        strength: 0..1, scales every range of geometry and greys, and how often sharpness, frame, and noise change.
        random: the source of all randomness; the same state gives the same variant.

    Returns:
        float32 [size, size] in 0..1, not yet grey-normalised.
    """
    film = _warp(square.astype(np.float32) / np.float32(255.0), size, strength, random)
    film = _change_greys(film, strength, random)
    film = _change_sharpness(film, strength, random)
    if random.random() < 0.3 * strength:
        film = _erase(film, random)
    if random.random() < 0.15 * strength:
        film = _add_frame(film, random)
    if random.random() < 0.5 * strength:
        film = film + random.standard_normal(film.shape, np.float32) * np.float32(random.uniform(0, _NOISE_SIGMA))
    return np.clip(film, 0.0, 1.0)


def _warp(film: Float32, size: int, strength: float, random: np.random.Generator) -> Float32:
    source = film.shape[0]
    angle = np.deg2rad(strength * random.uniform(-_ROTATION_DEGREES, _ROTATION_DEGREES))
    scale = np.exp(strength * random.uniform(*_SCALE))
    stretch = np.exp(strength * random.uniform(-_STRETCH, _STRETCH) / 2)
    flip = -1.0 if random.random() < 0.5 else 1.0
    shift = strength * random.uniform(-_SHIFT, _SHIFT, 2) * size
    zoom = size / source * scale
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    linear = np.array([[flip * cos * stretch, -sin / stretch], [flip * sin * stretch, cos / stretch]])
    centre_in, centre_out = np.full(2, (source - 1) / 2), np.full(2, (size - 1) / 2)
    matrix = np.column_stack([linear, centre_out + shift - linear @ centre_in])
    # Area averaging first where the film shrinks, or the warp would alias.
    if size < source:
        film = cv2.GaussianBlur(film, (0, 0), 0.4 * source / size)
    return np.asarray(cv2.warpAffine(film, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=0.0))


def _change_greys(film: Float32, strength: float, random: np.random.Generator) -> Float32:
    film = film ** np.float32(np.exp(strength * random.uniform(-_GAMMA, _GAMMA)))
    if random.random() < 0.3 * strength:
        film = _tone_curve(film, random)
    mean = film.mean()
    contrast = np.float32(np.exp(strength * random.uniform(-_CONTRAST, _CONTRAST)))
    brightness = np.float32(strength * random.uniform(-_BRIGHTNESS, _BRIGHTNESS))
    return np.clip((film - mean) * contrast + mean + brightness, 0.0, 1.0)


def _tone_curve(film: Float32, random: np.random.Generator) -> Float32:
    """A sigmoid through (0, 0) and (1, 1), as film and detectors have it, or its inverse's flat middle."""
    steepness, middle = random.uniform(1.0, _TONE), random.uniform(0.3, 0.7)
    grey = np.linspace(0.0, 1.0, 257)
    curve = np.tanh(steepness * (grey - middle))
    curve = (curve - curve[0]) / (curve[-1] - curve[0])
    if random.random() < 0.3:
        curve = np.interp(grey, curve, grey)
    return np.interp(film, grey, curve).astype(np.float32)


def _erase(film: Float32, random: np.random.Generator) -> Float32:
    """Cover one to three rectangles with a grey of the film's own."""
    film = film.copy()
    size = film.shape[0]
    for _ in range(random.integers(1, 4)):
        rows, columns = (random.uniform(*_ERASE_SIDE, 2) * size).astype(int)
        top, left = random.integers(0, size - rows), random.integers(0, size - columns)
        film[top : top + rows, left : left + columns] = film[random.integers(size), random.integers(size)]
    return film


def mix_amplitudes(film: Float32, other: Float32, random: np.random.Generator) -> Float32:
    """Move the amplitudes of a film's low frequencies towards another film's; the phases, and so the shapes, stay.

    Args:
        film: float32 [S, S] in 0..1.
        other: float32 [S, S] in 0..1.
        random: draws the share of the other film and how many frequencies are low.

    Returns:
        float32 [S, S] in 0..1.
    """
    share, reach = random.uniform(0.0, _STYLE_SHARE), random.uniform(*_LOW_FREQUENCIES)
    spectrum, style = np.fft.rfft2(film), np.fft.rfft2(other)
    rows = np.abs(np.fft.fftfreq(film.shape[0])) <= reach / 2
    columns = np.fft.rfftfreq(film.shape[1]) <= reach / 2
    low = np.ix_(rows, columns)
    amplitude = np.abs(spectrum[low])
    mixed = (1 - share) * amplitude + share * np.abs(style[low])
    spectrum[low] *= mixed / np.maximum(amplitude, 1e-6)
    return np.clip(np.fft.irfft2(spectrum, film.shape), 0.0, 1.0).astype(np.float32)


def _change_sharpness(film: Float32, strength: float, random: np.random.Generator) -> Float32:
    size = film.shape[0]
    draw = random.random()
    if draw < 0.25 * strength:
        film = cv2.GaussianBlur(film, (0, 0), max(0.2, random.uniform(0, _BLUR_SIGMA) * size / 256))
    elif draw < 0.35 * strength:
        soft = cv2.GaussianBlur(film, (0, 0), random.uniform(0.8, 2.0) * size / 256)
        film = film + np.float32(random.uniform(0, _SHARPEN)) * (film - soft)
    elif draw < 0.75 * strength:
        low = min(size, round(float(np.exp(random.uniform(*np.log(_DOWN_TO))))))
        film = cv2.resize(film, (low, low), interpolation=cv2.INTER_AREA)
        film = cv2.resize(film, (size, size), interpolation=cv2.INTER_CUBIC)
    if random.random() < 0.3 * strength:
        quality = int(random.integers(*_JPEG_QUALITY))
        stored = np.round(np.clip(film, 0.0, 1.0) * 255.0).astype(np.uint8)
        _, data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
        film = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255.0)
    return np.asarray(film, np.float32)


def _add_frame(film: Float32, random: np.random.Generator) -> Float32:
    size = film.shape[0]
    left, top, right, bottom = (random.uniform(0, _FRAME, 4) * size).astype(int)
    framed = np.full_like(film, 1.0 if random.random() < 0.2 else 0.0)
    inside = np.s_[top : size - bottom, left : size - right]
    framed[inside] = film[inside]
    return framed
