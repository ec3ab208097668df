"""Promote a run to a bundle: calibrate on val, measure what ships, and write weights, figures, and card.

The weights are rounded as the bundle stores them before anything is predicted, and all predictions come from the
bundle by its own engine: the figures on the card are those of the files beside it. Kernels of residual blocks that add
nothing become zeros: they change no answer, and the bundle needs no room for them. The features that it gives on
the way become the index of similar films.
"""

import contextlib
import dataclasses
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import build_model, weight_names
from pneumo_core.model.bundle import Bundle, write_bundle
from pneumo_core.model.idle_blocks import idle_blocks
from pneumo_core.model.sets import SetThresholds
from pneumo_core.selftest import record_expected
from pneumo_core.similar.index import index_files
from pneumo_core.types import FilmClass
from train.baseline import fit_thumbnails
from train.calibrate import fit_temperature
from train.card import write_card
from train.conformal import fit_sets, measure_risk, measure_sets
from train.data import FilmRow, read_rows, rows_digest
from train.evaluate import Selection, accuracy_gap
from train.lineage import Lineage, trace
from train.predict import Predictions, predict
from train.run import RunDirectory
from train.similar import FeatureKeeper, make_index
from train.summary import INTERVALS, Summary, summarise_among, summarise_split

_ROOT = Path(__file__).resolve().parents[1]
MODELS = _ROOT / "assets" / "models"
TRAIN_SAMPLE = 2000
_KERMANY = "kermany/"  # the films that most published figures are of: children, without COVID-19
_KERMANY_CLASSES = {
    "kermany_3_classes": (FilmClass.NORMAL, FilmClass.BACTERIAL, FilmClass.VIRAL),
    "kermany_bacterial_viral": (FilmClass.BACTERIAL, FilmClass.VIRAL),
}


@dataclass(frozen=True)
class Promotion:
    """What is promoted: a run, the bundle's name, the data set it is measured on, and a note for the card."""

    run: RunDirectory
    name: str
    data: Path
    note: str = ""
    models: Path = MODELS


def promote(promotion: Promotion) -> Bundle:
    """Write the bundle of a run's best weights.

    Raises:
        RunError: if the run has no weights, or was trained on another data set than the one given.
        BundleError: if the bundle exists already.
        DataError: if val or test is empty, or a film can not be read.
    """
    config, lineage, rows = _check(promotion)
    settings = config["settings"]
    model = build_model(settings["backbone"], settings["head"], promotion.run.best_file, settings["size"])
    idle = idle_blocks(model)
    parts = {
        "backbone": settings["backbone"],
        "head": settings["head"],
        "input_size": settings["size"],
        "weights": stored_weights(model, idle),
        "data_manifest_sha256": rows_digest(rows),
    }
    del model
    with tempfile.TemporaryDirectory() as folder, cache_in(Path(folder)):
        draft = Path(folder) / promotion.name
        write_bundle(draft, **parts, temperature=1.0, metrics={}, training={}, card="")
        keeper = FeatureKeeper(draft)
        temperature, predictions = _predict_all(keeper, rows)
        expected = record_expected(keeper.classifier)
        similar = index_files(make_index(keeper, rows))
    conformal = fit_sets(predictions["val"].probabilities, predictions["val"].labels)
    metrics = _measure(predictions, _predict_baseline(rows), conformal)
    training = _describe_training(lineage, promotion, temperature, idle)
    parameters = sum(values.size for _, values in parts["weights"])
    card = write_card(promotion.name, settings, parameters, lineage, training, metrics, rows, promotion.data)
    return write_bundle(
        promotion.models / promotion.name,
        **parts,
        temperature=temperature,
        conformal=conformal,
        metrics=metrics,
        training=training,
        card=card,
        selftest=expected,
        similar=similar,
    )


def stored_weights(model: keras.Model, idle: Sequence[str]) -> list[tuple[str, NDArray[np.float32]]]:
    """Name a network's weights, and replace by zeros the kernels of its idle blocks, as `idle_blocks` lists them."""
    unused = tuple(f"{block}_" for block in idle)
    return [
        (name, np.zeros_like(weight) if name.startswith(unused) and name.endswith("kernel") else weight)
        for name, weight in zip(weight_names(model), model.get_weights(), strict=True)
    ]


