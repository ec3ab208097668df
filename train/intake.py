"""Make the intake gate: `python -m train intake --data MANIFEST --weights B0.weights.h5 --out assets/models/intake`.

Images that are no frontal chest film are few, so each is measured by a network that has not seen it: once with the
images dealt to two folds, and once with a whole group of kinds (all limbs, all CT ...) left out. The gate that ships
has seen them all. Its thresholds come from val films alone; test films only report.
"""

import csv
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pneumo_core.errors import DataError
from pneumo_core.intake.gate import GATE_FILE, NETWORK_FILE, SCHEMA, SCORES, WEIGHTS_FILE, Gate, GateScores
from pneumo_core.model.bundle import CARD_FILE, write_sums
from pneumo_core.types import Float32
from train.data import read_rows
from train.intake_card import write_gate_card
from train.intake_measure import assess_files, auroc, measure_damage, summarise
from train.intake_network import (
    Extractor,
    Half,
    build_extractor,
    distances,
    fit_distance,
    join,
    train_head,
    write_network,
)
from train.intake_samples import Foreign, Sample, compose, load_square, read_foreign, vary_films, vary_foreign
from train.run import write_json

FOLDS = 2
_FILES = (CARD_FILE, GATE_FILE, WEIGHTS_FILE, NETWORK_FILE)
DAMAGED_FILMS = 200
# Shares of val films that each score may caution and refuse; no refusal below a score that means something.
_CAUTIONED, _REFUSED = 0.004, 0.0008
_LEAST = {"caution": 0.15, "refuse": 0.6}
_NEVER_REFUSES = ("marks",)
_FAR = 1.15  # a distance so many times the largest of val is refused


@dataclass(frozen=True)
class IntakeConfig:
    """What the gate is made of and from.

    Attributes:
        data: manifest CSV of the films; ood/, dicom/, lungs/, and unspecified/ are looked for beside it.
        weights: .weights.h5 of the EfficientNetB0 whose first blocks are kept.
        out: folder of the gate, which must not exist.
        films: films of train that are taken, drawn at random.
        epochs: of the head.
        seed: of everything.
    """

    data: Path
    weights: Path
    out: Path
    films: int = 1500
    epochs: int = 6
    seed: int = 0


def make_gate(config: IntakeConfig) -> dict[str, Any]:
    """Train, measure, and write the gate.

    Returns:
        The description, as gate.json holds it.

    Raises:
        DataError: if the folder exists or films are missing.
    """
    if config.out.exists():
        raise DataError(f"{config.out} exists already. Give a new folder, or remove that one first.")
    folder, random = config.data.parent, np.random.default_rng(config.seed)
    films, groups = _training_films(config, random)
    foreign = read_foreign(folder)
    copies, origins = vary_foreign(foreign, random)
    samples = [*vary_films(films, random), *compose([film for film, _ in films], random), *copies]
    keras_extractor = build_extractor(config.weights)
    extract = Extractor(keras_extractor)
    features = extract([sample.square for sample in samples], "Training pictures")
    plain = features[: 3 * len(films) : 3]  # the first of the three samples of a film is the film itself
    val = extract([load_square(path) for path in _files(folder, "val")], "Val")
    test = extract([load_square(path) for path in _files(folder, "test")[::2]], "Test")
    metrics = _cross_validate(config, features, samples, foreign, origins, test)
    head = train_head(features, samples, config.epochs, config.seed)
    matrix, means = fit_distance(_pool(plain), groups)
    answers = np.concatenate([_predict(head, val), distances(_pool(val), matrix, means)[:, None]], axis=1)
    thresholds = choose_thresholds([GateScores.of_output(row).scores() for row in answers])
    shares = _distance_figures(foreign, features[len(samples) - len(copies) :], matrix, means, test)
    description: dict[str, Any] = {
        "schema": SCHEMA,
        "made": {
            "command": _command(config),
            "films": len(films),
            "samples": len(samples),
            "foreign_images": len(foreign),
            "parameters": int(join(keras_extractor, head, matrix, means).count_params()),
        },
        "thresholds": thresholds,
        "metrics": {**metrics, **shares},
    }
    network = join(keras_extractor, head, matrix, means)
    write_gate(config, description, lambda path: write_network(network, path))
    return description


