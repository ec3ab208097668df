"""An A4 document in the font that comes with Pneumo: what the report and the leaflet are printed on."""

import io

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import SimpleDocTemplate

from pneumo_core.report.picture import FONT

FONT_NAME = "NanumGothic"
_FRAME = 6  # points that a frame adds inside the margin


def a4_document(out: io.BytesIO, title: str, *, side: float, top: float, bottom: float) -> SimpleDocTemplate:
    """Begin a document.

    Args:
        out: where it is written.
        title: of the document, for whoever lists files.
        side: left and right margin of the text, points.
        top: upper margin, points.
        bottom: lower margin, points.
    """
    pdfmetrics.registerFont(TTFont(FONT_NAME, str(FONT)))
    return SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=side - _FRAME,
        rightMargin=side - _FRAME,
        topMargin=top,
        bottomMargin=bottom,
        title=title,
        author="",
        producer="Pneumo",
    )
