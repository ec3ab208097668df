"""The report as PDF: the doctor's word as the headline, film and map, and the program's answer as the annex."""

import io
from xml.sax.saxutils import escape

from PIL import Image as Picture
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from pneumo_core.language import shown
from pneumo_core.report import texts
from pneumo_core.report.contents import ReportContents
from pneumo_core.report.paper import FONT_NAME, a4_document
from pneumo_core.report.picture import colour_scale, film_picture, map_picture
from pneumo_core.report.words import finding_words, history_words, map_words, scale_words, set_words
from pneumo_core.types import CLASSES, Prediction

_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PANE = (_WIDTH - 4 * mm) / 2
_PANE_HEIGHT = 92 * mm
_SIDE = 1000  # pixels, the long side of a picture: 290 dots an inch at the printed size
_GREY = HexColor("#5c6166")
_TEXT = ParagraphStyle("text", fontName=FONT_NAME, fontSize=9.5, leading=13.5)
_QUIET = ParagraphStyle("quiet", parent=_TEXT, fontSize=8, leading=11, textColor=_GREY)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontSize=9.5, textColor=_GREY, spaceBefore=10, spaceAfter=2)
_ANSWER = ParagraphStyle("answer", parent=_TEXT, fontSize=12, leading=16)
_HEADLINE = ParagraphStyle("headline", parent=_TEXT, fontSize=18, leading=23)


def pdf_report(contents: ReportContents) -> bytes:
    """Write the report.

    Args:
        contents: the film's report. Identity is printed only if it is given.

    Returns:
        A PDF file of one page, or more where the note is long; banner and "Preliminary" stand on each.
    """
    out = io.BytesIO()
    title = f"{texts.TITLE}. {texts.BANNER}"
    document = a4_document(out, title, side=_MARGIN, top=24 * mm, bottom=18 * mm)
    parts = [*_doctor(contents), _pictures(contents), *_program(contents), *_facts(contents)]
    document.build(parts, onFirstPage=_frame, onLaterPages=_frame)
    return out.getvalue()


def _frame(canvas: Canvas, document: SimpleDocTemplate) -> None:
    """Banner at the head and foot of each page."""
    canvas.saveState()
    width, height = A4
    canvas.setFont(FONT_NAME, 11)
    canvas.drawString(_MARGIN, height - 14 * mm, texts.BANNER)
    canvas.drawRightString(width - _MARGIN, height - 14 * mm, texts.PRELIMINARY)
    canvas.setStrokeColor(_GREY)
    canvas.setLineWidth(0.5)
    canvas.line(_MARGIN, height - 17 * mm, width - _MARGIN, height - 17 * mm)
    canvas.setFont(FONT_NAME, 8)
    canvas.setFillColor(_GREY)
    canvas.drawString(_MARGIN, 10 * mm, texts.BANNER)
    canvas.drawRightString(width - _MARGIN, 10 * mm, texts.PAGE.format(page=document.page))
    canvas.restoreState()


def _doctor(contents: ReportContents) -> list[Flowable]:
    impression = contents.impression
    parts: list[Flowable] = [Paragraph(texts.DOCTOR, _HEAD)]
    if impression is None:
        return [*parts, Paragraph(texts.NO_IMPRESSION, _HEADLINE)]
    parts.append(Paragraph(texts.OPINIONS[impression.opinion], _HEADLINE))
    parts.append(Paragraph(f"{texts.CONFIDENCES[impression.confidence]}. {history_words(impression)}", _TEXT))
    # Line by line: each can break over pages.
    parts += [Paragraph(escape(line) or "&nbsp;", _TEXT) for line in impression.note.splitlines()]
    if impression.reader:
        parts.append(Paragraph(escape(texts.READ_BY.format(reader=impression.reader)), _QUIET))
    return parts


