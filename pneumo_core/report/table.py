"""The table of films: one row a file, for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping

from pneumo_core.language import shown
from pneumo_core.report import texts
from pneumo_core.report.contents import Impression
from pneumo_core.types import CLASSES, Finding, Prediction

COLUMNS = (
    "file",
    "sha256",
    "state",
    "reason",
    "answer",
    *(f"probability_{film_class}" for film_class in CLASSES),
    "remarks",
    "doctor",
    "doctor_confidence",
    "doctor_before_answer",
    "doctor_confidence_before_answer",
    "note",
    "reader",
    "model",
    "notice",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


def table_row(
    *,
    file: str,
    digest: str,
    state: str,
    reason: str = "",
    answer: str = "",
    prediction: Prediction | None = None,
    findings: Iterable[Finding] = (),
    impression: Impression | None = None,
) -> dict[str, str]:
    """One file's row; what is not known stays empty.

    Args:
        file: the file's name.
        digest: SHA-256 of the file, lower-case hex.
        state: "read", "refused", or "waiting".
        reason: why it was refused.
        answer: what is called the answer, in words.
        prediction: the probabilities.
        findings: remarks on the film.
        impression: the doctor's word.
    """
    row = dict.fromkeys(COLUMNS, "") | {
        "file": file,
        "sha256": digest,
        "state": state,
        "reason": shown(reason),
        "answer": shown(answer),
    }
    row["remarks"] = "; ".join(finding.code for finding in findings)
    if prediction is not None:
        shares = zip(CLASSES, prediction.probabilities, strict=True)
        row |= {f"probability_{film_class}": f"{share:.4f}" for film_class, share in shares}
        row["model"] = prediction.model
    if impression is not None:
        row |= {"doctor": impression.opinion, "doctor_confidence": impression.confidence}
        row |= {"note": impression.note, "reader": impression.reader}
        if impression.first is not None:
            opinion, confidence = impression.first
            row |= {"doctor_before_answer": opinion, "doctor_confidence_before_answer": confidence}
    return row | {"notice": texts.BANNER}


def table(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Write rows as CSV (RFC 4180) in UTF-8 with the mark by which spreadsheets know it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _safe(value) for column, value in row.items()})
    return out.getvalue().encode("utf-8-sig")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
