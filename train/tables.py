"""Markdown tables of summaries, for reports and model cards."""

from collections.abc import Iterable, Mapping, Sequence

from pneumo_core.types import CLASSES, FilmClass
from train.summary import Summary

_OVERALL = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "macro_auroc": "Macro AUROC",
    "ece": "ECE",
    "brier": "Brier score",
}
_PER_CLASS = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV"}
_UNKNOWN = "-"


def split_report(summary: Summary) -> str:
    """All tables of one split: overall, per class with the confusion matrix, per source, and per age group."""
    parts = [counts(summary), figure_table({"All films": summary}), class_table(summary)]
    for key, title in (("sources", "Source"), ("age_groups", "Age group")):
        groups: dict[str, Summary] = {name or "not given": group for name, group in summary[key].items()}
        parts += [group_table(title, groups), group_class_table(title, groups)]
    return "\n\n".join(parts)


def among_report(summary: Summary) -> str:
    """The tables of `summarise_among`."""
    classes = summary["classes"]
    both = {f"among these {len(classes)}": summary["among_these"], "among all four": summary["among_all_four"]}
    parts = [counts(summary["among_these"]) + f" Only films of {', '.join(classes)}.", figure_table(both)]
    for name, part in both.items():
        parts += [f"Answers {name}:", class_table(part)]
    return "\n\n".join(parts)


def counts(summary: Summary) -> str:
    """How many films of how many patients."""
    return f"{summary['films']:,} films of {summary['patients']:,} patients."


def figure_table(summaries: Mapping[str, Summary], names: Iterable[str] = _OVERALL) -> str:
    """Figures as rows, summaries as columns, each with its interval."""
    rows = [[_OVERALL[name], *(estimate(summary, name) for summary in summaries.values())] for name in names]
    return table(["Figure", *summaries], rows)


def class_table(summary: Summary) -> str:
    """A row for each class that has films: counts of answers (the confusion matrix), and figures with intervals."""
    rows = []
    for film_class in CLASSES:
        answers = summary["confusion"][film_class.index]
        if sum(answers):
            rows.append([film_class, str(sum(answers)), *map(str, answers), *_class_figures(summary, film_class)])
    answered = [f"answered {film_class}" for film_class in CLASSES]
    return table(["Label", "Films", *answered, *_PER_CLASS.values(), "AUROC"], rows)


def group_table(title: str, groups: Mapping[str, Summary]) -> str:
    """A row for each group: counts and the overall figures."""
    rows = [
        [name, str(group["films"]), str(group["patients"]), *(estimate(group, figure) for figure in _OVERALL)]
        for name, group in groups.items()
    ]
    return table([title, "Films", "Patients", *_OVERALL.values()], rows)


def group_class_table(title: str, groups: Mapping[str, Summary]) -> str:
    """A row for each class in each group: counts of answers and the class's figures."""
    rows = []
    for name, group in groups.items():
        for film_class in CLASSES:
            answers = group["confusion"][film_class.index]
            if sum(answers):
                figures = _class_figures(group, film_class)[:-1]
                rows.append([name, film_class, *map(str, answers), *figures])
    answered = [f"answered {film_class}" for film_class in CLASSES]
    return table([title, "Label", *answered, *_PER_CLASS.values()], rows)


def _class_figures(summary: Summary, film_class: FilmClass) -> list[str]:
    # Where all films are of one class its predictive value is 1 by necessity and says nothing.
    is_alone = summary["figures"][f"specificity_{film_class}"]["value"] is None
    return [
        _UNKNOWN if is_alone and figure == "ppv" else estimate(summary, f"{figure}_{film_class}")
        for figure in (*_PER_CLASS, "auroc")
    ]


def estimate(summary: Summary, name: str) -> str:
    """A figure with its interval, three digits: "0.912 (0.897 to 0.926)"; "-" where it is not defined."""
    figure = summary["figures"][name]
    if figure["value"] is None:
        return _UNKNOWN
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
