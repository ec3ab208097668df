"""The queue of training jobs: one after another, each command a process of its own, independent of any web server.

A job is the file job.json in a run directory. Whoever wants work done writes it with the state "queued" and starts
`python -m train work`; the worker takes the oldest queued job and notes what becomes of it:

    kind       "fit" or "promote"
    commands   lists of arguments of `python -m train`, done in order until one fails
    queued     when it was queued, seconds since the epoch
    state      "queued", "running", "ended"
    processes  [id, start] of the running command and of the worker, as `pneumo_core.processes` tells the start
    code       exit status of the last command; a negative one is a signal
    message    in words, why it failed

To stop a job, its directory gets a file "stop" and its command the signal SIGTERM.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pneumo_core.processes import process_runs, process_start
from train.run import RunDirectory, write_json

OUT_OF_MEMORY = 3  # exit status of a command that the accelerator's memory did not suffice for
JOB_FILE, LOG_FILE, STOP_FILE = "job.json", "log.txt", "stop"
_ROOT = Path(__file__).resolve().parents[1]
_LOCK_SECONDS = 2.0
_POLL_SECONDS = 1.0


def work(runs: Path) -> None:
    """Do all queued jobs of a folder of runs, then return; at once if another worker is doing so."""
    runs.mkdir(parents=True, exist_ok=True)
    while _next_job(runs) is not None:
        try:
            with FileLock(runs / "worker.lock", timeout=_LOCK_SECONDS):
                while (job := _next_job(runs)) is not None:
                    _wait_for_orphans(runs)
                    _do(job)
        except Timeout:
            return
        # What was queued between the last look and the release of the lock is found by the outer loop.


def _jobs(runs: Path) -> list[tuple[Path, dict[str, Any]]]:
    return [(file.parent, _read(file)) for file in runs.glob(f"*/{JOB_FILE}")]


def _read(file: Path) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return job


def _next_job(runs: Path) -> Path | None:
    queued = [(job["queued"], folder) for folder, job in _jobs(runs) if job["state"] == "queued"]
    return min(queued)[1] if queued else None


def _wait_for_orphans(runs: Path) -> None:
    """Wait for a command whose worker was killed: two would share the machine."""
    while any(job["state"] == "running" and process_runs(*job["processes"][0]) for _, job in _jobs(runs)):
        time.sleep(_POLL_SECONDS)


def _do(folder: Path) -> None:
    job = _read(folder / JOB_FILE)
    code = 0
    for command in job["commands"]:
        code = _run(folder, job, command)
        while code == OUT_OF_MEMORY and command[0] == "fit" and _halve_batch(RunDirectory(folder)):
            command = ["fit", "--run", str(folder), "--resume"]
            code = _run(folder, job, command)
        if (folder / STOP_FILE).exists():
            (folder / STOP_FILE).unlink()
            code = -signal.SIGTERM
        if code != 0:
            break
    message = "" if code == 0 else _explain(code, folder / LOG_FILE)
    write_json(folder / JOB_FILE, {**job, "state": "ended", "code": code, "message": message})


def _run(folder: Path, job: dict[str, Any], command: list[str]) -> int:
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with (folder / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "train", *command],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    processes = [[pid, process_start(pid)] for pid in (process.pid, os.getpid())]
    job |= {"state": "running", "processes": processes}
    write_json(folder / JOB_FILE, job)
    return process.wait()


def _halve_batch(run: RunDirectory) -> bool:
    """Give the run half its batch and say so in its events; False where there is nothing to halve."""
    if not run.config_file.exists():
        return False
    config = run.config()
    batch = config["settings"]["batch_size"] // 2
    if batch < 1:
        return False
    config["settings"]["batch_size"] = batch
    write_json(run.config_file, config)
    run.log(
        "note",
        text=f"The accelerator's memory did not suffice: the batch was halved to {batch} films and the run went on.",
    )
    return True


def _explain(code: int, log: Path) -> str:
    """Why a command failed: by its signal, or by the last line that it wrote."""
    if code == -signal.SIGTERM:
        return "Stopped. What was learnt up to the last finished epoch is kept."
    if code < 0:
        return (
            f"The process was killed from outside (signal {-code}); where it was 9, the machine's memory may have run "
            "out. What was learnt up to the last finished epoch is kept: resume goes on from there."
        )
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"It ended with status {code}."
