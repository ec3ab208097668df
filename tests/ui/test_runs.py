import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pneumo_core.processes import process_runs, process_start
from ui import jobs
from ui.runs import RunState, list_runs, read_run


def _write(folder: Path, job: dict | None = None, events: list[dict] | None = None, config: dict | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if job:
        (folder / "job.json").write_text(json.dumps({"kind": "fit", "queued": 5.0, "commands": []} | job))
    if events:
        (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    if config:
        (folder / "config.json").write_text(json.dumps(config))


def _epoch(number: int, at: float) -> dict:
    return {"kind": "epoch", "time": at, "epoch": number, "best": number == 0}


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as process:
        yield process
        process.kill()


def test_states_follow_the_job_and_its_process(tmp_path: Path, sleeper: subprocess.Popen) -> None:
    alive = [sleeper.pid, process_start(sleeper.pid)]
    gone = [sleeper.pid, "1"]  # another process had this id once
    for number, (job, state) in enumerate(
        [
            ({"state": "queued"}, RunState.QUEUED),
            ({"state": "running", "processes": [alive, gone]}, RunState.TRAINING),
            ({"state": "running", "processes": [gone, alive]}, RunState.TRAINING),  # between two commands
            ({"state": "running", "processes": [alive, gone], "kind": "promote"}, RunState.PROMOTING),
            ({"state": "running", "processes": [gone, gone]}, RunState.STOPPED),
            ({"state": "ended", "code": 0}, RunState.FINISHED),
            ({"state": "ended", "code": -15}, RunState.STOPPED),
            ({"state": "ended", "code": -9, "message": "killed"}, RunState.FAILED),
        ]
    ):
        _write(tmp_path / str(number), job)
        assert read_run(tmp_path / str(number)).state is state, job


def test_runs_of_the_command_line_are_known_by_their_events(tmp_path: Path) -> None:
    now = time.time()
    _write(tmp_path / "busy", events=[{"kind": "start", "time": now, "epochs": 2}], config={"settings": {}})
    _write(tmp_path / "left", events=[{"kind": "start", "time": now - 5000, "epochs": 2}], config={"settings": {}})
    ended = [{"kind": "start", "time": now, "epochs": 1}, _epoch(0, now), {"kind": "end", "time": now}]
    _write(tmp_path / "done", events=ended, config={"settings": {}})
    (tmp_path / "done" / "best.weights.h5").touch()
    (tmp_path / "models" / "bundle").mkdir(parents=True)
    assert {run.name: run.state for run in list_runs(tmp_path)} == {
        "busy": RunState.TRAINING,
        "left": RunState.STOPPED,
        "done": RunState.FINISHED,
    }


def test_progress_and_time_left_come_from_the_measured_speed(tmp_path: Path) -> None:
    start = {"kind": "start", "time": 100.0, "epochs": 4}
    # The first step took 300 seconds, since it built the graph; the steps after it take 2 each.
    steps = [{"kind": "step", "time": at, "epoch": 0, "step": step, "steps": 100} for at, step in ((400, 1), (458, 30))]
    _write(tmp_path / "first", events=[start, *steps], config={"settings": {"batch_size": 8}})
    run = read_run(tmp_path / "first")
    assert run.progress == pytest.approx(0.3 / 4)
    assert run.films_per_second == pytest.approx(4)
    assert run.seconds_left == pytest.approx(2 * 70 + 3 * 200)
    later = {"kind": "step", "time": 990.0, "epoch": 2, "step": 50, "steps": 100}
    _write(tmp_path / "second", events=[start, *steps, _epoch(0, 600.0), _epoch(1, 820.0), later])
    run = read_run(tmp_path / "second")
    assert run.progress == pytest.approx(2.5 / 4)
    assert run.seconds_left == pytest.approx(1.5 * 220)  # an epoch takes 220 seconds with its validation
    _write(tmp_path / "unknown", events=[start, steps[0]])
    assert read_run(tmp_path / "unknown").seconds_left is None


def test_the_log_shows_only_the_last_state_of_a_progress_bar(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"Reading\n 10%\r 50%\r100%\r\nloss 0.3\n")
    assert read_run(tmp_path).log_tail == "Reading\n100%\nloss 0.3"


def _is_alive(pid: int, group: int) -> bool:
    """Whether a process of the group still runs."""
    try:
        return os.getpgid(pid) == group and process_start(pid) != ""
    except ProcessLookupError:
        return False


def test_stopping_ends_the_whole_process_group(tmp_path: Path) -> None:
    script = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('up', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        started = process_start(process.pid)
        _write(tmp_path / "run", {"state": "running", "processes": [[process.pid, started], [1, "1"]]})
        jobs.stop(read_run(tmp_path / "run"))
        assert process.wait(20) == -signal.SIGTERM
        assert not process_runs(process.pid, started)
        deadline = time.monotonic() + 20
        while any(_is_alive(int(path.name), process.pid) for path in Path("/proc").glob("[0-9]*")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert (tmp_path / "run" / "stop").exists()


def test_a_waiting_run_leaves_nothing_when_taken_out(tmp_path: Path) -> None:
    _write(tmp_path / "run", {"state": "queued"})
    jobs.stop(read_run(tmp_path / "run"))
    assert list_runs(tmp_path) == []


def test_resume_goes_on_where_the_run_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_spawn", lambda arguments, log: 1)
    folder = tmp_path / "run"
    commands = [["grow", "--source", "b0", "--run", str(folder / "start")], ["fit", "--x"], ["evaluate", "--y"]]
    _write(folder, {"state": "ended", "code": -9, "commands": commands})
    jobs.resume(tmp_path, read_run(folder))
    assert read_run(folder).job["commands"] == commands  # nothing was begun
    (folder / "start").mkdir()
    jobs.resume(tmp_path, read_run(folder))
    assert read_run(folder).job["commands"] == commands[1:]
    _write(folder, config={"settings": {}})
    jobs.resume(tmp_path, read_run(folder))
    assert read_run(folder).job["commands"] == [["fit", "--run", str(folder), "--resume"], ["evaluate", "--y"]]
    assert read_run(folder).state is RunState.QUEUED
