"""The sentences that PDF and capture share, from the contents of a report."""

from pneumo_core.language import shown
from pneumo_core.report import texts
from pneumo_core.report.contents import Impression, ReportContents
from pneumo_core.types import CLASSES, Heatmap, Prediction


def impression_words(impression: Impression | None) -> list[str]:
    """The doctor's word, its history, and the note, one line each."""
    if impression is None:
        return [f"{texts.DOCTOR}: {texts.NO_IMPRESSION}"]
    lines = [
        f"{texts.DOCTOR}: {texts.OPINIONS[impression.opinion]}. {texts.CONFIDENCES[impression.confidence]}.",
        history_words(impression),
    ]
    lines += [f"{texts.NOTE}: {part}" if at == 0 else part for at, part in enumerate(impression.note.splitlines())]
    if impression.reader:
        lines.append(texts.READ_BY.format(reader=impression.reader))
    return lines


def history_words(impression: Impression) -> str:
    """Whether the doctor's word came before the program's, and whether it changed."""
    if impression.first is None:
        return texts.IN_VIEW
    opinion, confidence = impression.first
    if impression.first == (impression.opinion, impression.confidence):
        return texts.KEPT
    return texts.FIRST.format(opinion=texts.OPINIONS[opinion], confidence=texts.CONFIDENCES[confidence])


def program_words(contents: ReportContents) -> list[str]:
    """The program's probabilities and sets, what they are, and which model gave them."""
    prediction = contents.prediction
    model = f"{texts.MODEL}: {prediction.model}."
    if not contents.answered:
        return [f"{texts.PROGRAM}: {texts.REFUSED}", *finding_words(contents), model]
    shares = zip(CLASSES, prediction.probabilities, strict=True)
    figures = ", ".join(f"{texts.CLASSES_INSIDE[film_class]} {texts.percent(float(p))}" for film_class, p in shares)
    return [
        f"{texts.PROGRAM}: {shown(contents.answer.text)} {shown(contents.answer.reason)}",
        f"{texts.PROBABILITIES}: {figures}.",
        *set_words(prediction),
        texts.WHAT_THEY_ARE,
        *finding_words(contents),
        model,
    ]


def set_words(prediction: Prediction) -> list[str]:
    """The sets of answers that can not be ruled out; none where the model's were never calibrated."""
    lines = []
    for level, members in ((90, prediction.set90), (95, prediction.set95)):
        if members is not None:
            names = ", ".join(texts.CLASSES_INSIDE[member] for member in members)
            lines.append((texts.SET if members else texts.SET_EMPTY).format(level=level, names=names))
    return lines


def finding_words(contents: ReportContents) -> list[str]:
    """The remarks on the film with their grades, and why a refusal was set aside."""
    lines = [f"{texts.GRADES[finding.grade]}: {shown(finding.text)}" for finding in contents.findings]
    if contents.override:
        lines.append(texts.OVERRIDDEN.format(reason=contents.override))
    return lines


def map_words(heatmap: Heatmap) -> str:
    """What the map is, and at which resolution."""
    rows, columns = heatmap.grid.shape
    form = texts.MAP if heatmap.has_positive else texts.MAP_EMPTY
    name = texts.CLASSES_INSIDE[heatmap.film_class]
    return form.format(name=name, method=heatmap.method, rows=rows, columns=columns)


def scale_words(heatmap: Heatmap) -> str:
    """The ends of the colour scale with their unit."""
    return texts.SCALE.format(scale=f"{heatmap.scale:.2g}")


def film_words(contents: ReportContents) -> str:
    """The film's format, size, and digest."""
    film = contents.film
    size = texts.SIZE_VALUE.format(rows=film.height, columns=film.width)
    return f"{texts.FILM}: {film.file_format}, {size}, {texts.DIGEST} {film.digest}."
