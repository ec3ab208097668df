"""The model card, written from what was measured and from the runs' own records; no figure comes from elsewhere."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pneumo_core.model.sets import METHOD
from pneumo_core.types import CLASSES, FilmClass
from train.data import SPLITS, FilmRow
from train.lineage import Lineage, Step
from train.summary import Summary
from train.tables import (
    among_report,
    class_table,
    counts,
    estimate,
    figure_table,
    group_class_table,
    group_table,
    table,
)

_INTENDED_USE = """\
Research and education. Not for diagnosis. The network gives four probabilities for one frontal chest film; it knows
neither the patient nor the question, and has no answer for other findings or for a film that is none of the four.
No hospital has tried it on its own patients."""


def write_card(
    name: str,
    settings: dict[str, Any],
    parameters: int,
    lineage: Lineage,
    training: dict[str, Any],
    metrics: Summary,
    rows: Sequence[FilmRow],
    data: Path,
) -> str:
    """Write the card.

    Args:
        name: the bundle's name.
        settings: of the promoted run.
        parameters: how many numbers the network holds.
        lineage: the chain of runs.
        training: the "training" part of model.json.
        metrics: the "metrics" part of model.json.
        rows: the whole data set.
        data: where it was read from, for its licences.

    Returns:
        Markdown.
    """
    shown = [split for split in _in_order(metrics["splits"]) if split not in ("train", "val")]
    sections = [
        f"# {name}",
        f"Backbone `{settings['backbone']}`, head `{settings['head']}`, {parameters:,} parameters, input of "
        f"{settings['size']} x {settings['size']} pixels. Classes, in this order: {', '.join(CLASSES)}.",
        "## Intended use",
        _INTENDED_USE,
        "## How it was made",
        *_making(lineage, training),
        "## Data",
        *_data(rows),
        "## Figures",
        *_figures(metrics, shown),
        *(section for split in shown for section in _split_sections(split, metrics["splits"][split])),
        *_kermany(metrics),
        "## Prediction sets and abstention",
        *_sets(metrics, shown),
        "## Limits",
        _limits(metrics, rows, shown),
        "## Licences of the films",
        _licences(data),
    ]
    return "\n\n".join(sections) + "\n"


def _in_order(splits: Iterable[str]) -> list[str]:
    """Train, val, and test first, then the others by name."""
    return sorted(splits, key=lambda split: (SPLITS.index(split) if split in SPLITS else len(SPLITS), split))


def _making(lineage: Lineage, training: dict[str, Any]) -> list[str]:
    fitted = training["temperature_fitted_on"]
    parts = [lineage.statement, "\n".join(f"{n}. {_step(step)}" for n, step in enumerate(lineage.steps, start=1))]
    parts.append(
        f"Each run keeps the epoch with the highest accuracy on val. The logits are divided by the temperature "
        f"{fitted['value']:.3f}, fitted on {fitted['split']} (Guo et al. 2017). Kernels are stored as float16; every "
        "figure below was measured on the stored weights, by the engine that serves them."
    )
    if training["idle_blocks"]:
        parts.append(
            f"{len(training['idle_blocks'])} of its residual blocks add nothing: growing put them in and no training "
            "switched them on. They count among the parameters; their kernels are stored as zeros, and the openvino "
            "engine leaves them out, which changes no answer."
        )
    if training["note"]:
        parts.append(training["note"])
    return parts


def _step(step: Step) -> str:
    if step.kind == "grow":
        outcome = (
            f"The grown network differs from what it came from by at most {step.proof['difference']:.1e} on "
            f"{step.proof['films']} films of val (logits; pooled features where two networks were grown together)."
        )
    elif step.kind == "average":
        outcome = "The mean of their weights."
    elif step.kind == "shrink" and "--half" in step.command:
        outcome = "One of the two networks that were grown together, with the head that was trained on both."
    elif step.kind == "shrink":
        outcome = "The mean of what was copied in growing; exact where the copies were not trained apart."
    elif step.best:
        outcome = (
            f"{step.epochs} epochs; epoch {step.best['epoch'] + 1} kept: accuracy on val "
            f"{step.best['val_accuracy']:.3f} before calibration and rounding."
        )
    else:
        outcome = f"{step.epochs} epochs."
    return f"`{step.command}`\n   {outcome}"


def _data(rows: Sequence[FilmRow]) -> list[str]:
    splits = _in_order({row.split for row in rows})
    by_class = Counter((row.split, row.film_class) for row in rows)
    patients = {split: len({row.patient for row in rows if row.split == split}) for split in splits}
    sizes = [
        [split, *(str(by_class[split, film_class]) for film_class in CLASSES), str(patients[split])] for split in splits
    ]
    cells = Counter((row.source, row.age_group, row.film_class, row.split) for row in rows)
    where = sorted({cell[:3] for cell in cells}, key=lambda cell: (cell[0], cell[1], cell[2].index))
    origins = [
        [source or "-", age or "-", film_class, *(str(cells[source, age, film_class, split]) for split in splits)]
        for source, age, film_class in where
    ]
    return [
        "Films by split and class; no patient is in more than one of train, val, and test.",
        table(["Split", *CLASSES, "Patients"], sizes),
        table(["Source", "Age group", "Class", *splits], origins),
        "### What is wrong with the data",
        "\n".join(f"- {fault}" for fault in _faults(rows)),
    ]


def _faults(rows: Sequence[FilmRow]) -> list[str]:
    train = [row for row in rows if row.split == "train"]
    faults = []
    for film_class in CLASSES:
        films = [row for row in train if row.film_class is film_class]
        ages = Counter(row.age_group or "age not given" for row in films)
        sources = sorted({row.source or "source not given" for row in films})
        told = ", ".join(f"{count:,} {age}" for age, count in ages.most_common())
        faults.append(f"{film_class}: the {len(films):,} films of train are {told}; from {', '.join(sources)}.")
    without_adults = _without_adults(rows)
    if without_adults:
        faults.append(
            f"Train holds no film of an adult with label {' or '.join(without_adults)}, though it holds adults of "
            "other classes. Source and age give the label away: a network may learn to tell hospital and age rather "
            "than disease, and test, drawn from the same sources, does not show it."
        )
    counted: dict[str, set[str]] = {}
    for row in rows:
        counted.setdefault(row.source, set()).add(row.patient)
    sizes = Counter(row.source for row in rows)
    alone = sorted(source for source, patients in counted.items() if source and len(patients) == sizes[source])
    if alone:
        faults.append(
            f"In {', '.join(alone)} every film counts as a patient of its own. Where the source only names no "
            "patients, the intervals are too narrow."
        )
    faults.append("The labels are those of the sources; nobody read the films again for this model.")
    return faults


def _without_adults(rows: Sequence[FilmRow]) -> list[FilmClass]:
    """Classes without an adult film in train, where other classes have some."""
    adults = {row.film_class for row in rows if row.split == "train" and row.age_group == "adult"}
    return [film_class for film_class in CLASSES if film_class not in adults] if adults else []


def _figures(metrics: Summary, shown: Sequence[str]) -> list[str]:
    splits = metrics["splits"]
    of_train = "train (random sample, not augmented)" if metrics["train_is_a_sample"] else "train (not augmented)"
    columns = {**{split: splits[split] for split in shown}, of_train: splits["train"], "val": splits["val"]}
    baseline = metrics["baseline_thumbnails"]
    intervals = metrics["intervals"]
    return [
        f"In brackets: 95 % interval, {intervals['method']}, {intervals['resamples']:,} resamples. ECE: expected "
        "calibration error of the answer in 15 bins; the bootstrap tends to put its interval too high. An interval "
        "without width comes from a group without an error and is no certainty. Val chose the epoch and the "
        "temperature, so its figures flatter.",
        "\n".join(f"- {split}: {counts(summary)}" for split, summary in columns.items()),
        figure_table(columns),
        f"Accuracy on train minus accuracy on test: {metrics['train_minus_test_points']:+.1f} points.",
        "Beside it, a logistic regression on 12 x 12 thumbnails, which can hardly show pneumonia: what source, age, "
        "and outline alone give away.",
        figure_table({f"thumbnails, {split}": baseline[split] for split in shown}),
    ]


def _split_sections(split: str, summary: Summary) -> list[str]:
    sources = {name or "not given": group for name, group in summary["sources"].items()}
    ages = {name or "not given": group for name, group in summary["age_groups"].items()}
    return [
        f"### {split[0].upper()}{split[1:]}",
        class_table(summary),
        group_table("Source", sources),
        group_table("Age group", ages),
        group_class_table("Age group", ages),
    ]


def _kermany(metrics: Summary) -> list[str]:
    titles = {
        "kermany_3_classes": "### Test films of Kermany alone, three classes",
        "kermany_bacterial_viral": "### Test films of Kermany alone, bacterial against viral",
    }
    return [part for key, title in titles.items() if key in metrics for part in (title, among_report(metrics[key]))]


def _sets(metrics: Summary, shown: Sequence[str]) -> list[str]:
    sections = [
        f"A set holds the classes that can not be ruled out: {METHOD}; thresholds from val (Sadinle, Lei & Wasserman "
        "2019, arXiv 1609.00451). **The level holds only for films like those of val and test, and for no other "
        "hospital's.** A set without any class says that no class is as probable as it nearly always is where it is "
        "the truth."
    ]
    for split in shown:
        rows = []
        for level, found in metrics["sets"][split].items():
            names = ("coverage", *(f"coverage_{film_class}" for film_class in CLASSES), "size")
            sizes = " / ".join(map(str, found["sets_by_size"]))
            rows.append([f"{float(level):.0%}", *(estimate(found, name) for name in names), sizes])
        header = ["Level", "Coverage", *CLASSES, "Mean size", "Sets of 0 / 1 / 2 / 3 / 4 classes"]
        risk = metrics["risk_coverage"][split]
        sections += [
            f"### Sets on {split}",
            table(header, rows),
            f"Accuracy on {split} where only the films with the highest top probability are answered:",
            table(["Films answered", "Accuracy"], [[f"{float(s):.0%}", estimate({"figures": risk}, s)] for s in risk]),
        ]
    return sections


def _limits(metrics: Summary, rows: Sequence[FilmRow], shown: Sequence[str]) -> str:
    splits, baseline = metrics["splits"], metrics["baseline_thumbnails"]
    limits = []
    for split in shown:
        if split != "test":
            here, there = (estimate(splits[name], "accuracy") for name in (split, "test"))
            by_thumbnails = " and ".join(estimate(baseline[name], "accuracy") for name in (split, "test"))
            limits.append(
                f"On {split} the accuracy is {here}, on test {there}; the thumbnails reach {by_thumbnails}. Of films "
                "from elsewhere expect the former, not the latter."
            )
    without_adults = _without_adults(rows)
    if without_adults:
        limits.append(
            f"It never saw an adult with label {' or '.join(without_adults)} in training: do not expect it to tell an "
            "adult's pneumonia from COVID-19."
        )
    limits += [
        "The probabilities hold for the mixture of classes in val, which is no clinic's.",
        "Four answers only: tuberculosis, effusion, a tumour, a lateral view, or no film at all also get one of them.",
        "A map shows where the score came from, not where disease is.",
    ]
    return "\n".join(f"- {limit}" for limit in limits)


def _licences(data: Path) -> str:
    note = "The bundle holds no film. "
    if data.is_file():
        with data.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if "licence" in (reader.fieldnames or ()):
                counted = Counter(row["licence"].strip() or "not stated" for row in reader if row["split"] == "train")
                counts_of_train = [[name, str(count)] for name, count in counted.most_common()]
                found = table(["Licence as its source states it", "Films of train"], counts_of_train)
                return note + "It was trained on films with these licences (NC: no commercial use):\n\n" + found
    return note + "The data set states no licences; see where it came from."
