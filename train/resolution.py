"""How accuracy falls with resolution: python -m train resolution --bundle DIR --data manifest.csv.

The same films are read as they are and reduced to fewer pixels (averaged over areas), each by the same code that serves
the reader; where a restorer is given (`python -m train restore`), reduced films are read restored, too. Bundles that
were trained with and without reduced films are compared in one call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pneumo_core.errors import RunError
from pneumo_core.paired import Difference, paired_differences
from pneumo_core.types import Float32
from train.data import FilmRow, read_rows, rows_digest
from train.evaluate import Selection
from train.predict import Change, Predictions, Predictor, bundle_predictor, read_in_groups, reduce_films
from train.run import RunDirectory, write_json
from train.summary import INTERVALS, summarise
from train.tables import estimate, table

SIZES = (32, 48, 64, 96, 128, 192)
AS_IT_IS, RESTORED = "nothing", "restored"
_FIGURES = {"accuracy": "Accuracy", "macro_auroc": "Macro AUROC"}


@dataclass(frozen=True)
class Resolution:
    """What is measured.

    Attributes:
        bundles: folders; the others are compared with the first one.
        data: manifest CSV or folder of classes.
        restorer: run directory of `restore`; None reads reduced films as they are only.
        split: of the data set.
        sizes: rows and columns that films are reduced to.
        sample: at most so many films; 0 takes all.
        seed: of the draw.
        engine: "auto", "openvino", or "tensorflow".
    """

    bundles: tuple[Path, ...]
    data: Path
    restorer: Path | None = None
    split: str = "test"
    sizes: tuple[int, ...] = SIZES
    sample: int = 0
    seed: int = 0
    engine: str = "auto"


@dataclass(frozen=True)
class _Arm:
    """One way of reading: a predictor by its place, the size films are reduced to (0: not), and what is done then."""

    predictor: int
    size: int
    treatment: str


def measure_resolution(what: Resolution) -> dict[str, Any]:
    """Read every film in every way.

    Returns:
        The report, plain JSON values: for each bundle, size, and treatment the figures with their 95 % intervals, and
        the paired differences of accuracy from the same bundle on films as they are ("less_full"), from reduced films
        without restoration ("by_restoration"), and from the first bundle ("less_first").

    Raises:
        RunError, DataError, BundleError, EngineError: with what to do.
    """
    if not what.bundles:
        raise RunError("No bundle is given. Name one or more by --bundle.")
    everything = read_rows(what.data)
    rows = Selection(sample=what.sample, seed=what.seed).rows(everything, what.split)
    predictors = [bundle_predictor(folder, what.engine) for folder in what.bundles]
    treatments: dict[str, Change] = {AS_IT_IS: list}
    if what.restorer:
        # Keras takes seconds to import, and a bundle needs none.
        from train.restore import Restorer

        treatments[RESTORED] = Restorer(RunDirectory(what.restorer))
    found = _read_all(predictors, treatments, what.sizes, rows)
    return {
        "bundles": [predictor.name for predictor in predictors],
        "restorer": what.restorer.name if what.restorer else None,
        "data": str(what.data),
        "data_sha256": rows_digest(everything),
        "split": what.split,
        "sample": what.sample,
        "seed": what.seed,
        "films": len(rows),
        "patients": len({row.patient for row in rows}),
        "intervals": INTERVALS,
        "arms": [_summarise(arm, found) for arm in found],
    }


def _read_all(
    predictors: Sequence[Predictor], treatments: dict[str, Change], sizes: Sequence[int], rows: Sequence[FilmRow]
) -> dict[_Arm, Predictions]:
    """Read the files once, and every film in every way while it is in memory."""
    ways = [(0, AS_IT_IS), *((size, name) for size in sizes for name in treatments)]
    logits: dict[_Arm, list[Float32]] = {
        _Arm(place, size, name): [] for place in range(len(predictors)) for size, name in ways
    }
    with tqdm(total=len(rows), desc="Reading at all sizes", unit="film") as progress:
        for films in read_in_groups(rows):
            for size, name in ways:
                changed = treatments[name](reduce_films(films, size) if size else films)
                for place, predictor in enumerate(predictors):
                    logits[_Arm(place, size, name)].append(predictor.logits(changed))
            progress.update(len(films))
    return {
        arm: Predictions(tuple(rows), np.concatenate(parts), predictors[arm.predictor].temperature)
        for arm, parts in logits.items()
    }


def _summarise(arm: _Arm, found: dict[_Arm, Predictions]) -> dict[str, Any]:
    others = {
        "less_full": _Arm(arm.predictor, 0, AS_IT_IS) if arm.size else None,
        "by_restoration": _Arm(arm.predictor, arm.size, AS_IT_IS) if arm.treatment == RESTORED else None,
        "less_first": _Arm(0, arm.size, arm.treatment) if arm.predictor else None,
    }
    differences = {name: _difference(found[other], found[arm]) for name, other in others.items() if other}
    return {
        "bundle": arm.predictor,
        "size": arm.size,
        "treatment": arm.treatment,
        "figures": summarise(found[arm])["figures"],
        **differences,
    }


def _difference(first: Predictions, second: Predictions) -> dict[str, float]:
    one, other = (part.probabilities.argmax(axis=1) for part in (first, second))
    accuracy: Difference = paired_differences(first.labels, one, other, first.patients)["accuracy"]
    parts = {"value": accuracy.value, "low": accuracy.low, "high": accuracy.high}
    return {name: round(value, 6) for name, value in parts.items()}


def write_report(report: dict[str, Any], stem: Path, words: Sequence[str]) -> Path:
    """Write the report as JSON and as Markdown beside it.

    Args:
        report: of `measure_resolution`.
        stem: path of both, without suffix.
        words: of the command that was given.

    Returns:
        The Markdown file.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    write_json(stem.with_name(stem.name + ".json"), report)
    path = stem.with_name(stem.name + ".md")
    path.write_text(_markdown(report, words), encoding="utf-8")
    return path


