"""How good the maps are: python -m train map-quality --bundle DIR --data manifest.csv --films N.

Each method is measured on the same films of val, for the class that the network names, against two controls that know
nothing of the film: random cells, and a blob in the centre. A method that does not beat both explains nothing.
Where a user has films with boxes or masks of findings, the maps are held against these, too (--marks, see train.marks).
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pneumo_core.errors import DataError, ReadError
from pneumo_core.explain.methods import METHODS, Evidence
from pneumo_core.explain.with_gradient import INTEGRATED, WITH_GRADIENT
from pneumo_core.lungs.mask import share_inside
from pneumo_core.lungs.segmenter import LungSegmenter
from pneumo_core.model.bundle import Bundle, load_bundle, write_bundle
from pneumo_core.model.classifier import softmax
from pneumo_core.model.engine import Engine, open_engine
from pneumo_core.model.gradient_network import GradientNetwork
from pneumo_core.model.head import Head, load_head
from pneumo_core.preprocess import preprocess
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES, FilmClass, Float32, Heatmap, Radiograph
from train.bootstrap import draw_weights
from train.data import read_rows
from train.evaluate import Selection
from train.map_metrics import centre_blob, deletion_insertion, overlap, road, shown, ssim
from train.marks import PNEUMONIA, read_marks
from train.promote import cache_in
from train.tables import table

CONTROLS = ("random", "centre blob")
# Five maps of a film by integrated gradients take a minute: they are measured where they are asked for.
MEASURED = tuple(name for name in METHODS if name != INTEGRATED)
# Whether more is better; stability and randomisation are of the method alone and have no controls.
_FIGURES = {
    "insertion": True,
    "deletion": False,
    "road": True,
    "share_inside": True,
    "ssim_shift": True,
    "ssim_jpeg": True,
    "ssim_random_head": False,
    "ssim_random_network": False,
}
_AGAINST_CONTROLS = ("insertion", "deletion", "road", "share_inside")
_ON_MARKS = ("hit", "iou")  # more is better
_PNEUMONIA_CLASSES = [film_class.index for film_class in CLASSES if film_class is not FilmClass.NORMAL]
_CELLS = 8  # of the controls
_JPEG_QUALITY = 75
_RESAMPLES = 1000
Grids = dict[str, Float32]  # float32 [h, w] by the method's name
Scores = dict[str, dict[str, float]]  # figures by the method's name


@dataclass(frozen=True)
class MapQuality:
    """What is measured: a bundle, on so many films of val of a data set, by so many steps of a curve.

    With `marks`, also on at most so many films of the folder `marked_films` that the file marks.
    """

    bundle: Path
    data: Path
    films: int
    methods: tuple[str, ...] = MEASURED
    steps: int = 8
    seed: int = 0
    marks: Path | None = None
    marked_films: Path = Path()
    findings: tuple[str, ...] = PNEUMONIA


@dataclass(frozen=True, eq=False)
class _Network:
    """A backbone on its engine, a head, and the temperature."""

    engine: Engine
    head: Head
    bundle: Bundle

    @cached_property
    def _way_back(self) -> GradientNetwork:
        return GradientNetwork(self.bundle, self.head)

    def _with_gradient(self, method: str, square: Float32) -> Float32:
        return WITH_GRADIENT[method](self._way_back, square)

    def logits(self, square: Float32) -> Float32:
        """Of an input float32 [S, S] in 0..255: float32 [4]."""
        batch = np.repeat(square[None, ..., None], 3, axis=3)
        return self.head(self.engine.feature_map(batch).mean(axis=(1, 2)))[0][0]

    def probability(self, index: int) -> Callable[[Float32], Float32]:
        """Of one class: float32 [n, S, S] in 0..255 -> float32 [n]."""

        def run(squares: Float32) -> Float32:
            batch = np.repeat(squares[..., None], 3, axis=3)
            logits, _ = self.head(self.engine.feature_map(batch).mean(axis=(1, 2)))
            return softmax(logits, self.bundle.temperature)[:, index]

        return run

    def grids(self, square: Float32, methods: Sequence[str], index: int) -> Grids:
        """The maps of one class of an input float32 [S, S] in 0..255."""
        square = np.repeat(square[..., None], 3, axis=2)
        evidence = Evidence.gather(square, self.engine, self.head, self._with_gradient)
        return {name: METHODS[name].grids(evidence)[index] for name in methods}


def measure_maps(what: MapQuality) -> dict[str, Any]:
    """Measure the maps of a bundle.

    Args:
        what: what is measured.

    Returns:
        The report, plain JSON values: the films, and for each method and control each figure with its 95 % interval
        over patients, and its difference from each control.

    Raises:
        DataError: if val is empty, a film can not be read, or the marks can not be used.
        BundleError, EngineError: if there is no sound bundle, lung network, or engine.
    """
    rows = Selection(sample=what.films, seed=what.seed).rows(read_rows(what.data), "val")
    segmenter = LungSegmenter.load()
    bundle = load_bundle(what.bundle)
    network = _Network(open_engine(bundle), load_head(bundle), bundle)
    with tempfile.TemporaryDirectory() as folder, cache_in(Path(folder)):
        shuffled = _shuffle(bundle, Path(folder) / "shuffled", what.seed)
        others = {
            "ssim_random_head": _Network(network.engine, load_head(shuffled), bundle),
            "ssim_random_network": _Network(open_engine(shuffled), load_head(shuffled), shuffled),
        }
        scores = [
            _measure_film(_read(row.path).trimmed(), position, network, others, segmenter, what)
            for position, row in enumerate(tqdm(rows, desc="Measuring maps", unit="film"))
        ]
    marked = {"marks": _measure_marks(what.marks, network, what)} if what.marks else {}
    return {
        "bundle": bundle.label,
        "lungs": segmenter.name,
        "films": len(rows),
        "patients": len({row.patient for row in rows}),
        "steps": what.steps,
        "seed": what.seed,
        "methods": _summarise(scores, [row.patient for row in rows], what.seed),
    } | marked


def _measure_marks(file: Path, network: _Network, what: MapQuality) -> dict[str, Any]:
    """Hold the maps of the most probable kind of pneumonia against what readers marked."""
    marks = read_marks(file, what.marked_films, what.findings)
    random = np.random.default_rng(what.seed)
    drawn = sorted(random.permutation(len(marks.films))[: what.films])
    films = [marks.films[position] for position in drawn]
    scores: list[Scores] = []
    for marked in tqdm(films, desc="Comparing with marks", unit="film"):
        whole = _read(marked.path)
        left, top, right, bottom = whole.box
        film = whole.trimmed()
        square = preprocess(film.pixels, network.bundle.input_size)[..., 0]
        logits = network.logits(square)
        index = max(_PNEUMONIA_CLASSES, key=lambda place: float(logits[place]))
        grids = network.grids(square, what.methods, index) | _controls(random)
        mask = marked.mask(whole.height, whole.width)[top:bottom, left:right]
        scores.append({name: overlap(grid, mask) for name, grid in grids.items()})
    patients = [marked.patient for marked in films]
    return {
        "file": file.name,
        "findings": list(what.findings) if file.suffix.lower() != ".csv" else ["pneumonia"],
        "films": len(films),
        "patients": len(set(patients)),
        "not_found": marks.missing,
        "methods": _summarise(scores, patients, what.seed),
    }


def _read(path: Path) -> Radiograph:
    try:
        return read_film(path.read_bytes(), path.name)
    except (ReadError, OSError) as error:
        raise DataError(f"{path.name} can not be read: {error}") from error


def _controls(random: np.random.Generator) -> Grids:
    return {
        CONTROLS[0]: random.uniform(0, 1, (_CELLS, _CELLS)).astype(np.float32),
        CONTROLS[1]: centre_blob(_CELLS),
    }


def _shuffle(bundle: Bundle, folder: Path, seed: int) -> Bundle:
    """A bundle with every kernel shuffled within itself: the same architecture and values, having learned nothing."""
    random = np.random.default_rng(seed)
    weights = [
        (name, random.permutation(values.ravel()).reshape(values.shape) if name.endswith("kernel") else values)
        for name, values in bundle.read().items()
    ]
    return write_bundle(
        folder,
        backbone=bundle.backbone,
        head=bundle.head,
        weights=weights,
        temperature=bundle.temperature,
        data_manifest_sha256=bundle.data_manifest_sha256,
        metrics={},
        training={},
        card="",
        input_size=bundle.input_size,
    )


def _measure_film(
    film: Radiograph,
    position: int,
    network: _Network,
    others: dict[str, _Network],
    segmenter: LungSegmenter,
    what: MapQuality,
) -> Scores:
    """All figures of one film, by method and control."""
    random = np.random.default_rng((what.seed, position))
    square = preprocess(film.pixels, network.bundle.input_size)[..., 0]
    index = int(np.argmax(network.logits(square)))
    grids = network.grids(square, what.methods, index)
    controls = _controls(random)
    probability, mask = network.probability(index), segmenter.mask(film)
    scores: Scores = {}
    for name, grid in (grids | controls).items():
        deletion, insertion = deletion_insertion(square, grid, probability, what.steps)
        share = share_inside(_on_film(grid, index, film), mask)
        scores[name] = {
            "insertion": insertion,
            "deletion": deletion,
            "road": road(square, grid, probability, random),
            "share_inside": float("nan") if share is None else share,
        }
    changed = {
        "ssim_shift": network.grids(_shift(square), what.methods, index),
        "ssim_jpeg": network.grids(_compress(square), what.methods, index),
    } | {figure: other.grids(square, what.methods, index) for figure, other in others.items()}
    for figure, theirs in changed.items():
        for name in what.methods:
            scores[name][figure] = ssim(shown(grids[name]), shown(theirs[name]))
    return scores


def _on_film(grid: Float32, index: int, film: Radiograph) -> Heatmap:
    box = (0.0, 0.0, float(film.width), float(film.height))
    return Heatmap(CLASSES[index], "", grid, float(np.abs(grid).max()), box)


def _shift(square: Float32) -> Float32:
    """Move a film by one pixel to the right; its first column stays."""
    return np.concatenate([square[:, :1], square[:, :-1]], axis=1)


def _compress(square: Float32) -> Float32:
    _, data = cv2.imencode(".jpg", np.round(square).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)


def _summarise(scores: list[Scores], patients: Sequence[str], seed: int) -> dict[str, Any]:
    """Means with intervals over patients (bootstrap), and differences from the controls film by film."""
    weights = draw_weights(patients, _RESAMPLES, np.random.default_rng(seed))
    found: dict[str, Any] = {}
    for name in scores[0]:
        found[name] = {figure: _estimate(_values(scores, name, figure), weights) for figure in scores[0][name]}
        if name not in CONTROLS:
            found[name]["better_than"] = {
                control: {
                    figure: _estimate(
                        (_values(scores, name, figure) - _values(scores, control, figure))
                        * (1 if _FIGURES.get(figure, True) else -1),
                        weights,
                    )
                    for figure in scores[0][control]
                }
                for control in CONTROLS
            }
    return found


def _values(scores: list[Scores], name: str, figure: str) -> Float32:
    return np.array([score[name][figure] for score in scores], np.float32)


def _estimate(values: Float32, weights: NDArray[np.float64]) -> dict[str, Any]:
    """Mean and 95 % interval over the films that have the figure."""
    known = ~np.isnan(values)
    if not known.any():
        return {"value": None, "low": None, "high": None, "films": 0}
    counts = weights[:, known]
    sums = counts.sum(axis=1)
    means = (counts @ values[known])[sums > 0] / sums[sums > 0]
    low, high = np.quantile(means, (0.025, 0.975))
    parts = (float(values[known].mean()), float(low), float(high))
    return dict(zip(("value", "low", "high"), (round(part, 4) for part in parts), strict=True)) | {
        "films": int(known.sum())
    }


def write_report(report: dict[str, Any], folder: Path) -> Path:
    """Write the report as JSON and as Markdown; returns the Markdown file."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"map-quality-{report['bundle'].partition('@')[0]}"
    stem.with_suffix(".json").write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    path = stem.with_suffix(".md")
    path.write_text(_markdown(report), encoding="utf-8")
    return path


