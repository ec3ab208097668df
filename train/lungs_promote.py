"""Make the folder that ships out of a trained lung network: convert, measure on test, write the card.

What is measured is what ships: the converted network with its weights rounded to float16, on the engine that serves.
"""

import contextlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import RunError
from pneumo_core.lungs.prepare import LUNGS_SIZE
from pneumo_core.lungs.segmenter import IR_FILE, LUNGS_SCHEMA, LungSegmenter
from pneumo_core.model.bundle import CARD_FILE, MODEL_FILE, SUMS_FILE, write_sums
from pneumo_core.model.openvino_engine import import_openvino
from train.lungs import CONFIG_FILE, WEIGHTS_FILE, measure_dice
from train.lungs_data import LungFilms, load_lungs
from train.lungs_network import build_lungs
from train.tables import table

_RESAMPLES = 1000
_DOUBTFUL = 0.93  # below this Dice a person should look whether the network or the mask is wrong


def promote_lungs(run: Path, folder: Path) -> dict[str, Any]:
    """Write the lung network's folder.

    Args:
        run: the directory of a finished `fit_lungs`.
        folder: where to, a new folder.

    Returns:
        What `model.json` says.

    Raises:
        RunError: if the run is not finished, or the folder exists.
        DataError: if the films or masks can not be read.
    """
    if not (run / WEIGHTS_FILE).is_file():
        raise RunError(f"{run} has no {WEIGHTS_FILE}. Let `python -m train lungs` finish.")
    if folder.exists():
        raise RunError(f"{folder} exists already. Remove it first, or give another --out.")
    config = json.loads((run / CONFIG_FILE).read_bytes())
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _new_folder(folder) as partial:
        parameters = _convert(run / WEIGHTS_FILE, partial)
        model: dict[str, Any] = {
            "schema": LUNGS_SCHEMA,
            "input_size": LUNGS_SIZE,
            "parameters": parameters,
            "training": {"command": _command(config), **config},
        }
        _seal(partial, model, "")
        segment = LungSegmenter.load(partial).answer
        films = {split: load_lungs(Path(config["data"]), split) for split in ("val", "test")}
        dice = {split: measure_dice(segment, part) for split, part in films.items()}
        model["dice"] = {split: _summarise(films[split], dice[split]) for split in films}
        _seal(partial, model, _card(folder.name, model))
    return model


@contextlib.contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder that is there as a whole or not at all."""
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield partial
        partial.chmod(0o755)  # a temporary folder is for its owner alone
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _convert(weights: Path, folder: Path) -> int:
    """Write the IR, and return the number of parameters."""
    network = build_lungs()
    network.load_weights(weights)
    openvino = import_openvino()
    with warnings.catch_warnings():
        # OpenVINO calls the model with a tuple where the input has a name.
        warnings.filterwarnings("ignore", "The structure of `inputs` doesn't match", UserWarning)
        converted = openvino.convert_model(network)
    converted.reshape([1, LUNGS_SIZE, LUNGS_SIZE, 1])
    openvino.save_model(converted, folder / IR_FILE, compress_to_fp16=True)
    return int(network.count_params())


def _seal(folder: Path, model: dict[str, Any], card: str) -> None:
    (folder / MODEL_FILE).write_text(json.dumps(model, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    write_sums(folder, sorted(path.name for path in folder.iterdir() if path.name != SUMS_FILE))


def _command(config: dict[str, Any]) -> str:
    return (
        f"python -m train lungs --run RUN --data {config['data']} --epochs {config['epochs']} --seed {config['seed']}"
    )


def _summarise(films: LungFilms, dice: NDArray[np.float64]) -> dict[str, Any]:
    """Mean with its 95 % interval over films (percentile bootstrap), worst, by source, and the doubtful films."""
    draws = np.random.default_rng(0).integers(0, len(dice), (_RESAMPLES, len(dice)))
    low, high = np.quantile(dice[draws].mean(axis=1), (0.025, 0.975))
    sources = np.array(films.sources)
    doubtful = [position for position in np.argsort(dice) if dice[position] < _DOUBTFUL]
    return {
        "films": len(dice),
        "mean": round(float(dice.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "median": round(float(np.median(dice)), 4),
        "worst": round(float(dice.min()), 4),
        "sources": {name: round(float(dice[sources == name].mean()), 4) for name in sorted(set(films.sources))},
        "doubtful": {films.names[position]: round(float(dice[position]), 4) for position in doubtful},
    }


def _card(name: str, model: dict[str, Any]) -> str:
    splits = model["dice"]
    rows = [
        [
            split,
            str(part["films"]),
            f"{part['mean']:.3f} ({part['low']:.3f} to {part['high']:.3f})",
            f"{part['median']:.3f}",
            f"{part['worst']:.3f}",
            ", ".join(f"{source} {value:.3f}" for source, value in part["sources"].items()),
        ]
        for split, part in splits.items()
    ]
    doubtful = [
        f"- {split}: {film}, Dice {dice:.3f}" for split in splits for film, dice in splits[split]["doubtful"].items()
    ]
    return (
        "\n\n".join(
            [
                f"# {name}",
                f"A U-Net with {model['parameters']:,} parameters that finds the two lungs on a frontal chest film, at "
                f"{LUNGS_SIZE} x {LUNGS_SIZE} pixels. Research and education. Not for diagnosis.",
                "It serves to tell how much of a map lies inside the lungs, and whether a film shows two lungs. It was "
                "trained on films of adults with manual masks (Shenzhen: Stirenko et al. 2018, CC BY-NC-SA 4.0; "
                "Montgomery: National Library of Medicine), and on no child; changes of size and aspect stand in for "
                "children, and painted shadows for dense disease. For both there are no masks to measure it on.",
                "## Dice of both lungs together, at 256 x 256 pixels",
                table(["Split", "Films", "Mean (95 % interval)", "Median", "Worst", "Mean by source"], rows),
                f"## Films with a Dice below {_DOUBTFUL}",
                "On these the network or the mask is wrong:",
                "\n".join(doubtful) or "None.",
                "## Training",
                f"`{model['training']['command']}`",
            ]
        )
        + "\n"
    )
