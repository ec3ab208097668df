"""Evaluate a bundle, a run, or the thumbnail baseline on the splits of a data set."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pneumo_core.errors import DataError
from pneumo_core.types import CLASSES, FilmClass
from train.data import FilmRow, read_rows, rows_digest
from train.predict import Change, Predictor, predict, reduce_films, write_predictions
from train.run import RunDirectory, write_json
from train.summary import INTERVALS, summarise_among, summarise_split
from train.tables import among_report, split_report


@dataclass(frozen=True)
class Selection:
    """Which films are evaluated.

    Attributes:
        splits: names of the data set's splits.
        sources: only sources whose name begins so; empty takes all.
        classes: only films of these classes, answered both among these and among all four.
        sample: at most so many films of each split, drawn at random; 0 takes all.
        seed: of the draw.
        reduced_to: films are first reduced to so many rows and columns; 0 leaves them as they are.
        restorer: run directory of the autoencoder that restores them then; empty leaves them as they are.
    """

    splits: tuple[str, ...] = ("test",)
    sources: str = ""
    classes: tuple[FilmClass, ...] = CLASSES
    sample: int = 0
    seed: int = 0
    reduced_to: int = 0
    restorer: str = ""

    def rows(self, rows: Sequence[FilmRow], split: str) -> list[FilmRow]:
        """Choose the films of one split, in the order of the data set.

        Raises:
            DataError: if there is none.
        """
        chosen = [
            row
            for row in rows
            if row.split == split and row.source.startswith(self.sources) and row.film_class in self.classes
        ]
        if not chosen:
            known = ", ".join(sorted({row.split for row in rows}))
            raise DataError(
                f"The split {split!r} has no film of the sources and classes asked for. The data set has the splits "
                f"{known}; check --split, --sources, and --classes."
            )
        if 0 < self.sample < len(chosen):
            drawn = np.random.default_rng(self.seed).choice(len(chosen), self.sample, replace=False)
            chosen = [chosen[index] for index in sorted(drawn)]
        return chosen


def evaluate(predictor: Predictor, data: Path, selection: Selection, out: Path | None) -> str:
    """Predict, write predictions.csv and metrics.json, and report.

    Args:
        predictor: what is evaluated.
        data: manifest CSV or folder of classes.
        selection: which films.
        out: directory that the files go to; None writes none.

    Returns:
        The report, Markdown.

    Raises:
        DataError: if the data set can not be used.
    """
    rows = read_rows(data)
    # All splits are chosen before any is predicted: a wrong name shows at once.
    chosen = {split: selection.rows(rows, split) for split in selection.splits}
    change = _change(selection)
    predictions = {split: predict(predictor, part, f"Predicting {split}", change) for split, part in chosen.items()}
    in_part = selection.classes != CLASSES
    summaries = {
        split: summarise_among(part, selection.classes) if in_part else summarise_split(part)
        for split, part in predictions.items()
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_predictions(out / "predictions.csv", list(predictions.values()))
        content: dict[str, Any] = {
            "evaluated": predictor.name,
            "temperature": predictor.temperature,
            "data": str(data),
            "data_sha256": rows_digest(rows),
            "selection": asdict(selection),
            "intervals": INTERVALS,
            "splits": summaries,
        }
        write_json(out / "metrics.json", content)
    parts = [f"# {predictor.name}", _describe(selection, data)]
    for split, summary in summaries.items():
        parts += [f"## {split}", among_report(summary) if in_part else split_report(summary)]
    if not in_part and {"train", "test"} <= summaries.keys():
        gap = accuracy_gap(summaries["train"], summaries["test"])
        parts.append(f"Accuracy on train minus accuracy on test: {gap:+.1f} points.")
    return "\n\n".join(parts)


def _change(selection: Selection) -> Change:
    if selection.restorer:
        # Keras takes seconds to import, and a bundle needs none.
        from train.restore import Restorer

        restore: Change = Restorer(RunDirectory(Path(selection.restorer)))
    else:
        restore = list
    if not selection.reduced_to:
        return restore
    return lambda films: restore(reduce_films(films, selection.reduced_to))


def accuracy_gap(train: dict[str, Any], test: dict[str, Any]) -> float:
    """Accuracy on train minus accuracy on test, in percentage points."""
    return 100.0 * float(train["figures"]["accuracy"]["value"] - test["figures"]["accuracy"]["value"])


def _describe(selection: Selection, data: Path) -> str:
    limits = [f"sources beginning with {selection.sources!r}"] if selection.sources else []
    if selection.classes != CLASSES:
        limits.append(f"films of {', '.join(selection.classes)}")
    if selection.sample:
        limits.append(f"a random sample of at most {selection.sample:,} films of each split, seed {selection.seed}")
    if selection.reduced_to:
        limits.append(f"films reduced to {selection.reduced_to} pixels of the side first")
    if selection.restorer:
        limits.append(f"films restored by {Path(selection.restorer).name} first")
    only = f" Only {' and '.join(limits)}." if limits else ""
    return (
        f"Data: {data}.{only} In brackets: 95 % interval, {INTERVALS['method']}, {INTERVALS['resamples']:,} resamples."
    )
