"""The Model card page: what the model in use is for, what it was measured to do, and where it fails.

Everything on it is read from the bundle (model.json and CARD.md), and from the report on its maps beside it.
"""

import re
from pathlib import Path
from typing import Any

import streamlit as st

from pneumo_core import language
from pneumo_core.errors import BundleError
from pneumo_core.model.active import default_bundle
from pneumo_core.model.bundle import SUMS_FILE, Bundle, load_bundle
from ui import assets, leaflet
from ui import model_card_texts as texts
from ui.model_card_charts import confusion_chart, figures_chart, predictive_chart, reliability_chart
from ui.model_card_maps import map_quality
from ui.predictive_values import predictive_values
from ui.tables import cell, table

_STATIC = {"displayModeBar": False}
_SHOWN = ("test", "external")
_FAULTS = "What is wrong with the data"  # a heading of the bundle's own card
_OF_ALL = ("accuracy", "macro_f1", "macro_auroc")  # those that lie in 0..1, the higher the better
Figures = dict[str, Any]


def page() -> None:
    """Draw the page."""
    st.html(assets.text("training.css"))
    with st.container(key="model-card"):
        st.header(texts.TITLE, anchor=False)
        try:
            folder = default_bundle()
            bundle = _bundle(folder, (folder / SUMS_FILE).stat().st_mtime_ns)
        except (BundleError, OSError) as error:
            st.error(texts.NO_MODEL)
            st.caption(language.shown(str(error)))
            return
        st.markdown(f"**{bundle.label}**")
        st.caption(texts.INTRODUCTION)
        st.caption(
            texts.FACTS.format(
                backbone=bundle.backbone, head=bundle.head, size=bundle.input_size, temperature=bundle.temperature
            )
        )
        if language.current() != language.SOURCE:
            st.caption(texts.CARD_IN_ENGLISH)
        card = _card_sections(bundle.card)
        for heading, title in texts.CARD_SECTIONS.items():
            if heading in card:
                st.subheader(title, anchor=False)
                st.markdown(card[heading])
        _measured(bundle.metrics)
        _shortcuts(bundle.metrics.get("shortcuts", {}))
        map_quality(bundle)
        if _FAULTS in card:
            st.subheader(texts.FAULTS, anchor=False)
            st.markdown(card[_FAULTS])
        _making(bundle)


@st.cache_resource(max_entries=1, show_spinner=False)
def _bundle(folder: Path, changed: int) -> Bundle:
    return load_bundle(folder)


