"""The leaflet for the doctor."""

import dataclasses

import pypdfium2

from pneumo_core.language import speaking
from pneumo_core.model.bundle import Bundle
from pneumo_core.report import leaflet_texts
from pneumo_core.report.leaflet import leaflet
from pneumo_core.report.texts import BANNER


def printed(data: bytes) -> tuple[int, str]:
    document = pypdfium2.PdfDocument(data)
    return len(document), " ".join(document[0].get_textpage().get_text_range().split())


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.012, "high": value + 0.012}


def test_its_figures_are_the_bundles_own(small_bundle: Bundle) -> None:
    figures = {name: figure(0.5 + at / 100) for at, name in enumerate(leaflet_texts.FIGURES)}
    split = {"films": 1234, "patients": 987, "figures": figures}
    metrics = {"splits": {"test": split}, "sets": {"test": {"0.90": {"figures": {"coverage": figure(0.876)}}}}}
    pages, text = printed(leaflet(dataclasses.replace(small_bundle, metrics=metrics)))
    assert pages == 1
    assert "1,234 films of 987 patients" in text
    for shown in ("0.500 (0.488 – 0.512)", "0.550 (0.538 – 0.562)", "0.876 (0.864 – 0.888)"):
        assert shown in text
    assert "other sources" not in text  # nothing was measured there
    assert text.count(BANNER) == 2
    assert small_bundle.label in text


def test_where_none_was_right_it_counts_instead_of_giving_an_empty_interval(small_bundle: Bundle) -> None:
    figures = {name: figure(0.5) for name in leaflet_texts.FIGURES}
    figures["sensitivity_viral"] = {"value": 0.0, "low": 0.0, "high": 0.0}
    confusion = [[5, 0, 0, 0], [0, 5, 0, 0], [3, 0, 0, 17], [0, 0, 0, 5]]
    split = {"films": 35, "patients": 35, "figures": figures, "confusion": confusion}
    _, text = printed(leaflet(dataclasses.replace(small_bundle, metrics={"splits": {"external": split}})))
    assert "Viral pneumonia called so 0 of 20" in text


def test_a_model_that_was_never_measured_is_said_not_to_have_been(small_bundle: Bundle) -> None:
    _, text = printed(leaflet(dataclasses.replace(small_bundle, metrics={})))
    assert leaflet_texts.NOT_MEASURED in text


def test_the_shipped_models_leaflet_is_one_page_in_each_language(shipped_bundle: Bundle) -> None:
    for language in ("en", "ko"):
        with speaking(language):
            pages, text = printed(leaflet(shipped_bundle))
        assert pages == 1
        value = shipped_bundle.metrics["splits"]["external"]["figures"]["accuracy"]["value"]
        assert f"{value:.3f}" in text
