"""Evaluation, by predictors that need no network."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tiny_training import write_manifest

from pneumo_core.errors import DataError, RunError
from pneumo_core.types import CLASSES, FilmClass, Float32, Radiograph
from train.baseline import fit_thumbnails
from train.data import FilmRow, read_rows
from train.evaluate import Selection, evaluate
from train.predict import Predictions, Predictor, predict, read_in_groups, reduce_films, run_predictor
from train.run import RunDirectory
from train.summary import summarise, summarise_among, summarise_split


def _brightness(films: Sequence[Radiograph]) -> Float32:
    """Logits that depend on the film alone, so that a mix-up of films shows."""
    means = [float(film.pixels.mean()) for film in films]
    return np.array([[mean, 2 * mean, -mean, 1 - mean] for mean in means], np.float32)


@pytest.fixture
def predictor() -> Predictor:
    return Predictor("brightness", 2.0, _brightness)


def _predictions(answers: Sequence[FilmClass], labels: Sequence[FilmClass], **columns: Sequence[str]) -> Predictions:
    rows = [
        FilmRow(
            Path("film.png"),
            f"{index}.png",
            label,
            patient=columns.get("patients", [f"p{i}" for i in range(len(labels))])[index],
            split="test",
            source=columns.get("sources", ["s"] * len(labels))[index],
            age_group=columns.get("ages", ["adult"] * len(labels))[index],
        )
        for index, label in enumerate(labels)
    ]
    logits = 4 * np.eye(4, dtype=np.float32)[[answer.index for answer in answers]]
    return Predictions(tuple(rows), logits, 1.0)


NORMAL, BACTERIAL, VIRAL, COVID19 = CLASSES


def test_films_are_reduced_first_where_asked_for(manifest: Path) -> None:
    seen: list[tuple[int, ...]] = []

    def note(films: Sequence[Radiograph]) -> Float32:
        seen.extend(film.grey.shape for film in films)
        return _brightness(films)

    rows = read_rows(manifest)[:3]
    whole = predict(Predictor("note", 1.0, note), rows, "Predicting")
    sizes, seen[:] = list(seen), []
    reduced = predict(Predictor("note", 1.0, note), rows, "Predicting", lambda films: reduce_films(films, 24))
    assert all(min(size) > 24 for size in sizes)
    assert seen == [(24, 24)] * 3
    np.testing.assert_allclose(reduced.logits, whole.logits, atol=0.02)  # averaging areas keeps the mean


def test_every_film_gets_its_own_logits(manifest: Path, predictor: Predictor) -> None:
    rows = read_rows(manifest)  # 96 films: more than one group is read at once
    found = predict(predictor, rows, "Predicting")
    expected = np.concatenate([_brightness(films) for films in read_in_groups(rows)])
    np.testing.assert_array_equal(found.logits, expected)
    assert found.rows == tuple(rows)
    assert len(np.unique(found.logits[:, 0])) > 90


def test_predictions_and_metrics_are_written(manifest: Path, predictor: Predictor, tmp_path: Path) -> None:
    report = evaluate(predictor, manifest, Selection(("test", "external")), tmp_path / "out")
    with (tmp_path / "out" / "predictions.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["split"] for line in lines] == ["test"] * 24 + ["external"] * 16
    for line in lines:
        logits = np.array([float(line[f"logit_{name}"]) for name in CLASSES])
        probabilities = np.array([float(line[f"probability_{name}"]) for name in CLASSES])
        np.testing.assert_allclose(probabilities, np.exp(logits / 2) / np.exp(logits / 2).sum(), atol=1e-4)
        assert line["answer"] == CLASSES[int(probabilities.argmax())]
        assert line["file"].startswith(f"{line['split']}-{line['label']}")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    test = metrics["splits"]["test"]
    right = np.mean([line["answer"] == line["label"] for line in lines[:24]])
    assert test["figures"]["accuracy"]["value"] == pytest.approx(right)
    assert test["films"] == 24
    assert test["patients"] == 12
    assert set(test["sources"]) == {"kermany/drawn", "elsewhere"}
    assert set(test["age_groups"]) == {"adult", "paediatric"}
    assert metrics["temperature"] == 2.0
    for expected in ("## test", "## external", "| elsewhere | covid19 |", f"| Accuracy | {right:.3f} ("):
        assert expected in report


def test_a_sample_is_drawn_anew_alike_and_said(manifest: Path, predictor: Predictor) -> None:
    rows = read_rows(manifest)
    one, same, other = (Selection(("train",), sample=10, seed=seed).rows(rows, "train") for seed in (1, 1, 2))
    assert len(one) == 10
    assert one == same != other
    assert Selection(sample=500).rows(rows, "test") == Selection().rows(rows, "test")
    report = evaluate(predictor, manifest, Selection(("train",), sample=10), None)
    assert "a random sample of at most 10 films" in report
    assert "10 films of" in report


def test_train_minus_test_is_reported(manifest: Path, predictor: Predictor) -> None:
    assert "Accuracy on train minus accuracy on test:" in evaluate(
        predictor, manifest, Selection(("train", "test")), None
    )


def test_sources_and_classes_limit_the_films(manifest: Path, predictor: Predictor) -> None:
    selection = Selection(("test",), "kermany/", (NORMAL, VIRAL))
    rows = selection.rows(read_rows(manifest), "test")
    assert {row.film_class for row in rows} == {NORMAL, VIRAL}
    assert {row.source for row in rows} == {"kermany/drawn"}
    report = evaluate(predictor, manifest, selection, None)
    assert "12 films of 6 patients. Only films of normal, viral." in report
    assert "among these 2" in report
    assert "among all four" in report


@pytest.mark.parametrize(
    "selection",
    [Selection(("nowhere",)), Selection(sources="no such"), Selection(("test",), "elsewhere", (NORMAL, VIRAL))],
)
def test_an_empty_selection_is_refused(manifest: Path, predictor: Predictor, selection: Selection) -> None:
    with pytest.raises(DataError, match="external, test, train, val"):
        evaluate(predictor, manifest, selection, None)


def test_an_unreadable_film_is_named(tmp_path: Path, predictor: Predictor) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    manifest = write_manifest(tmp_path / "m.csv", [("bad.png", "normal", "p", "test", "", "")])
    with pytest.raises(DataError, match=r"bad\.png can not be read"):
        evaluate(predictor, manifest, Selection(), None)


def test_fewer_classes_are_answered_with_and_without_the_others() -> None:
    """A viral film called COVID-19 is an error among four, and goes to the next best answer among two."""
    predictions = _predictions([VIRAL, COVID19, BACTERIAL, NORMAL], [VIRAL, VIRAL, BACTERIAL, NORMAL])
    predictions.logits[1] = [0, 1, 2, 5]
    found = summarise_among(predictions, (BACTERIAL, VIRAL))
    assert found["classes"] == ["bacterial", "viral"]
    assert found["among_these"]["films"] == 3
    assert found["among_these"]["figures"]["accuracy"]["value"] == 1.0
    assert found["among_all_four"]["figures"]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["among_all_four"]["confusion"][VIRAL.index] == [0, 0, 1, 1]


def test_groups_are_summarised_apart() -> None:
    labels = [NORMAL, NORMAL, VIRAL, COVID19]
    predictions = _predictions(
        [NORMAL, VIRAL, VIRAL, COVID19], labels, sources=["a", "a", "b", "b"], ages=["adult", "", "", "adult"]
    )
    found = summarise_split(predictions)
    assert found["sources"]["a"]["figures"]["accuracy"]["value"] == 0.5
    assert found["sources"]["b"]["figures"]["accuracy"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["age_groups"]["adult"]["films"] == 2
    assert found["sources"]["a"]["figures"]["macro_auroc"] == {"value": None, "low": None, "high": None}
    json.dumps(found, allow_nan=False)


def test_patients_are_counted_once() -> None:
    found = summarise(_predictions([NORMAL] * 4, [NORMAL] * 4, patients=["p", "p", "q", "q"]))
    assert (found["films"], found["patients"]) == (4, 2)


def test_the_baseline_learns_what_thumbnails_show(manifest: Path) -> None:
    """The drawn classes differ even at 12 x 12 pixels, so the baseline finds them in films it has not seen."""
    rows = read_rows(manifest)
    baseline = fit_thumbnails([row for row in rows if row.split == "train"])
    found = predict(baseline, [row for row in rows if row.split == "test"], "Predicting")
    assert summarise(found)["figures"]["accuracy"]["value"] > 0.7
    with pytest.raises(DataError, match="no film for covid19"):
        fit_thumbnails([row for row in rows if row.film_class is not COVID19])


def test_a_run_without_weights_is_refused(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.create({"settings": {}})
    with pytest.raises(RunError, match="no weights yet"):
        run_predictor(run)
