"""From grids to maps on the film."""

import numpy as np

from pneumo_core.types import CLASSES, Float32, Heatmap, Radiograph


def on_film(method: str, grids: Float32, film: Radiograph) -> tuple[Heatmap, ...]:
    """Put four grids on a film, all on one scale.

    What lies between the film's bars is squashed into the network's input as a whole, so a grid covers all of that.

    Args:
        method: name of the method.
        grids: float32 [4, h, w] in the order of `FilmClass`; positive cells speak for the class.
        film: the film.

    Returns:
        Four maps in the order of `FilmClass`.
    """
    scale = float(np.abs(grids).max())
    left, top, right, bottom = (float(edge) for edge in film.box)
    return tuple(
        Heatmap(film_class, method, np.ascontiguousarray(grid, np.float32), scale, (left, top, right, bottom))
        for film_class, grid in zip(CLASSES, grids, strict=True)
    )
