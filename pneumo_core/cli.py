"""The command line: `read` films and print the answers, `prepare` the model for this machine.

    python -m pneumo_core read film.dcm scan.png --json
    python -m pneumo_core prepare

Exit status of `read`: 0 if every file was read, 1 if some were refused, 2 on wrong use or without a model.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from pneumo_core.errors import PneumoError, ReadError
from pneumo_core.model.classifier import Classifier, default_bundle
from pneumo_core.reading import MAX_FILE_BYTES, read_film
from pneumo_core.types import CLASSES, Radiograph, Reading

NOTICE = "Research and education. Not for diagnosis."
_FILES_AT_ONCE = 4  # in memory: these, and the next ones that are being decoded meanwhile
_THREADS = 2
_BAR_WIDTH = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None takes those of the process.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m pneumo_core", description=f"Pneumo. {NOTICE}")
    commands = parser.add_subparsers(dest="command", required=True)
    read = commands.add_parser("read", help="read chest films and print the answers", description=NOTICE)
    read.add_argument("files", nargs="+", metavar="FILE", help="a film as DICOM, PNG, or JPEG")
    read.add_argument("--json", action="store_true", help="print one JSON object a line")
    commands.add_parser("prepare", help="build what the engine needs on this machine, once for each model")
    options = parser.parse_args(arguments)
    try:
        classifier = Classifier.load(default_bundle(), progress=_show_progress)
    except PneumoError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    if options.command == "prepare":
        print(f"The model {classifier.name} is ready on {classifier.engine.name}.", file=sys.stderr)
        return 0
    try:
        return _read(classifier, options.files, options.json)
    except BrokenPipeError:
        # Whoever read the output has gone; Python's own flush at exit must not fail on it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _read(classifier: Classifier, files: Sequence[str], as_json: bool) -> int:
    if not as_json:
        print(NOTICE)
    refused = False
    for record in read_files(classifier, files):
        refused |= record["status"] == "refused"
        print(json.dumps(record) if as_json else _line(record), flush=True)
    return int(refused)


def read_files(classifier: Classifier, files: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Read files in order; a bad one is reported and the rest go on. Memory does not grow with their number.

    Args:
        classifier: what reads them.
        files: paths.

    Yields:
        One record a file: "file", "status" ("read" or "refused"), "reason" (None where read), "class" and
        "probabilities" (None where refused), "model".
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        waiting = iter(files)
        decoding = [(file, pool.submit(_open, file)) for file in islice(waiting, _FILES_AT_ONCE)]
        while decoding:
            opened = [(file, future.result()) for file, future in decoding]
            decoding = [(file, pool.submit(_open, file)) for file in islice(waiting, _FILES_AT_ONCE)]
            readings = iter(classifier.read([film for _, film in opened if isinstance(film, Radiograph)]))
            for file, film in opened:
                outcome = next(readings) if isinstance(film, Radiograph) else film
                yield _record(classifier, file, outcome)


def _open(file: str) -> Radiograph | ReadError:
    path = Path(file)
    try:
        if not path.is_file():
            kind = "a folder or device" if path.exists() else "missing"
            return ReadError(f"The file is {kind}. Give the path of a film as DICOM, PNG, or JPEG.")
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > MAX_FILE_BYTES:  # before it is in memory
                return ReadError(
                    f"The file has {size / 2**20:,.0f} MB; at most {MAX_FILE_BYTES // 2**20} MB are read. "
                    "Export the film by itself, or at a lower resolution."
                )
            data = stream.read()
        return read_film(data, path.name)
    except ReadError as error:
        return error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        return ReadError(f"The file can not be opened ({error}). Check its path and permissions.")


def _record(classifier: Classifier, file: str, outcome: Reading | ReadError) -> dict[str, Any]:
    record: dict[str, Any] = {"file": file, "status": "refused", "reason": None, "class": None, "probabilities": None}
    if isinstance(outcome, Reading):
        prediction = outcome.prediction
        shares = zip(CLASSES, prediction.probabilities, strict=True)
        record |= {
            "status": "read",
            "class": prediction.film_class.value,
            "probabilities": {film_class.value: round(float(share), 6) for film_class, share in shares},
        }
    else:
        record["reason"] = str(outcome)
    return record | {"model": classifier.name}


def _line(record: dict[str, Any]) -> str:
    file = record["file"] if record["file"].isprintable() else repr(record["file"])
    if record["status"] == "refused":
        return f"{file}: refused. {record['reason']}"
    shares = "  ".join(f"{name} {share:.3f}" for name, share in record["probabilities"].items())
    return f"{file}: {record['class']}  ({shares})"


def _show_progress(share: float, step: str) -> None:
    """Draw a bar on a terminal, print a line elsewhere; standard output stays free for the answers."""
    filled = round(share * _BAR_WIDTH)
    bar = f"[{'#' * filled}{' ' * (_BAR_WIDTH - filled)}] {share:4.0%} {step}"
    if sys.stderr.isatty():
        print(f"\r\033[K{bar}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
    else:
        print(bar, file=sys.stderr, flush=True)
