"""The foldout of similar films: examples with their true labels, or their count where the films are not at hand."""

from collections import Counter
from html import escape

import streamlit as st

from pneumo_core.types import CLASSES, SimilarFilms
from ui import similar_texts as texts
from ui.films import Film
from ui.model import SharedModel
from ui.training_films import data_folder, picture_of


def foldout(film: Film, model: SharedModel) -> None:
    """Draw the foldout for a film whose answer is shown. What is in it is only made while it is open."""
    part = st.expander(texts.TITLE, key="similar", on_change="rerun")
    if not part.open or film.said is None:
        return
    with part:
        if film.said.similar is None:
            st.html(_quiet(texts.NO_INDEX))
            return
        st.html(_quiet(texts.WHAT_THEY_ARE))
        st.html(_films(film.said.similar))
        lines = [texts.distances(film.said.similar.mean_distance, film.said.similar.usual)]
        if measured := model.index_measured:
            lines.append(texts.track_record(f"{measured['most_have_own_label'] * 100:.0f}", measured["val_films"]))
        st.html("".join(_quiet(line) for line in lines))


def _films(similar: SimilarFilms) -> str:
    """The films as thumbnails, or counted by label and source."""
    folder = data_folder()
    pictures = [picture_of(film, folder) if folder else None for film in similar.films]
    if not any(pictures):
        return _counts(similar) + _quiet(texts.OTHER_DATA if folder else texts.NOT_HERE)
    items = []
    for film, distance, picture in zip(similar.films, similar.distances, pictures, strict=True):
        name = texts.label(film.film_class)
        shown = (
            f'<img src="{picture}" alt="{escape(texts.picture(name))}">'
            if picture
            else f'<span class="pneumo-quiet">{escape(texts.NOT_IN_FOLDER)}</span>'
        )
        age = texts.AGES.get(film.age_group, film.age_group)
        about = texts.about(film.source or texts.NO_SOURCE, age, distance)
        items.append(f'<li>{shown}<b>{escape(name)}</b><span class="pneumo-quiet">{escape(about)}</span></li>')
    return f'<ul class="pneumo-similar">{"".join(items)}</ul>'


def _counts(similar: SimilarFilms) -> str:
    """How many there are of each label and source, the most first."""
    counts = Counter((film.film_class, film.source) for film in similar.films)
    order = sorted(counts.items(), key=lambda item: (-item[1], CLASSES.index(item[0][0]), item[0][1]))
    lines = (texts.counted(count, texts.label(label), source or texts.NO_SOURCE) for (label, source), count in order)
    return f'<ul class="pneumo-findings">{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul>'


def _quiet(text: str) -> str:
    return f'<p class="pneumo-quiet">{escape(text)}</p>'