def _training_films(config: IntakeConfig, random: np.random.Generator) -> tuple[list[tuple[Any, int]], list[str]]:
    """Films of train with (1 for a child, 0 for an adult, -1 unknown), and the group of each for the distance."""
    rows = [row for row in read_rows(config.data) if row.split == "train"]
    drawn = random.choice(len(rows), min(config.films, len(rows)), replace=False)
    ages = {"adult": 0, "paediatric": 1}
    films = [(load_square(rows[place].path), ages.get(rows[place].age_group, -1)) for place in drawn]
    groups = [f"{rows[place].source} {rows[place].film_class}" for place in drawn]
    lungs = _files(config.data.parent, "lungs train")
    films += [(load_square(path), 0) for path in lungs]
    groups += ["lungs"] * len(lungs)
    few = {group for group in set(groups) if groups.count(group) < 30}
    return films, ["others" if group in few else group for group in groups]


def _files(folder: Path, part: str) -> list[Path]:
    """Files of a split of the manifest, of `unspecified`, or of the adults in lungs/ ("lungs test" and so on)."""
    if part == "unspecified":
        table, column, wanted, key = folder / "unspecified.csv", "label", "pneumonia_unspecified", "file"
        base = folder
    elif part.startswith("lungs"):
        table, column, wanted, key = folder / "lungs" / "lungs.csv", "split", part.split()[1], "film"
        base = folder / "lungs"
    else:
        table, column, wanted, key, base = folder / "manifest.csv", "split", part, "file", folder
    with table.open(newline="", encoding="utf-8") as file:
        return [base / row[key] for row in csv.DictReader(file) if row[column] == wanted]


def _pool(features: Half) -> Float32:
    return np.asarray(features.astype(np.float32).mean(axis=(1, 2)))


def _not_frontal(head: Any, features: Half) -> Float32:
    return np.asarray(1 - _predict(head, features)[:, 0])


def _predict(head: Any, features: Half) -> Float32:
    """All answers of the head side by side, without the distance: float32 [n, 13]."""
    parts = [
        np.concatenate(head.predict_on_batch(features[start : start + 256].astype(np.float32)), axis=1)
        for start in range(0, len(features), 256)
    ]
    return np.concatenate(parts).astype(np.float32)


def _cross_validate(
    config: IntakeConfig,
    features: Half,
    samples: Sequence[Sample],
    foreign: Sequence[Foreign],
    origins: Sequence[int],
    test: Half,
) -> dict[str, Any]:
    """AUROC of "no frontal chest film" against test films, for each group, by networks that saw none of its images."""
    groups = sorted({image.group for image in foreign})
    deal = np.random.default_rng(config.seed + 1).permutation(len(foreign)) % FOLDS
    ways = {
        "image_left_out": [deal == fold for fold in range(FOLDS)],
        "group_left_out": [np.array([image.group == group for image in foreign]) for group in groups],
    }
    first = len(samples) - len(origins)
    copy_of = np.r_[np.full(first, -1), np.asarray(origins)]
    metrics: dict[str, Any] = {}
    for way, folds in ways.items():
        found: dict[str, list[tuple[Float32, Float32]]] = {group: [] for group in groups}
        for left_out in folds:
            kept = (copy_of < 0) | ~left_out[copy_of]
            head = train_head(
                features[kept], [samples[i] for i in np.flatnonzero(kept).tolist()], config.epochs, config.seed
            )
            frontal = _not_frontal(head, test)
            # The first copy of an image is the image itself.
            place = {
                image: first + int(np.argmax(np.asarray(origins) == image))
                for image in np.flatnonzero(left_out).tolist()
            }
            for group in groups:
                chosen = [place[image] for image in place if foreign[image].group == group]
                if chosen:
                    found[group].append((_not_frontal(head, features[chosen]), frontal))
        metrics[way] = {
            group: {
                "images": sum(len(scores) for scores, _ in parts),
                # Scores of different networks do not share a scale: each is compared with its own test films.
                "auroc": round(
                    float(np.average([auroc(*part) for part in parts], weights=[len(scores) for scores, _ in parts])), 4
                ),
                "above_half": round(float(np.concatenate([scores >= 0.5 for scores, _ in parts]).mean()), 4),
            }
            for group, parts in found.items()
        }
    return metrics


