"""The Model card page on a bundle whose figures are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from stand_ins import TEST_CARD
from streamlit.testing.v1 import AppTest

from pneumo_core.model.bundle import Bundle, write_bundle
from pneumo_core.types import CLASSES
from train.data import FilmRow
from train.predict import Predictions
from train.summary import INTERVALS, summarise_split
from ui.model_card import _card_sections
from ui.predictive_values import predictive_values

_CARD = TEST_CARD + "\n## Limits\n\n- It was made by a test.\n\n## Data\n\nNone.\n"


def _show() -> None:
    from ui import model_card

    model_card.page()


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A bundle that was measured on 40 films, of which it got 30 right; no shortcuts were measured."""
    rows, logits = [], []
    for number in range(40):
        film_class = CLASSES[number % 4]
        rows.append(FilmRow(Path("x"), f"{number}", film_class, f"p{number}", "test", f"source-{number % 2}", "adult"))
        logits.append(np.eye(4)[(film_class.index + (number < 10)) % 4] * 3)
    part = summarise_split(Predictions(tuple(rows), np.array(logits, np.float32), 1.0))
    metrics = {"intervals": INTERVALS, "splits": {"test": part}, "train_minus_test_points": 2.5}
    weights = [("head_logits/kernel", np.ones((8, 4))), ("head_logits/bias", np.ones(4))]
    written = write_bundle(
        tmp_path / "carded",
        backbone="efficientnetb0",
        head="linear",
        weights=weights,
        temperature=1.2,
        data_manifest_sha256="0" * 64,
        metrics=metrics,
        training={"start": "It began as nothing.", "steps": [], "note": "", "commit": "abc"},
        card=_CARD,
    )
    monkeypatch.setenv("PNEUMO_MODEL", str(written.folder))
    return written


def _words(page: AppTest) -> str:
    parts = [
        element.value for kind in ("markdown", "caption", "header", "subheader", "metric") for element in page.get(kind)
    ]
    return "\n".join(parts + [element.proto.body for element in page.get("html")])


def test_the_page_shows_the_bundles_own_figures(bundle: Bundle) -> None:
    page = AppTest.from_function(_show).run(timeout=30)
    assert not page.exception
    shown = _words(page)
    figure = bundle.metrics["splits"]["test"]["figures"]["accuracy"]
    assert figure["value"] == 0.75
    for expected in (
        bundle.label,
        f"0.750 ({figure['low']:.3f} to {figure['high']:.3f})",
        "40 films of 40 patients",
        "It was made by a test.",
        "It began as nothing.",
        "+2.5 points",
        "source-1",
    ):
        assert expected in shown, expected
    # Neither shortcuts nor maps were measured, and that is said of both.
    assert shown.count("This model was not measured in that.") == 2


def test_the_page_shows_the_report_on_the_maps(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def figure(value: float | None) -> dict[str, float | None]:
        return {"value": value, "low": value and value - 0.1, "high": value and value + 0.1}

    report = {
        "bundle": bundle.label,
        "films": 210,
        "patients": 205,
        "methods": {
            "Grad-CAM": {
                "insertion": figure(0.612),
                "share_inside": figure(None),
                "better_than": {"random": {"insertion": figure(0.234)}},
            },
            "random": {"insertion": figure(0.378)},
        },
        "marks": {"films": 17, "file": "boxes.csv", "methods": {"Grad-CAM": {"hit": figure(0.456)}}},
    }
    file = tmp_path / "map-quality-carded.json"
    file.write_text(json.dumps(report))
    monkeypatch.setattr("ui.model_card_maps.REPORTS", tmp_path)
    shown = _words(AppTest.from_function(_show).run(timeout=30))
    for expected in (
        "210 validation films of 205 patients",
        "0.612 (0.512 to 0.712)",
        "<td>random cells</td><td>0.234 (0.134 to 0.334)</td>",
        "on 17 films (boxes.csv)",
        "0.456 (0.356 to 0.556)",
    ):
        assert expected in shown, expected
    assert shown.count("This model was not measured in that.") == 1
    assert "another version" not in shown
    file.write_text(json.dumps(report | {"bundle": "carded@1234"}))
    assert "another version of this model: carded@1234" in _words(AppTest.from_function(_show).run(timeout=30))


def test_predictive_values_follow_the_readers_prevalence(bundle: Bundle) -> None:
    figures = bundle.metrics["splits"]["test"]["figures"]
    page = AppTest.from_function(_show).run(timeout=30)
    page.selectbox(key="card-class").select("viral")
    page.number_input(key="prevalence").set_value(50.0).run()
    positive, negative = predictive_values(
        figures["sensitivity_viral"]["value"], figures["specificity_viral"]["value"], 0.5
    )
    assert [metric.value for metric in page.metric] == [f"{100 * positive:.1f} %", f"{100 * negative:.1f} %"]


def test_bayes_rule() -> None:
    # Altman & Bland 1994, BMJ 309:102: sensitivity 231/258, specificity 54/86, prevalence 258/344.
    positive, negative = predictive_values(231 / 258, 54 / 86, 258 / 344)
    assert positive == pytest.approx(231 / 263)
    assert negative == pytest.approx(54 / 81)
    assert predictive_values(0.0, 1.0, 0.5) == (None, 0.5)


def test_a_missing_bundle_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PNEUMO_MODEL", str(tmp_path / "gone"))
    page = AppTest.from_function(_show).run(timeout=30)
    assert page.error[0].value == "There is no model to show."


def test_sections_are_found_by_their_headings() -> None:
    assert _card_sections("# A\n\n## One\n\nfirst\n\n### Two\nsecond\n") == {"One": "first", "Two": "second"}
