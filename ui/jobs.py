"""Starts, stops, and queues the processes of the training page; what they are told and tell lies in files.

The processes are sessions of their own: they live on when the browser closes and when the web server ends.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pneumo_core.processes import process_runs, process_start
from ui.runs import Run, RunState

_ROOT = Path(__file__).resolve().parents[1]


def queue(runs: Path, folder: Path, kind: str, commands: Sequence[Sequence[str]]) -> None:
    """Queue commands of `python -m train` for a run directory, and see to it that a worker does them.

    Args:
        runs: the folder of runs.
        folder: the run directory, made where it is missing.
        kind: "fit" or "promote".
        commands: lists of arguments, done in order until one fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stop").unlink(missing_ok=True)
    job = {"kind": kind, "commands": [list(command) for command in commands], "queued": time.time(), "state": "queued"}
    _write_json(folder / "job.json", job)
    _spawn(["work", "--runs", str(runs)], runs / "worker.log")


def stop(run: Run) -> None:
    """End the run's process by SIGTERM, or take it out of the queue."""
    if run.state is RunState.QUEUED:
        if run.config:
            _write_json(run.folder / "job.json", run.job | {"state": "ended", "code": -15, "message": ""})
        else:
            shutil.rmtree(run.folder)
        return
    (run.folder / "stop").touch()  # should it be between two commands just now
    pid, started = run.job["processes"][0]
    if process_runs(pid, started):
        os.killpg(pid, signal.SIGTERM)


def resume(runs: Path, run: Run) -> None:
    """Queue what is left to do of a run that was stopped, was killed, or failed."""
    commands = run.job.get("commands", [])
    if run.config:
        later = [command for command in commands if command[0] not in ("grow", "fit")]
        commands = [["fit", "--run", str(run.folder), "--resume"], *later]
    else:
        commands = [command for command in commands if command[0] != "grow" or not Path(command[4]).exists()]
    queue(runs, run.folder, "fit", commands)


def start_check(runs: Path, data: str) -> None:
    """Check a data set in a process of its own."""
    folder = check_folder(runs, data)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("report.json", "log.txt"):
        (folder / name).unlink(missing_ok=True)
    command = ["check", "--data", data, "--out", str(folder / "report.json")]
    pid = _spawn(command, folder / "log.txt")
    _write_json(folder / "process.json", {"process": [pid, process_start(pid)]})


def check_folder(runs: Path, data: str) -> Path:
    """Where the check of a data set leaves process.json, log.txt, and report.json."""
    return runs / "checks" / hashlib.sha256(data.encode()).hexdigest()[:16]


def check_runs(folder: Path) -> bool:
    """Whether the check of a data set is still at work."""
    file = folder / "process.json"
    return file.exists() and process_runs(*json.loads(file.read_text(encoding="utf-8"))["process"])


def _spawn(arguments: list[str], log: Path) -> int:
    """Start `python -m train` apart from this process, and return its id."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "train", *arguments],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Someone has to ask for its exit status, or the ended process stays in the system's table.
    threading.Thread(target=process.wait, name="wait-for-train", daemon=True).start()
    return process.pid


def _write_json(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)
