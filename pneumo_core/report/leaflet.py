"""The leaflet for the doctor: one A4 page on what the program does, what it does not, and how to read what it shows.

Its figures come from the bundle that answers, so they change with the model.
"""

import io
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table

from pneumo_core.model.bundle import Bundle
from pneumo_core.report import leaflet_texts as texts
from pneumo_core.report import texts as report_texts
from pneumo_core.report.paper import FONT_NAME, a4_document
from pneumo_core.types import FilmClass

_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_GAP = 8 * mm
_TEXT = ParagraphStyle("text", fontName=FONT_NAME, fontSize=9, leading=12.6, spaceAfter=4)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontSize=11.5, leading=15, spaceBefore=8, spaceAfter=4)
_TITLE = ParagraphStyle("title", parent=_TEXT, fontSize=17, leading=22, spaceAfter=2)
_NAME = ParagraphStyle("name", parent=_TEXT, fontSize=10.5)
_PLAIN = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
Figures = Mapping[str, Any]


def leaflet(bundle: Bundle) -> bytes:
    """Write the leaflet.

    Args:
        bundle: the model that answers; its metrics give the figures.

    Returns:
        A PDF file of one A4 page.
    """
    out = io.BytesIO()
    title = f"{texts.TITLE}. {report_texts.BANNER}"
    document = a4_document(out, title, side=_MARGIN, top=22 * mm, bottom=16 * mm)
    width = (_WIDTH - _GAP) / 2
    sides = Table(
        [[_list(texts.DOES_HEAD, texts.DOES), _list(texts.DOES_NOT_HEAD, texts.DOES_NOT)]],
        colWidths=[width + _GAP, width],
        style=[*_PLAIN, ("RIGHTPADDING", (0, 0), (0, 0), _GAP)],
    )
    reading = Table(
        [[_name(name), Paragraph(escape(words), _TEXT)] for name, words in texts.READ],
        colWidths=[26 * mm, _WIDTH - 26 * mm],
        style=_PLAIN,
    )
    parts = [Paragraph(texts.TITLE, _TITLE), sides, Paragraph(texts.READ_HEAD, _HEAD), reading, *_figures(bundle)]
    document.build(parts, onFirstPage=_frame, onLaterPages=_frame)
    return out.getvalue()


def _frame(canvas: Canvas, document: SimpleDocTemplate) -> None:
    """Banner at the head and foot of the page."""
    canvas.saveState()
    canvas.setFont(FONT_NAME, 10)
    canvas.drawString(_MARGIN, A4[1] - 13 * mm, report_texts.BANNER)
    canvas.setLineWidth(0.5)
    canvas.line(_MARGIN, A4[1] - 16 * mm, A4[0] - _MARGIN, A4[1] - 16 * mm)
    canvas.setFont(FONT_NAME, 8)
    canvas.drawString(_MARGIN, 10 * mm, report_texts.BANNER)
    canvas.restoreState()


def _name(text: str) -> Paragraph:
    """A word that stands out: the font has one weight, so by its size."""
    return Paragraph(escape(text), _NAME)


def _list(head: str, sentences: Iterable[str]) -> list[Flowable]:
    return [Paragraph(escape(head), _HEAD), *(Paragraph(f"· {escape(sentence)}", _TEXT) for sentence in sentences)]


def _figures(bundle: Bundle) -> list[Flowable]:
    splits = {name: bundle.metrics.get("splits", {}).get(name) for name in texts.SPLITS}
    measured = {name: split for name, split in splits.items() if split}
    parts: list[Flowable] = [Paragraph(texts.FIGURES_HEAD, _HEAD)]
    if not measured:
        return [*parts, Paragraph(texts.NOT_MEASURED, _TEXT), Paragraph(escape(texts.model(bundle.label)), _TEXT)]
    heads = [
        [Paragraph(escape(texts.SPLITS[name]), _TEXT), Paragraph(texts.films(split["films"], split["patients"]), _TEXT)]
        for name, split in measured.items()
    ]
    rows = [["", *heads]]
    rows += [
        [Paragraph(escape(words), _TEXT), *(_cell(*_figure(split, figure)) for split in measured.values())]
        for figure, words in texts.FIGURES.items()
    ]
    sets = [bundle.metrics.get("sets", {}).get(name, {}).get("0.90", {}).get("figures", {}) for name in measured]
    if any(sets):
        rows.append([Paragraph(escape(texts.COVERAGE), _TEXT), *(_cell(found.get("coverage")) for found in sets)])
    column = (_WIDTH - 62 * mm) / len(measured)
    style = [*_PLAIN, ("RIGHTPADDING", (0, 0), (-1, 0), 12), ("LINEBELOW", (0, 0), (-1, -2), 0.25, "#c8ccd0")]
    table = Table(rows, colWidths=[62 * mm, *[column] * len(measured)], style=style)
    return [*parts, table, Paragraph(escape(f"{texts.INTERVALS} {texts.model(bundle.label)}."), _TEXT)]


def _figure(split: Figures, name: str) -> tuple[Figures | None, str]:
    """A figure, and for a sensitivity its counts: a bootstrap knows no interval where all films or none were right."""
    kind, _, film_class = name.partition("_")
    if kind != "sensitivity" or "confusion" not in split:
        return split["figures"].get(name), ""
    at = FilmClass(film_class).index
    row = split["confusion"][at]
    return split["figures"].get(name), texts.counted(row[at], sum(row))


def _cell(figure: Figures | None, counted: str = "") -> Paragraph:
    """A figure with its interval, as the bundle has it; "-" where it was not measured or is not defined."""
    if not figure or figure.get("value") is None:
        return Paragraph("-", _TEXT)
    if counted and figure["low"] == figure["high"]:
        return Paragraph(counted, _TEXT)
    text = f"{figure['value']:.3f}"
    if figure.get("low") is not None and figure.get("high") is not None:
        text += f" ({figure['low']:.3f} – {figure['high']:.3f})"
    return Paragraph(text, _TEXT)