def choose_thresholds(scores: Sequence[dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """Thresholds at which few films of val are cautioned and hardly one is refused.

    Args:
        scores: of each film of val, by the names of `SCORES`.
    """
    found: dict[str, dict[str, float | None]] = {}
    for name in SCORES:
        values = np.array([score[name] for score in scores])
        if name == "distance":
            found[name] = {"caution": float(np.quantile(values, 0.99)), "refuse": float(values.max() * _FAR)}
            continue
        caution = max(_LEAST["caution"], float(np.quantile(values, 1 - _CAUTIONED)))
        refuse = max(_LEAST["refuse"], caution, float(np.quantile(values, 1 - _REFUSED)))
        found[name] = {"caution": caution, "refuse": None if name in _NEVER_REFUSES else refuse}
    return found


def _distance_figures(
    foreign: Sequence[Foreign], copies: Half, matrix: Float32, means: Float32, test: Half
) -> dict[str, Any]:
    """AUROC of the distance alone, which has seen no image that is no frontal film."""
    per_image = len(copies) // len(foreign)
    far = distances(_pool(copies[::per_image]), matrix, means)
    near = distances(_pool(test), matrix, means)
    groups = np.array([image.group for image in foreign])
    by_group = {group: round(auroc(far[groups == group], near), 4) for group in sorted(set(groups))}
    return {"distance_alone": by_group}


def write_gate(config: IntakeConfig, description: dict[str, Any], write: Callable[[Path], None]) -> None:
    """Write the gate, measure what was written film by film, and put it in its place as a whole.

    Args:
        config: what it was made from.
        description: gate.json as far as it is known; the figures are added.
        write: writes the network to the path of its .xml file.
    """
    folder = config.data.parent
    config.out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{config.out.name}.", dir=config.out.parent))
    try:
        write(draft / NETWORK_FILE)
        write_json(draft / GATE_FILE, description)
        (draft / CARD_FILE).write_text("", encoding="utf-8")
        write_sums(draft, _FILES)
        gate = Gate(draft)
        parts = ("test", "external", "unspecified", "lungs test", "lungs val")
        films = {part: summarise(assess_files(gate, _files(folder, part), part)) for part in parts}
        test = _files(folder, "test")
        damaged = [test[i] for i in np.random.default_rng(config.seed).permutation(len(test))[:DAMAGED_FILMS].tolist()]
        description["metrics"] |= {
            "films": films,
            "damage": measure_damage(gate, damaged, config.seed),
            "foreign_as_shipped": summarise(
                assess_files(gate, sorted((folder / "ood").glob("*.jpg")), "No frontal films, seen in training")
            ),
        }
        write_json(draft / GATE_FILE, description)
        (draft / CARD_FILE).write_text(write_gate_card(description), encoding="utf-8")
        write_sums(draft, _FILES)
        draft.chmod(0o755)
        Gate(draft)
        draft.rename(config.out)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _command(config: IntakeConfig) -> str:
    data, weights = ("/".join(path.parts[-2:]) for path in (config.data, config.weights))
    return (
        f"python -m train intake --data {data} --weights {weights} --out {'/'.join(config.out.parts[-2:])} "
        f"--films {config.films} --epochs {config.epochs} --seed {config.seed}"
    )
