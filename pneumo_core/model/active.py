"""Which of the bundles that were promoted on this machine answers: a pointer file that promotion writes.

The folder of runs (PNEUMO_RUNS, or `pneumo/runs` in the user's data folder) holds the runs, `models/` with the
bundles made of them, and `active-model.json`: the bundles that were made active, oldest first. The last one answers.
"""

import json
import os
from pathlib import Path

from pneumo_core.errors import BundleError
from pneumo_core.language import Message

_POINTER = "active-model.json"


def runs_folder() -> Path:
    """The folder of training runs, by PNEUMO_RUNS or the XDG base directory specification; it need not exist."""
    if chosen := os.environ.get("PNEUMO_RUNS"):
        return Path(chosen).absolute()
    given = os.environ.get("XDG_DATA_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"
    return base / "pneumo" / "runs"


def promoted_models() -> Path:
    """The folder of the bundles that were promoted on this machine; it need not exist."""
    return runs_folder() / "models"


def active_bundles() -> list[Path]:
    """The bundles that were made active and not rolled back, oldest first; empty where none was.

    Raises:
        BundleError: if the pointer file is damaged.
    """
    pointer = runs_folder() / _POINTER
    if not pointer.exists():
        return []
    try:
        return [Path(folder) for folder in json.loads(pointer.read_text(encoding="utf-8"))["active"]]
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(
            Message(
                "{pointer} does not tell which model is active ({error}). Remove it to return to the model that ships.",
                pointer=str(pointer),
                error=str(error),
            )
        ) from error


def default_bundle() -> Path:
    """Find the bundle that the app and the command line use.

    The environment variable PNEUMO_MODEL gives a bundle's folder. Without it, it is the bundle that was made active on
    this machine (`pneumo_core.model.active`), or else the last folder by name in `assets/models` of the repository.

    Returns:
        The bundle's folder, not checked yet.

    Raises:
        BundleError: if there is none.
    """
    if chosen := os.environ.get("PNEUMO_MODEL"):
        return Path(chosen)
    if promoted := active_bundles():
        return promoted[-1]
    models = Path(__file__).resolve().parents[2] / "assets" / "models"
    # Other networks lie there too; only a bundle has shards.
    folders = sorted(path.parent for path in models.glob("*/weights-00.bin"))
    if not folders:
        raise BundleError(
            Message(
                "There is no model bundle in {models}. Get one, make one with `python -m train promote`, or give the "
                "folder of one in the environment variable PNEUMO_MODEL.",
                models=str(models),
            )
        )
    return folders[-1]


def activate(folder: Path) -> None:
    """Make a bundle the one that answers; the earlier one is kept for `roll_back`."""
    _write([*active_bundles(), folder.absolute()])


def roll_back() -> None:
    """Return to the bundle that answered before the last `activate`.

    Raises:
        BundleError: if no bundle was made active.
    """
    bundles = active_bundles()
    if not bundles:
        raise BundleError(Message("The model that ships is in use already: there is nothing to roll back."))
    _write(bundles[:-1])


def _write(bundles: list[Path]) -> None:
    pointer = runs_folder() / _POINTER
    pointer.parent.mkdir(parents=True, exist_ok=True)
    partial = pointer.with_suffix(".partial")
    partial.write_text(json.dumps({"active": [str(folder) for folder in bundles]}, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, pointer)
