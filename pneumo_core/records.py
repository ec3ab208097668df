"""What the command line says of one file: a flat record for JSON and CSV, and a line to read."""

from collections.abc import Iterable
from typing import Any

from pneumo_core.answer import answer_of
from pneumo_core.errors import ReadError
from pneumo_core.types import CLASSES, FilmClass, Reading, Verdict

NOTICE = "Research and education. Not for diagnosis."
CSV_COLUMNS = (
    *("file", "status", "reason", "class"),
    *(f"probability_{film_class}" for film_class in CLASSES),
    *("model", "verdict", "findings", "age_group", "set90", "set95", "answer", "answer_reason", "override", "notice"),
)


def record_of(file: str, outcome: Reading | ReadError, model: str, override: str = "") -> dict[str, Any]:
    """Describe what became of one file.

    Args:
        file: its path, as it was given.
        outcome: the reading, or why there is none.
        model: name and short digest of the bundle.
        override: why films that the intake refuses are read all the same; empty where they are not.

    Returns:
        "file", "status" ("read" or "refused"), "reason" (None where read), "class" and "probabilities" (None where
        refused; the class is the most probable one), "model", "verdict" and "findings" of the intake (None and none for
        a file that is no film), "age_group", "set90", "set95" (None where refused or not calibrated), "answer" (kind,
        classes, code, text, reason), "override" (the reason, where a refusal was overridden), "notice".
    """
    record: dict[str, Any] = {
        "file": file,
        "status": "refused",
        "reason": None,
        "class": None,
        "probabilities": None,
        "model": model,
        "verdict": None,
        "findings": [],
        "age_group": None,
        "set90": None,
        "set95": None,
        "answer": None,
        "override": None,
        "notice": NOTICE,
    }
    if isinstance(outcome, ReadError):
        return record | {"reason": str(outcome)}
    assessment, prediction = outcome.assessment, outcome.prediction
    answer = answer_of(outcome, override)
    record |= {
        "verdict": assessment.verdict.value,
        "findings": [
            {"code": finding.code, "grade": finding.grade.value, "text": finding.text}
            for finding in assessment.findings
        ],
        "age_group": assessment.age_group.value,
        "answer": {
            "kind": answer.kind.value,
            "classes": _names(answer.classes),
            "code": answer.code,
            "text": answer.text,
            "reason": answer.reason,
        },
    }
    refused = assessment.verdict is Verdict.REFUSE
    if refused and not override:
        return record | {"reason": assessment.reason}
    shares = zip(CLASSES, prediction.probabilities, strict=True)
    return record | {
        "status": "read",
        "class": prediction.film_class.value,
        "probabilities": {film_class.value: round(float(share), 6) for film_class, share in shares},
        "set90": None if prediction.set90 is None else _names(prediction.set90),
        "set95": None if prediction.set95 is None else _names(prediction.set95),
        "override": override if refused else None,
    }


def csv_row(record: dict[str, Any]) -> list[str]:
    """The cells of a record in the order of `CSV_COLUMNS`; lists are joined by spaces, what is not there is empty."""
    shares, answer = record["probabilities"] or {}, record["answer"] or {"text": "", "reason": ""}
    cells = {
        **record,
        **{f"probability_{film_class}": shares.get(film_class.value, "") for film_class in CLASSES},
        "findings": " ".join(f"{finding['code']}:{finding['grade']}" for finding in record["findings"]),
        "answer": answer["text"],
        "answer_reason": answer["reason"],
        **{level: "" if record[level] is None else " ".join(record[level]) or "none" for level in ("set90", "set95")},
    }
    return ["" if cells[column] is None else str(cells[column]) for column in CSV_COLUMNS]


def line(record: dict[str, Any]) -> str:
    """A record as one line to read."""
    file = record["file"] if record["file"].isprintable() else repr(record["file"])
    if record["status"] == "refused":
        return f"{file}: refused. {record['reason']}"
    shares = "  ".join(f"{name} {share:.3f}" for name, share in record["probabilities"].items())
    remarks = " ".join(finding["text"] for finding in record["findings"])
    return f"{file}: {record['answer']['text']}  ({shares})" + (f"  {remarks}" if remarks else "")


def _names(classes: Iterable[FilmClass]) -> list[str]:
    return [film_class.value for film_class in classes]
