"""The film viewer: film and film with map, in one component that runs in the browser.

The page sends one film (its grey values by a URL of Streamlit's media store, as plain unsigned integers) and the four
maps as numbers, and a second film beside it where the reader asked for one: that question is the only message that
comes back. Opacity, class, colours, zoom, place, and window are the browser's own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime import Runtime

from pneumo_core.explain.gradcam import METHOD
from pneumo_core.types import CLASSES
from ui import assets, texts
from ui.films import Film, Picture

HTML = assets.text("viewer/viewer.html")
CSS = assets.text("viewer/viewer.css")
JAVASCRIPT = assets.script(
    "viewer/colour_maps.js",
    "viewer/heat.js",
    "viewer/view_state.js",
    "viewer/heat_layer.js",
    "viewer/overlay.js",
    "viewer/shaders.js",
    "viewer/gl_renderer.js",
    "viewer/flat_renderer.js",
    "viewer/film_source.js",
    "viewer/film_side.js",
    "viewer/glass.js",
    "viewer/announce.js",
    "viewer/captions.js",
    "viewer/gestures.js",
    "viewer/controls.js",
    "viewer/keys.js",
    "viewer/viewer.js",
)

_component = st.components.v2.component("pneumo_viewer", html=HTML, css=CSS, js=JAVASCRIPT)


@dataclass(frozen=True)
class Shown:
    """A film as the viewer shows it.

    Attributes:
        film: the film; larger than the picture where a reduced copy is shown.
        picture: its grey values.
        maps: what `map_data` gave, or None while there is no answer.
    """

    film: Film
    picture: Picture
    maps: dict[str, Any] | None = field(default=None, repr=False)


def _film_url(picture: Picture, place: str) -> str:
    """Publish a film's samples to this session's browser, for as long as each run of the page publishes them again.

    Args:
        picture: the samples.
        place: what stands at the same place of the page; another film there lets the former go.

    Returns:
        The path on this server. The digest is part of it: Streamlit itself tells large files apart by parts only.
    """
    media = Runtime.instance().media_file_mgr
    name = f"{picture.digest}-{len(picture.samples)}"
    return media.add(picture.samples, "application/octet-stream", f"pneumo-viewer-{place}", file_name=name)


def map_data(film: Film, method: str) -> dict[str, Any] | None:
    """Put a film's maps and lungs into the numbers that the browser draws.

    Args:
        film: an answered film.
        method: the method of the maps, one that `film.maps` holds.
    """
    if film.said is None:
        return None
    maps = film.maps[method]
    first = maps.heatmaps[0]
    height, width = film.size
    left, upper, right, lower = first.box
    return {
        "method": first.method,
        "unit": "logit" if method == METHOD else "units",
        "rows": first.grid.shape[0],
        "columns": first.grid.shape[1],
        "place": [left / width, upper / height, right / width, lower / height],
        "scale": float(first.scale),
        "top": film.said.prediction.film_class.index,
        "grids": [[float(cell) for cell in heatmap.grid.ravel()] for heatmap in maps.heatmaps],
        "positive": [heatmap.has_positive for heatmap in maps.heatmaps],
        "inside": list(maps.inside),
        "even": film.said.lung_area,
        "outlines": film.said.outlines,
    }


def _orientation(film: Film) -> list[str] | None:
    """Directions of the film's rows and columns, such as ["L", "F"], where the file tells them."""
    return list(film.header.PatientOrientation) if film.header and "PatientOrientation" in film.header else None


def _film_data(shown: Shown, place: str) -> dict[str, Any]:
    """What the browser has to know of a film to fetch and draw it."""
    film, picture = shown.film, shown.picture
    height, width = picture.shape
    return {
        "digest": picture.digest,
        "name": film.name,
        "url": _film_url(picture, place),
        "height": height,
        "width": width,
        "fullWidth": film.size[1],
        "spacing": film.spacing_mm,
        "detector": film.spacing_source == "ImagerPixelSpacing",
        "orientation": _orientation(film),
        "bytes": len(picture.samples) // (height * width),
        "window": list(picture.window),
    }


def viewer(shown: Shown, beside: Shown | None, others: Iterable[Film]) -> str | None:
    """Show one film and, once it is answered, its maps; or two films side by side, each with its maps.

    Args:
        shown: the film on view.
        beside: the film to be had beside it, or None.
        others: the films that can be put beside it.

    Returns:
        The digest of the film that the reader has just asked for, to be put beside this one, or None.
    """
    result = _component(
        key="viewer",
        data={
            "film": _film_data(shown, "first"),
            "maps": shown.maps,
            "second": {"film": _film_data(beside, "second"), "maps": beside.maps} if beside else None,
            "others": [{"digest": film.digest, "name": film.name} for film in others],
            "classes": [
                {"key": film_class, "name": texts.CLASSES_INSIDE[film_class], "short": texts.SHORT_NAMES[film_class]}
                for film_class in CLASSES
            ],
            "words": texts.VIEWER,
        },
        on_beside_change=_nothing,
    )
    asked: str | None = result.beside
    return asked


def _nothing() -> None:
    """A trigger exists only where a callback is named; the page reads its value instead."""
