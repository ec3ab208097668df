"""The film viewer: film and film with map, in one component that runs in the browser.

The page sends one film (its grey values by a URL of Streamlit's media store, as plain unsigned integers) and the four
maps as numbers. Opacity, class, colours, zoom, place, and window are the browser's own: no message comes back.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.runtime import Runtime

from pneumo_core.types import CLASSES, FilmClass, Heatmap
from ui import assets, texts
from ui.films import Picture

HTML = assets.text("viewer/viewer.html")
CSS = assets.text("viewer/viewer.css")
JAVASCRIPT = assets.script(
    "viewer/colour_maps.js",
    "viewer/heat.js",
    "viewer/heat_layer.js",
    "viewer/shaders.js",
    "viewer/gl_renderer.js",
    "viewer/flat_renderer.js",
    "viewer/film_source.js",
    "viewer/view_state.js",
    "viewer/captions.js",
    "viewer/gestures.js",
    "viewer/viewer.js",
)

_component = st.components.v2.component("pneumo_viewer", html=HTML, css=CSS, js=JAVASCRIPT)


def _film_url(picture: Picture) -> str:
    """Publish a film's samples to this session's browser, for as long as each run of the page publishes them again.

    Returns:
        The path on this server. The digest is part of it: Streamlit itself tells large files apart by parts only.
    """
    media = Runtime.instance().media_file_mgr
    name = f"{picture.digest}-{len(picture.samples)}"
    return media.add(picture.samples, "application/octet-stream", "pneumo-viewer", file_name=name)


def map_data(heatmaps: Sequence[Heatmap], top: FilmClass, size: tuple[int, int]) -> dict[str, Any]:
    """Put four maps into the numbers that the browser draws.

    Args:
        heatmaps: the maps in the order of `FilmClass`, all of one grid, box and scale.
        top: the class shown first.
        size: (rows, columns) of the film that the boxes refer to.
    """
    first = heatmaps[0]
    height, width = size
    left, upper, right, lower = first.box
    return {
        "method": first.method,
        "rows": first.grid.shape[0],
        "columns": first.grid.shape[1],
        "place": [left / width, upper / height, right / width, lower / height],
        "scale": float(first.scale),
        "top": top.index,
        "grids": [[float(cell) for cell in heatmap.grid.ravel()] for heatmap in heatmaps],
        "positive": [heatmap.has_positive for heatmap in heatmaps],
    }


def viewer(picture: Picture, full_size: tuple[int, int], maps: dict[str, Any] | None) -> None:
    """Show one film and, once it is answered, its maps.

    Args:
        picture: the film's grey values.
        full_size: (rows, columns) of the film as it was read; larger than the picture where a reduced copy is shown.
        maps: what `map_data` gave, or None while there is no answer.
    """
    height, width = picture.shape
    _component(
        key="viewer",
        data={
            "film": {
                "digest": picture.digest,
                "url": _film_url(picture),
                "height": height,
                "width": width,
                "fullWidth": full_size[1],
                "bytes": len(picture.samples) // (height * width),
                "window": list(picture.window),
            },
            "maps": maps,
            "classes": [
                {"key": film_class, "name": texts.CLASSES_INSIDE[film_class], "short": texts.SHORT_NAMES[film_class]}
                for film_class in CLASSES
            ],
            "words": texts.VIEWER,
        },
    )
