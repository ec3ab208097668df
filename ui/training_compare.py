"""Runs side by side: curves over one another, paired differences, and the films whose answer changed."""

from pathlib import Path

import streamlit as st

from ui import texts as page_texts
from ui import training_texts as texts
from ui.comparison import compare, has_answers
from ui.runs import Run, list_runs
from ui.tables import table
from ui.training_charts import curves
from ui.training_runs import difference

_REFRESH_SECONDS = 2.0


def section(folder: Path) -> None:
    """Draw the comparison.

    Args:
        folder: the folder of runs.
    """
    runs = _evaluated(folder)
    _watch(folder, list(runs))
    chosen = [
        runs[name] for name in st.multiselect(texts.COMPARE, list(runs), key="compared", placeholder=texts.CHOOSE_RUNS)
    ]
    if len(chosen) < 2:
        st.caption(texts.COMPARE_TWO)
        return
    for column, figure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        column.plotly_chart(curves(chosen, figure), key=f"overlay-{figure}", config={"displaylogo": False})
    for other in chosen[1:]:
        _pair(chosen[0], other)


def _evaluated(folder: Path) -> dict[str, Run]:
    return {run.name: run for run in list_runs(folder) if has_answers(run)}


@st.fragment(run_every=_REFRESH_SECONDS)
def _watch(folder: Path, drawn: list[str]) -> None:
    """Draw the page again once another run can be compared; an open list of runs is left alone until then."""
    if list(_evaluated(folder)) != drawn:
        st.rerun()


def _pair(first: Run, second: Run) -> None:
    try:
        found = compare(first, second)
    except ValueError:
        st.error(texts.OTHER_FILMS.format(first=first.name, second=second.name))
        return
    lines = {texts.FIGURES[name]: part for name, part in found.classes.items()}
    for source, part in found.sources.items():
        lines[texts.ACCURACY_OF.format(source=source or texts.NOT_GIVEN)] = part
    caption = texts.COMPARISON.format(second=second.name, first=first.name, films=found.films)
    cells = [[name, *difference(part.first, part.second, part.low, part.high)] for name, part in lines.items()]
    table((texts.FIGURE, texts.FIRST, texts.SECOND, texts.DIFFERENCE), cells, caption)
    st.caption(texts.PAIRED)
    with st.expander(texts.CHANGED_FILMS.format(count=len(found.changed))):
        names = page_texts.SHORT_NAMES
        cells = [[file, *(names[film_class] for film_class in classes)] for file, *classes in found.changed]
        table((texts.FILE, texts.LABEL, texts.ANSWER_FIRST, texts.ANSWER_SECOND), cells)