def _markdown(report: dict[str, Any]) -> str:
    methods = report["methods"]
    arrows = {figure: f"{figure.replace('_', ' ')} ({'more' if more else 'less'})" for figure, more in _FIGURES.items()}
    rows = [[name, *(_cell(figures.get(figure)) for figure in _FIGURES)] for name, figures in methods.items()]
    return (
        "\n\n".join(
            [
                f"# Quality of the maps of {report['bundle']}",
                f"{report['films']} films of {report['patients']} patients of val, for the class the network names. "
                f"Mean and 95 % interval over patients. Curves of {report['steps']} steps. In brackets what is better. "
                "The two figures of random weights ask that a map changes when what was learned is lost. Research and "
                "education. Not for diagnosis.",
                table(["Method", *arrows.values()], rows),
                "## Better than the controls by (film by film)",
                _differences(methods, _AGAINST_CONTROLS),
                *_markdown_of_marks(report.get("marks")),
            ]
        )
        + "\n"
    )


def _differences(methods: dict[str, Any], figures: Sequence[str]) -> str:
    lines = [
        [name, control, *(_cell(part[figure]) for figure in figures)]
        for name, found in methods.items()
        for control, part in found.get("better_than", {}).items()
    ]
    return table(["Method", "Control", *figures], lines)


def _markdown_of_marks(marks: dict[str, Any] | None) -> list[str]:
    if marks is None:
        return []
    missing = f" {marks['not_found']} more are marked there, but were not at hand." if marks["not_found"] else ""
    rows = [[name, *(_cell(figures[figure]) for figure in _ON_MARKS)] for name, figures in marks["methods"].items()]
    return [
        "## Against what readers marked",
        f"{marks['films']} films of {marks['patients']} patients with {', '.join(marks['findings'])} in "
        f"{marks['file']}.{missing} Maps of the most probable of the three pneumonias. Hit: the map is highest inside "
        "the marks. IoU: of the marks and the map above Otsu's threshold.",
        table(["Method", *_ON_MARKS], rows),
        _differences(marks["methods"], _ON_MARKS),
    ]


def _cell(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "-"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
