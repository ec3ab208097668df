"""The table of measured shortcuts, and how it comes into a bundle."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from pneumo_core.errors import BundleError
from pneumo_core.model.bundle import CARD_FILE, MODEL_FILE, SUMS_FILE, load_bundle
from train.tables import table

_TITLE = "## Shortcuts"
_COVERS = {
    "as_is": "Test films as they are",
    "lungs_covered": "Lungs covered: should fall to chance, 0.250 balanced",
    "only_lungs": "All but the lungs covered: should hold",
    "edges_covered": "Edges and corners covered: should hold",
}
_GROUPS = {
    "lungs_normal_called_normal": "Normals of Shenzhen and Montgomery called normal: should be high",
    "external_normal_called_normal": "External normals called normal: should be high",
    "external_covid19_called_covid19": "External COVID-19 called COVID-19: should be high",
    "external_pneumonia_surely_covid19": "External bacterial and viral called COVID-19 above 0.8: should be low",
    "unspecified_surely_covid19": "Adult pneumonia of unknown cause called COVID-19 above 0.8: should be low",
}


def shortcuts_report(found: dict[str, Any]) -> str:
    """Markdown of what `measure_shortcuts` found."""
    covers = [
        [words, str(found["test"][name]["films"]), *(_cell(found["test"][name][figure]) for figure in _FIGURES)]
        for name, words in _COVERS.items()
    ]
    groups = [
        [words, str(found["groups"][name]["films"]), _cell(found["groups"][name]["share"])]
        for name, words in _GROUPS.items()
        if name in found["groups"]
    ]
    source, age = found["source"], found["age"]
    words = [f"From the age group alone, {_cell(age['accuracy'])} of the test films would be answered right."]
    if source:
        words.insert(
            0,
            f"A logistic regression on the network's features names the source of {_cell(source['accuracy'])} of "
            f"{source['films']} test films; the largest source holds {source['largest']:.3f} of them.",
        )
    return "\n\n".join(
        [
            _TITLE,
            f"Measured in {found['seconds']} s, samples by seed {found['seed']}. Lungs by {found['lungs_by']}. A part "
            "is covered with the mean grey of the rest. In brackets: 95 % interval, bootstrap over patients.",
            table(["Films", "Number", "Accuracy", "Balanced accuracy"], covers),
            " ".join(words),
            table(["Films that training never saw", "Number", "Share"], groups),
        ]
    )


_FIGURES = ("accuracy", "balanced_accuracy")


def _cell(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def put_into_bundle(folder: Path, found: dict[str, Any]) -> str:
    """Write measured shortcuts into a bundle's model.json and card; the bundle gets a new digest by it.

    Returns:
        The bundle's new label.

    Raises:
        BundleError: if there is no sound bundle, or the shortcuts are another bundle's.
    """
    bundle = load_bundle(folder)
    if found["bundle"] != bundle.label:
        raise BundleError(f"These shortcuts were measured of {found['bundle']}, the bundle is {bundle.label}.")
    model = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    model["metrics"]["shortcuts"] = found
    text = json.dumps(model, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    card = bundle.card.partition(f"\n{_TITLE}\n")[0].rstrip() + "\n\n" + shortcuts_report(found) + "\n"
    changed = {MODEL_FILE: text, CARD_FILE: card}
    sums = []
    for line in (folder / SUMS_FILE).read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        digest = hashlib.sha256(changed[name].encode()).hexdigest() if name in changed else digest
        sums.append(f"{digest}  {name}\n")
    for name, content in (*changed.items(), (SUMS_FILE, "".join(sums))):
        partial = folder.parent / f".{folder.name}.{name}.partial"
        partial.write_text(content, encoding="utf-8")
        os.replace(partial, folder / name)
    return load_bundle(folder).label