def _pictures(contents: ReportContents) -> Flowable:
    """The film, and beside it the film with its map where there is an answer."""
    film = film_picture(contents.film, _SIDE)
    heatmap = contents.heatmaps[contents.prediction.film_class.index]
    mapped = map_picture(film, heatmap, (contents.film.height, contents.film.width))
    factor = min(_PANE / film.shape[1], _PANE_HEIGHT / film.shape[0])
    size = (film.shape[1] * factor, film.shape[0] * factor)
    panes = [_image(Picture.fromarray(pixels), *size) for pixels in (film, mapped)]
    if not contents.answered:
        return KeepTogether([Spacer(1, 4 * mm), panes[0]])
    scale = Table(
        [[_image(Picture.fromarray(colour_scale(256, 8)), 30 * mm, 2.5 * mm), Paragraph(scale_words(heatmap), _QUIET)]],
        colWidths=[33 * mm, _PANE - 33 * mm],
        style=[("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")],
    )
    captions = [Paragraph(texts.FILM, _QUIET), [Paragraph(escape(map_words(heatmap)), _QUIET), scale]]
    style = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    grid = Table([panes, captions], colWidths=[_PANE + 4 * mm, _PANE], style=style)
    return KeepTogether([Spacer(1, 4 * mm), grid])


def _image(picture: Picture.Image, width: float, height: float) -> Image:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    stream.seek(0)
    return Image(stream, width, height, hAlign="LEFT")


class _Bar(Flowable):  # type: ignore[misc]  # reportlab carries no types
    """One probability as a bar; its figure stands beside it."""

    def __init__(self, share: float, width: float) -> None:
        super().__init__()
        self.share, self.width, self.height = share, width, 3 * mm

    def draw(self) -> None:
        """Draw track and bar."""
        self.canv.setFillColor(HexColor("#e3e5e6"))
        self.canv.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        self.canv.setFillColor(_GREY)
        self.canv.rect(0, 0, self.width * self.share, self.height, stroke=0, fill=1)


def _program(contents: ReportContents) -> list[Flowable]:
    prediction = contents.prediction
    parts: list[Flowable] = [Paragraph(texts.PROGRAM, _HEAD)]
    if contents.answered:
        parts.append(Paragraph(escape(shown(contents.answer.text)), _ANSWER))
        parts.append(Paragraph(escape(shown(contents.answer.reason)), _TEXT))
        parts.append(_bars(prediction))
        parts += [Paragraph(line, _TEXT) for line in set_words(prediction)]
        parts.append(Paragraph(texts.WHAT_THEY_ARE, _QUIET))
    else:
        parts.append(Paragraph(texts.REFUSED, _TEXT))
    if lines := finding_words(contents):
        parts.append(Paragraph(texts.FINDINGS, _HEAD))
        parts += [Paragraph(escape(line), _QUIET) for line in lines]
    return parts


def _bars(prediction: Prediction) -> Table:
    shares = [float(share) for share in prediction.probabilities]
    rows = [
        [Paragraph(texts.CLASS_NAMES[film_class], _TEXT), _Bar(share, 80 * mm), Paragraph(texts.percent(share), _TEXT)]
        for film_class, share in zip(CLASSES, shares, strict=True)
    ]
    style = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    return Table(rows, colWidths=[45 * mm, 84 * mm, None], style=style, hAlign="LEFT")


def _facts(contents: ReportContents) -> list[Flowable]:
    film, prediction = contents.film, contents.prediction
    pairs = [
        (texts.FILE, contents.file_name),
        (texts.FORMAT, film.file_format),
        (texts.SIZE, texts.SIZE_VALUE.format(rows=film.height, columns=film.width)),
        (texts.DIGEST, film.digest),
        (texts.MODEL, prediction.model),
        (texts.TEMPERATURE, f"{prediction.temperature:.3f}"),
        (texts.MADE, contents.made_at.strftime("%Y-%m-%d %H:%M %Z")),
    ]
    if film.view:
        pairs.insert(3, (texts.VIEW, film.view))
    parts: list[Flowable] = [Paragraph(texts.FACTS, _HEAD), _pairs(pairs)]
    if contents.identity:
        parts += [Paragraph(texts.PERSON, _HEAD), _pairs(contents.identity)]
    return [KeepTogether(parts)]


def _pairs(pairs: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> Table:
    rows = [[Paragraph(escape(shown(label)), _QUIET), Paragraph(escape(value), _QUIET)] for label, value in pairs]
    style = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Table(rows, colWidths=[48 * mm, _WIDTH - 48 * mm], style=style, hAlign="LEFT")
