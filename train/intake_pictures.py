"""Pictures that the gate has to know and that no data set at hand holds: composed of films, or drawn.

Each function takes a source of randomness and gives uint8 [S, S]. What is drawn is crude on purpose: it widens what
the gate knows as "no frontal chest film", it does not stand for real pictures in any measurement.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Square = NDArray[np.uint8]  # [S, S]
_WORDS = ("PORTABLE", "SUPINE AP", "ERECT", "L", "R", "10:42", "SIN 02", "ICU BED", "PA 1.8", "MAS", "kV 110", "STUDY")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX_SMALL, cv2.FONT_HERSHEY_TRIPLEX)


def compose_lateral(film: Square, random: np.random.Generator) -> Square:
    """Lay the two halves of a frontal film over each other, as a lateral view lays the two lungs.

    No lateral film is at hand. What a lateral view shares with this: one lung field, crossed by the ribs of both
    sides, the heart before it and the spine, bright from top to bottom, behind it.
    """
    size = film.shape[0]
    middle = round(size * random.uniform(0.47, 0.53))
    left = cv2.resize(film[:, :middle], (size, size)).astype(np.float32)
    right = cv2.resize(film[:, middle:][:, ::-1], (size, size)).astype(np.float32)
    share = random.uniform(0.35, 0.65)
    laid = share * left + (1 - share) * right  # the mediastinum stands at the right edge
    x = np.arange(size, dtype=np.float32) / size
    # The other edge of a lateral view is soft tissue as well, and the spine runs some way inside of it.
    spine, width = random.uniform(0.12, 0.3), random.uniform(0.04, 0.09)
    rows = np.arange(size, dtype=np.float32)[:, None] / size
    curve = spine + random.uniform(-0.08, 0.08) * np.sin(np.pi * rows)
    bodies = 1 + 0.15 * np.sign(np.sin(rows * np.pi * 2 * random.uniform(8, 13)))
    laid += random.uniform(5, 50) * np.exp(-(((x[None] - curve) / width) ** 2)) * bodies
    air = np.clip((random.uniform(-0.1, 0.12) - x) * 25, 0, 1) + np.clip((x - random.uniform(0.85, 1.1)) * 25, 0, 1)
    laid *= 1 - np.clip(air, 0, 1)[None]
    if random.random() < 0.5:
        laid = laid[:, ::-1]
    return _as_square(laid)


def shuffle_film(film: Square, random: np.random.Generator) -> Square:
    """Cut a film to tiles and shuffle them: a radiograph's greys and edges without a chest's layout."""
    tiles = int(random.integers(2, 5))
    side = film.shape[0] // tiles
    order = random.permutation(tiles * tiles)
    shuffled = film.copy()
    for place, tile in enumerate(order):
        row, column = divmod(place, tiles)
        from_row, from_column = divmod(int(tile), tiles)
        part = film[from_row * side :, from_column * side :][:side, :side]
        shuffled[row * side : (row + 1) * side, column * side : (column + 1) * side] = np.rot90(
            part, int(random.integers(4))
        )
    return shuffled


def draw_limbs(size: int, random: np.random.Generator) -> Square:
    """Draw hollow bones in soft tissue over a dark ground: something like a hand, an arm, a knee, a pelvis, a skull."""
    tissue, bone = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    fan = random.random() < 0.4  # bones that start together, as in a hand or a foot
    start, angle = random.uniform(0.2, 0.8, 2) * size, random.uniform(0, 2 * np.pi)
    for _ in range(int(random.integers(1, 8))):
        if not fan:
            start, angle = random.uniform(0, 1, 2) * size, random.uniform(0, 2 * np.pi)
        turn = angle + random.normal(0, 0.35)
        radius = random.uniform(0.02, 0.08) * size
        at = start + random.normal(0, 0.06, 2) * size
        for _ in range(int(random.integers(1, 4))):
            end = at + np.array([np.cos(turn), np.sin(turn)]) * random.uniform(0.15, 0.6) * size
            points = tuple(int(v) for v in at), tuple(int(v) for v in end)
            cv2.line(tissue, *points, 1.0, max(3, int(radius * random.uniform(3, 6))))
            tube = np.zeros_like(bone)
            cv2.line(tube, *points, 1.0, max(3, int(radius * 2)))
            cv2.line(tube, *points, random.uniform(0.4, 0.8), max(1, int(radius * 1.2)))
            cv2.circle(tube, points[1], max(2, int(radius * 1.4)), 0.9, -1)
            bone = np.maximum(bone, tube)
            at, turn = end + random.normal(0, 0.02, 2) * size, turn + random.normal(0, 0.2)
    for _ in range(int(random.integers(0, 3))):  # rings: orbits, a pelvis, a skull
        centre = tuple(int(v) for v in random.uniform(0.2, 0.8, 2) * size)
        axes = tuple(int(v) for v in random.uniform(0.1, 0.45, 2) * size)
        cv2.ellipse(tissue, centre, axes, random.uniform(0, 180), 0, 360, 1.0, -1)
        cv2.ellipse(bone, centre, axes, random.uniform(0, 180), 0, 360, 0.9, max(2, int(0.03 * size)))
    tissue = cv2.GaussianBlur(tissue, (0, 0), random.uniform(2, 10) * size / 160)
    bone = cv2.GaussianBlur(bone, (0, 0), random.uniform(0.5, 2) * size / 160)
    picture = 255 * (random.uniform(0.2, 0.5) * tissue + random.uniform(0.3, 0.6) * bone)
    if random.random() < 0.3:  # metal
        corner = random.integers(0, size, 2)
        cv2.rectangle(picture, corner.tolist(), (corner + random.integers(3, size // 4, 2)).tolist(), 255.0, -1)
    return _as_square(picture + random.normal(0, random.uniform(1, 8), (size, size)))


def draw_texture(size: int, random: np.random.Generator) -> Square:
    """Draw noise of some coarseness and slope of spectrum, or a gradient, or a pattern, or blobs."""
    kind = random.integers(4)
    if kind == 0:  # power-law noise, from white to cloudy
        frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
        frequency[0, 0] = 1
        picture = np.fft.ifft2(np.fft.fft2(random.normal(size=(size, size))) / frequency ** random.uniform(0, 2.5)).real
    elif kind == 1:  # gradients
        x, y = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size))
        a, b, c = random.normal(size=3)
        picture = a * x + b * y + c * np.hypot(x, y) + random.normal(0, random.uniform(0, 0.1), (size, size))
    elif kind == 2:  # stripes and checks
        x, y = np.meshgrid(np.arange(size), np.arange(size))
        a, b = random.uniform(0.02, 0.6, 2)
        picture = np.sin(a * x + random.uniform(0, 6)) * np.sin(b * y * (random.random() < 0.7) + 1.5)
        picture = np.sign(picture) if random.random() < 0.5 else picture
    else:
        picture = np.zeros((size, size), np.float32)
        for _ in range(int(random.integers(1, 12))):
            centre = tuple(int(v) for v in random.uniform(0, 1, 2) * size)
            axes = tuple(int(v) + 1 for v in random.uniform(0, 0.4, 2) * size)
            cv2.ellipse(picture, centre, axes, random.uniform(0, 180), 0, 360, random.uniform(-1, 1), -1)
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 8)) + random.normal(0, 0.02, (size, size))
    low, high = picture.min(), picture.max()
    return _as_square(255 * (picture - low) / (high - low + 1e-6))


def draw_page(size: int, random: np.random.Generator) -> Square:
    """Draw a page: lines of text, boxes, a table, a curve, dark on light or light on dark."""
    page = np.full((2 * size, 2 * size), 255, np.uint8)
    for top in np.arange(random.uniform(5, 40), 2 * size, random.uniform(8, 40)):
        if random.random() < 0.8:
            scale = random.uniform(0.25, 0.8)
            words = " ".join(random.choice(_WORDS, int(random.integers(1, 12))))
            at = (int(random.uniform(2, 60)), int(top))
            cv2.putText(page, words, at, int(random.choice(_FONTS)), scale, random.uniform(0, 120), 1, cv2.LINE_AA)
    for _ in range(int(random.integers(0, 6))):
        first, second = random.integers(0, 2 * size, (2, 2)).tolist()
        filled = -1 if random.random() < 0.4 else int(random.integers(1, 4))
        cv2.rectangle(page, first, second, random.uniform(0, 230), filled)
    if random.random() < 0.4:
        x = np.linspace(0, 2 * size, 60)
        y = size + np.cumsum(random.normal(0, size / 12, 60))
        cv2.polylines(page, [np.stack([x, y], 1).astype(np.int32)], False, 40.0, 2, cv2.LINE_AA)
    page = cv2.resize(page, (size, size), interpolation=cv2.INTER_AREA)
    return _as_square(255 - page if random.random() < 0.3 else page)


def add_marks(film: Square, random: np.random.Generator) -> Square:
    """Burn heavy marks into a film: several words, arrows, boxes, a banner."""
    marked, size = film.copy(), film.shape[0]
    for _ in range(int(random.integers(3, 9))):
        shade = 255.0 if random.random() < 0.8 else 0.0
        first = tuple(int(v) for v in random.uniform(0.02, 0.8, 2) * size)
        second = tuple(int(a + v) for a, v in zip(first, random.uniform(-0.3, 0.3, 2) * size, strict=True))
        draw = random.integers(4)
        thickness = max(1, round(size / 160 * random.uniform(1, 3)))
        if draw <= 1:
            scale = size / 160 * random.uniform(0.35, 1.0)
            words = " ".join(random.choice(_WORDS, int(random.integers(1, 4))))
            cv2.putText(marked, words, first, int(random.choice(_FONTS)), scale, shade, thickness, cv2.LINE_AA)
        elif draw == 2:
            cv2.arrowedLine(marked, first, second, shade, thickness, cv2.LINE_AA, tipLength=0.3)
        else:
            filled = -1 if random.random() < 0.2 else thickness
            cv2.rectangle(marked, first, second, shade, filled)
    return marked


def crop_half(film: Square, random: np.random.Generator) -> Square:
    """Lose 38 to 65 % of a film at one side: cropped and squashed to the square again, or blacked out."""
    size = film.shape[0]
    kept = round(size * (1 - random.uniform(0.38, 0.65)))
    turned = np.rot90(film, side := int(random.integers(4)))
    if random.random() < 0.75:
        part = cv2.resize(np.ascontiguousarray(turned[:kept]), (size, size), interpolation=cv2.INTER_LINEAR)
    else:
        part = turned.copy()
        part[kept:] = 0 if random.random() < 0.8 else 255
    return np.ascontiguousarray(np.rot90(part, -side))


def crop_patch(film: Square, random: np.random.Generator) -> Square:
    """Cut a small part out of a film: a radiograph of a chest that shows no whole lung."""
    size = film.shape[0]
    sides = (random.uniform(0.25, 0.5, 2) * size).astype(int)
    top, left = (random.uniform(0, 1, 2) * (size - sides)).astype(int)
    patch = film[top : top + sides[0], left : left + sides[1]]
    return np.asarray(cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR))


DRAWN: dict[str, Callable[[int, np.random.Generator], Square]] = {
    "limbs": draw_limbs,
    "texture": draw_texture,
    "page": draw_page,
}


def _as_square(picture: NDArray[np.floating]) -> Square:
    return np.clip(picture, 0, 255).astype(np.uint8)
