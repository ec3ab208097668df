"""The queue, with a stand-in for `python -m train` that ends at once, or when told to."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from train import jobs

# Notes what it was asked; "sleep" waits for a signal, "fail" fails, a "fit" with a batch above 4 has no memory.
_TRAIN = """
import json, pathlib, sys, time
command, *rest = sys.argv[1:]
folder = pathlib.Path(rest[rest.index("--run") + 1])
with (folder.parent / "done.txt").open("a") as file:
    file.write(f"{folder.name} {' '.join([command, *rest[2:]])}\\n")
if command == "sleep":
    time.sleep(60)
if command == "fail":
    sys.exit("train fail: There is no such film. Mend the manifest.")
if command == "fit" and json.loads((folder / "config.json").read_text())["settings"]["batch_size"] > 4:
    sys.exit(3)
"""


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "program" / "train"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(_TRAIN)
    monkeypatch.setattr(jobs, "_ROOT", tmp_path / "program")


def _queue(folder: Path, when: float, *commands: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parts = [[command, "--run", str(folder)] for command in commands]
    job = {"kind": "fit", "commands": parts, "queued": when, "state": "queued"}
    (folder / "job.json").write_text(json.dumps(job))


def _job(folder: Path) -> dict:
    return json.loads((folder / "job.json").read_text())


def _done(runs: Path) -> list[str]:
    return (runs / "done.txt").read_text().splitlines()


def test_jobs_are_done_in_the_order_in_which_they_were_queued(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    _queue(runs / "second", 2.0, "evaluate")
    _queue(runs / "first", 1.0, "grow", "evaluate")
    jobs.work(runs)
    assert _done(runs) == ["first grow", "first evaluate", "second evaluate"]
    for name in ("first", "second"):
        assert (_job(runs / name)["state"], _job(runs / name)["code"]) == ("ended", 0)


def test_a_failure_is_told_in_words_and_ends_its_job_alone(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    _queue(runs / "bad", 1.0, "fail", "evaluate")
    _queue(runs / "good", 2.0, "evaluate")
    jobs.work(runs)
    assert _done(runs) == ["bad fail", "good evaluate"]
    assert _job(runs / "bad")["code"] == 1
    assert _job(runs / "bad")["message"] == "train fail: There is no such film. Mend the manifest."


def _work_until_it_sleeps(runs: Path) -> tuple[threading.Thread, int]:
    worker = threading.Thread(target=jobs.work, args=(runs,))
    worker.start()
    for _ in range(1000):
        if (runs / "done.txt").exists():
            break
        time.sleep(0.02)
    return worker, _job(runs / "long")["processes"][0][0]


def test_a_stopped_job_leaves_the_rest_of_its_commands_undone(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    _queue(runs / "long", 1.0, "sleep", "evaluate")
    _queue(runs / "next", 2.0, "evaluate")
    worker, pid = _work_until_it_sleeps(runs)
    (runs / "long" / "stop").touch()
    os.killpg(pid, signal.SIGTERM)
    worker.join(30)
    assert _done(runs) == ["long sleep", "next evaluate"]
    assert _job(runs / "long")["code"] == -signal.SIGTERM
    assert not (runs / "long" / "stop").exists()


def test_a_killed_process_is_told_from_a_stopped_one(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    _queue(runs / "long", 1.0, "sleep")
    worker, pid = _work_until_it_sleeps(runs)
    os.kill(pid, signal.SIGKILL)
    worker.join(30)
    assert _job(runs / "long")["code"] == -signal.SIGKILL
    assert "killed from outside (signal 9)" in _job(runs / "long")["message"]


def test_where_the_memory_does_not_suffice_the_batch_is_halved(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "wide"
    _queue(run, 1.0, "fit", "evaluate")
    (run / "config.json").write_text(json.dumps({"settings": {"batch_size": 16}}))
    jobs.work(run.parent)
    assert _done(run.parent) == ["wide fit", "wide fit --resume", "wide fit --resume", "wide evaluate"]
    assert json.loads((run / "config.json").read_text())["settings"]["batch_size"] == 4
    notes = [json.loads(line)["text"] for line in (run / "events.jsonl").read_text().splitlines()]
    assert ["8 films" in notes[0], "4 films" in notes[1]] == [True, True]
    assert _job(run)["code"] == 0


def test_a_network_that_never_fits_fails(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "huge"
    _queue(run, 1.0, "fit")
    (run / "config.json").write_text(json.dumps({"settings": {"batch_size": 1}}))
    (run / "log.txt").write_text("")
    (tmp_path / "program" / "train" / "__main__.py").write_text("import sys; sys.exit(3)")
    jobs.work(run.parent)
    assert _job(run)["code"] == jobs.OUT_OF_MEMORY