def _check(promotion: Promotion) -> tuple[dict[str, Any], Lineage, list[FilmRow]]:
    """Find what would fail later, before the long work begins."""
    run = promotion.run
    config = run.config()
    if not run.best_file.exists():
        raise RunError(f"{run.path} has no weights yet: {run.best_file.name} is missing. Let its first epoch finish.")
    target = promotion.models / promotion.name
    if target.exists():
        raise RunError(f"{target} exists already. Choose another --name, or remove that bundle first.")
    rows = read_rows(promotion.data)
    lineage = trace(run)
    for step in lineage.steps:
        if step.data_sha256 and step.data_sha256 != rows_digest(rows):
            raise RunError(
                f"The run {step.run} was trained on another data set than {promotion.data}: films of its training may "
                "stand in the other's test. Give --data the data set of the run."
            )
    for split in ("val", "test"):
        Selection().rows(rows, split)
    return config, lineage, rows


@contextlib.contextmanager
def cache_in(folder: Path) -> Iterator[None]:
    """Keep the engine's files of the draft out of the user's cache: no other program will ever ask for them."""
    users = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder.resolve())
    try:
        yield
    finally:
        del os.environ["XDG_CACHE_HOME"]
        if users is not None:
            os.environ["XDG_CACHE_HOME"] = users


def _predict_all(keeper: FeatureKeeper, rows: list[FilmRow]) -> tuple[float, dict[str, Predictions]]:
    """Fit the temperature on val, and predict every split; of train a sample."""
    splits = ["val", *sorted({row.split for row in rows} - {"train", "val"})]
    found = {split: keeper.predict(Selection().rows(rows, split), f"Predicting {split}") for split in splits}
    sample = Selection(sample=TRAIN_SAMPLE).rows(rows, "train")
    found["train"] = keeper.predict(sample, "Predicting a sample of train")
    temperature = fit_temperature(found["val"].logits, found["val"].labels)
    return temperature, {split: dataclasses.replace(part, temperature=temperature) for split, part in found.items()}


def _predict_baseline(rows: list[FilmRow]) -> dict[str, Predictions]:
    baseline = fit_thumbnails(Selection().rows(rows, "train"))
    splits = sorted({row.split for row in rows} - {"train", "val"})
    return {split: predict(baseline, Selection().rows(rows, split), f"Baseline on {split}") for split in splits}


def _measure(
    predictions: dict[str, Predictions], baseline: dict[str, Predictions], conformal: SetThresholds
) -> Summary:
    """All figures of the model.json: a summary for each split, the baseline's, the sets, and Kermany's films alone."""
    splits = {split: summarise_split(part) for split, part in predictions.items()}
    kermany = predictions["test"].where(lambda row: row.source.startswith(_KERMANY))
    present = {row.film_class for row in kermany.rows}
    metrics: Summary = {
        "intervals": INTERVALS,
        "splits": splits,
        "train_is_a_sample": splits["train"]["films"] == TRAIN_SAMPLE,
        "train_minus_test_points": round(accuracy_gap(splits["train"], splits["test"]), 2),
        "baseline_thumbnails": {split: summarise_split(part) for split, part in baseline.items()},
        "sets": {split: measure_sets(predictions[split], conformal) for split in baseline},
        "risk_coverage": {split: measure_risk(predictions[split]) for split in baseline},
    }
    for name, classes in _KERMANY_CLASSES.items():
        if present.issuperset(classes):
            metrics[name] = summarise_among(kermany, classes)
    return metrics


def _describe_training(lineage: Lineage, promotion: Promotion, temperature: float, idle: list[str]) -> dict[str, Any]:
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=_ROOT, capture_output=True, text=True, check=False)
    return {
        "command": lineage.steps[-1].command,
        "commit": git.stdout.strip() if git.returncode == 0 else "",  # of the promotion
        "start": lineage.statement,
        "began_as": lineage.start,
        "temperature_fitted_on": {"split": "val", "value": temperature},
        "idle_blocks": idle,
        "note": promotion.note,
        "steps": [dataclasses.asdict(step) for step in lineage.steps],
    }