def _markdown(report: dict[str, Any], words: Sequence[str]) -> str:
    restorer = f" Restored: by {report['restorer']}." if report["restorer"] else ""
    parts = [
        "# Accuracy by resolution",
        f"`python -m train {' '.join(words)}`",
        f"{report['films']:,} films of {report['patients']:,} patients of {report['split']}, reduced to squares of so "
        f"many pixels by averaging over areas, never enlarged.{restorer} In brackets: 95 % interval, "
        f"{report['intervals']['method']}; differences are paired, in points of accuracy. Research and education. Not "
        "for diagnosis.",
    ]
    columns: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
        "less_full": ("Less films as they are", lambda arm: _points(arm.get("less_full"))),
        "by_restoration": ("By restoration", lambda arm: _points(arm.get("by_restoration"))),
        "less_first": ("Less the first bundle", lambda arm: _points(arm.get("less_first"))),
    }
    for place, name in enumerate(report["bundles"]):
        arms = [arm for arm in report["arms"] if arm["bundle"] == place]
        shown = [column for key, column in columns.items() if any(key in arm for arm in arms)]
        rows = [
            [
                f"{arm['size']} px" if arm["size"] else "as it is",
                arm["treatment"],
                *(estimate(arm, figure) for figure in _FIGURES),
                *(cell(arm) for _, cell in shown),
            ]
            for arm in arms
        ]
        header = ["Reduced to", "Done before reading", *_FIGURES.values(), *(title for title, _ in shown)]
        parts += [f"## {name}", table(header, rows)]
    return "\n\n".join(parts) + "\n"


def _points(difference: dict[str, float] | None) -> str:
    if difference is None:
        return "-"
    value, low, high = (100 * difference[end] for end in ("value", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