def _card_sections(card: str) -> dict[str, str]:
    """The texts of a card by their headings."""
    parts = re.split(r"^#{2,3} (.+)$", card, flags=re.MULTILINE)
    return {heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def _measured(metrics: Figures) -> None:
    st.subheader(texts.FIGURES_TITLE, anchor=False)
    splits = metrics.get("splits", {})
    shown = {texts.SPLITS.get(name, name): splits[name] for name in _SHOWN if name in splits}
    if not shown:
        st.caption(texts.NOT_MEASURED)
        return
    overall = {name: texts.OVERALL[name] for name in _OF_ALL}
    st.plotly_chart(
        figures_chart({title: part["figures"] for title, part in shown.items()}, overall), key="all", config=_STATIC
    )
    title = str(st.segmented_control(texts.SPLIT, list(shown), default=next(iter(shown)), key="card-split"))
    summary = shown.get(title) or next(iter(shown.values()))
    method = metrics["intervals"]["method"]
    st.caption(texts.COUNTS.format(films=summary["films"], patients=summary["patients"], method=method))
    figures = summary["figures"]
    table((texts.FIGURE, texts.VALUE), [[words, cell(figures[name])] for name, words in texts.OVERALL.items()])
    _baseline(metrics, summary, splits)
    st.subheader(texts.CONFUSION, anchor=False)
    st.caption(texts.CONFUSION_WORDS)
    st.plotly_chart(confusion_chart(summary["confusion"]), key="confusion", config=_STATIC)
    lines = [
        [words, *(cell(figures[f"{figure}_{film_class}"]) for figure in texts.PER_CLASS)]
        for film_class, words in texts.CLASS_NAMES.items()
    ]
    table((texts.CLASS, *texts.PER_CLASS.values()), lines)
    _reliability(summary.get("reliability", {}))
    _at_prevalence(figures)
    _groups(summary)


def _baseline(metrics: Figures, summary: Figures, splits: Figures) -> None:
    name = next(name for name, part in splits.items() if part is summary)
    baseline = metrics.get("baseline_thumbnails", {}).get(name)
    if baseline:
        st.caption(texts.BASELINE.format(value=cell(baseline["figures"]["accuracy"])))
    if name == "test" and "train_minus_test_points" in metrics:
        st.caption(texts.GAP.format(points=metrics["train_minus_test_points"]))


def _reliability(found: Figures) -> None:
    st.subheader(texts.RELIABILITY, anchor=False)
    if not found:
        st.caption(texts.NOT_MEASURED)
        return
    st.caption(texts.RELIABILITY_WORDS)
    columns = st.columns(2)
    for number, (film_class, words) in enumerate(texts.CLASS_NAMES.items()):
        chart = reliability_chart(found[film_class], words)
        columns[number % 2].plotly_chart(chart, key=f"reliability-{film_class}", config=_STATIC)


def _at_prevalence(figures: Figures) -> None:
    """PPV and NPV of a class at the reader's own prevalence."""
    st.subheader(texts.PREVALENCE_TITLE, anchor=False)
    names = texts.CLASS_NAMES
    left, right = st.columns([1, 2])
    with left:
        chosen = str(st.selectbox(texts.CLASS, list(names), format_func=names.__getitem__, key="card-class"))
        prevalence = st.number_input(texts.PREVALENCE, 0.1, 99.9, 10.0, 1.0, key="prevalence") / 100
    sensitivity, specificity = (figures[f"{name}_{chosen}"] for name in ("sensitivity", "specificity"))
    if sensitivity["value"] is None or specificity["value"] is None:
        st.caption(texts.NOT_MEASURED)
        return
    ends = {}
    for end in ("value", "low", "high"):
        rates = [figure["value"] if figure[end] is None else figure[end] for figure in (sensitivity, specificity)]
        ends[end] = predictive_values(rates[0], rates[1], prevalence)
    with left:
        for place, words in enumerate((texts.PPV, texts.NPV)):
            value, low, high = (_percent(ends[end][place]) for end in ("value", "low", "high"))
            st.metric(words, value)
            st.caption(texts.BETWEEN.format(value=value, low=low, high=high))
    with right:
        chart = predictive_chart(sensitivity["value"], specificity["value"], prevalence)
        st.plotly_chart(chart, key="predictive", config=_STATIC)
    st.caption(texts.PREVALENCE_WORDS)


def _groups(summary: Figures) -> None:
    st.subheader(texts.GROUPS_TITLE, anchor=False)
    for key, title in texts.GROUPS.items():
        lines = [
            [
                texts.AGE_GROUPS.get(name, name) or texts.NOT_GIVEN,
                f"{part['films']:,}",
                f"{part['patients']:,}",
                cell(part["figures"]["accuracy"]),
            ]
            for name, part in summary[key].items()
        ]
        table((title, texts.FILMS, texts.PATIENTS, texts.ACCURACY), lines)


def _shortcuts(found: Figures) -> None:
    st.subheader(texts.SHORTCUTS, anchor=False)
    if not found:
        st.caption(texts.NOT_MEASURED)
        return
    st.caption(texts.SHORTCUTS_WORDS)
    covers = [
        [words, f"{part['films']:,}", cell(part["accuracy"]), cell(part["balanced_accuracy"])]
        for name, words in texts.COVERS.items()
        if (part := found["test"].get(name))
    ]
    table((texts.SPLIT, texts.FILMS, texts.ACCURACY, texts.BALANCED), covers)
    strangers = [
        [words, f"{part['films']:,}", cell(part["share"])]
        for name, words in texts.STRANGERS.items()
        if (part := found["groups"].get(name))
    ]
    table((texts.SPLIT, texts.FILMS, texts.SHARE), strangers)
    if source := found["source"]:
        value = cell(source["accuracy"])
        st.caption(texts.SOURCE_WORDS.format(value=value, films=source["films"], largest=source["largest"]))
    st.caption(texts.AGE_WORDS.format(value=cell(found["age"]["accuracy"])))


def _making(bundle: Bundle) -> None:
    st.subheader(texts.MAKING, anchor=False)
    training = bundle.training
    for sentence in (training.get("start"), training.get("note")):
        if sentence:
            st.markdown(sentence)
    for number, step in enumerate(training.get("steps", []), start=1):
        parts = {"run": step["run"], "epochs": step["epochs"], "command": step["command"]}
        st.markdown(texts.STEP.format(number=number, **parts))
    if training.get("commit"):
        st.caption(texts.COMMIT.format(commit=training["commit"][:12]))
    with st.expander(texts.WHOLE_CARD):
        st.markdown(bundle.card)
    with st.container(horizontal=True):
        st.download_button(texts.DOWNLOAD, bundle.card, f"{bundle.name}.md", "text/markdown", on_click="ignore")
        leaflet.button()


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
