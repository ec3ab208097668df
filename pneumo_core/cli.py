"""The command line: `read` films and print the answers, `prepare` the model for this machine, `selftest` it.

    python -m pneumo_core read film.dcm scan.png --json
    python -m pneumo_core read *.dcm --csv --maps maps --override "lies on its side, seen upright"
    python -m pneumo_core prepare
    python -m pneumo_core selftest

Exit status of `read`: 0 if every file was read, 1 if some were refused, 2 on wrong use or without a model;
of `selftest`: 0 if it passed, 1 if not, 2 without a model.
"""

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from pneumo_core.errors import PneumoError, ReadError
from pneumo_core.model.active import default_bundle
from pneumo_core.model.classifier import Classifier
from pneumo_core.overlay import write_overlays
from pneumo_core.reading import check_file_size, read_film
from pneumo_core.records import CSV_COLUMNS, NOTICE, csv_row, line, record_of
from pneumo_core.selftest import report, selftest
from pneumo_core.types import Radiograph, Reading

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
    form = read.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object a line")
    form.add_argument("--csv", action="store_true", help="print a table with a header")
    read.add_argument("--maps", type=Path, metavar="DIR", help="write each class's map over the film, as PNG files")
    read.add_argument(
        "--override", type=_reason, metavar="REASON", help="read films that the intake refuses, and say why"
    )
    commands.add_parser("prepare", help="build what the engine needs on this machine, once for each model")
    commands.add_parser("selftest", help="check that this machine computes what the model was measured with")
    options = parser.parse_args(arguments)
    try:
        classifier = Classifier.load(default_bundle(), progress=_show_progress)
    except PneumoError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    if options.command == "prepare":
        print(f"The model {classifier.name} is ready on {classifier.engine.name}.", file=sys.stderr)
        return 0
    if options.command == "selftest":
        result = selftest(classifier)
        print(report(classifier, result))
        return int(not result.passed)
    try:
        return _read(classifier, options)
    except BrokenPipeError:
        # Whoever read the output has gone; Python's own flush at exit must not fail on it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a reason in words is needed")
    return text.strip()


def _read(classifier: Classifier, options: argparse.Namespace) -> int:
    if options.maps:
        try:
            options.maps.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            print(f"The folder {options.maps} can not be made ({error.strerror}). Give another one.", file=sys.stderr)
            return 2
    table = csv.writer(sys.stdout)
    if options.csv:
        table.writerow(CSV_COLUMNS)
    elif not options.json:
        print(NOTICE)
    refused = False
    for file, outcome in read_files(classifier, options.files):
        record = record_of(file, outcome, classifier.name, options.override or "")
        refused |= record["status"] == "refused"
        if options.csv:
            table.writerow(csv_row(record))
            sys.stdout.flush()
        else:
            print(json.dumps(record) if options.json else line(record), flush=True)
        if options.maps and isinstance(outcome, Reading) and record["status"] == "read":
            write_overlays(outcome, options.maps, Path(file).stem)
    return int(refused)


def read_files(classifier: Classifier, files: Sequence[str]) -> Iterator[tuple[str, Reading | ReadError]]:
    """Read files in order; a bad one is reported and the rest go on. Memory does not grow with their number.

    Args:
        classifier: what reads them.
        files: paths.

    Yields:
        Each file with its reading, or why there is none.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        waiting = iter(files)
        decoding = [(file, pool.submit(_open, file)) for file in islice(waiting, _FILES_AT_ONCE)]
        while decoding:
            opened = [(file, future.result()) for file, future in decoding]
            decoding = [(file, pool.submit(_open, file)) for file in islice(waiting, _FILES_AT_ONCE)]
            readings = iter(classifier.read([film for _, film in opened if isinstance(film, Radiograph)]))
            for file, film in opened:
                yield file, next(readings) if isinstance(film, Radiograph) else film


def _open(file: str) -> Radiograph | ReadError:
    path = Path(file)
    try:
        if not path.is_file():
            kind = "a folder or device" if path.exists() else "missing"
            return ReadError(f"The file is {kind}. Give the path of a film as DICOM, PNG, or JPEG.")
        with path.open("rb") as stream:
            check_file_size(os.fstat(stream.fileno()).st_size)  # before it is in memory
            data = stream.read()
        return read_film(data, path.name)
    except ReadError as error:
        return error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        return ReadError(f"The file can not be opened ({error}). Check its path and permissions.")


def _show_progress(share: float, step: str) -> None:
    """Draw a bar on a terminal, print a line elsewhere; standard output stays free for the answers."""
    filled = round(share * _BAR_WIDTH)
    bar = f"[{'#' * filled}{' ' * (_BAR_WIDTH - filled)}] {share:4.0%} {step}"
    if sys.stderr.isatty():
        print(f"\r\033[K{bar}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
    else:
        print(bar, file=sys.stderr, flush=True)
