"""What the program calls its answer, on films whose label is known: `python -m benchmarks.answers ../shared/cxr`.

Reads the films of test, of the external rows, and of unspecified/ (adults with pneumonia of unknown cause) from their
files with the model that the app would use, intake and age rules included. Prints for each group how often which kind
of answer is given, how often COVID-19 is the single answer, and how often the sets hold it; then what the intake found.
"""

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from pneumo_core.answer import Answer, AnswerKind, answer_of
from pneumo_core.model.active import default_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.reading import read_film
from pneumo_core.types import FilmClass, Reading

_AT_ONCE = 32
_COVID = FilmClass.COVID19


def main(folder: Path, parts: Sequence[str]) -> None:
    """Read all films and print the tables."""
    classifier = Classifier.load(default_bundle())
    groups: dict[str, list[tuple[Reading, Answer]]] = defaultdict(list)
    films = [film for film in _films(folder) if film[0].split()[0] in parts]
    for start in tqdm(range(0, len(films), _AT_ONCE), unit="batch"):
        chosen = films[start : start + _AT_ONCE]
        readings = classifier.read([read_film(path.read_bytes(), path.name) for _, path in chosen])
        for (group, _), reading in zip(chosen, readings, strict=True):
            groups[group].append((reading, answer_of(reading)))
    print(f"{classifier.name}, {classifier.gate.label}")
    kinds = "  ".join(f"{kind:>9}" for kind in AnswerKind)
    print(f"{'':34}{'films':>6}  {kinds}  single COVID  in set90  in set95")
    for group, found in sorted(groups.items()):
        _print_group(group, found)
    for group, found in sorted(groups.items()):
        codes = Counter(finding.code for reading, _ in found for finding in reading.assessment.findings)
        ages = Counter(reading.assessment.age_group.value for reading, _ in found)
        verdicts = Counter(reading.assessment.verdict.value for reading, _ in found)
        print(f"{group}: {dict(verdicts)}; {dict(ages)}; {dict(codes.most_common())}")


def _print_group(group: str, found: Sequence[tuple[Reading, Answer]]) -> None:
    count = len(found)
    kinds = Counter(answer.kind for _, answer in found)
    single = sum(answer.kind is AnswerKind.SINGLE and answer.classes == (_COVID,) for _, answer in found)
    sets = []
    for level in ("set90", "set95"):
        members = [getattr(reading.prediction, level) for reading, _ in found]
        held = sum(_COVID in inside for inside in members if inside is not None)
        sets.append(f"{held / count:8.1%}" if None not in members else "       -")  # never calibrated
    shares = "  ".join(f"{kinds[kind] / count:9.1%}" for kind in AnswerKind)
    print(f"{group:34}{count:6}  {shares}  {single / count:12.1%}  {'  '.join(sets)}")


def _films(folder: Path) -> Iterator[tuple[str, Path]]:
    """(group, file) of every film that is measured."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] in ("test", "external"):
                yield f"{row['split']} {row['age_group']} {row['label']}", folder / row["file"]
    with (folder / "unspecified.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield "unspecified adult pneumonia", folder / row["file"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ("test", "external", "unspecified"))
