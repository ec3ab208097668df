import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_training import REPOSITORY

from pneumo_core.errors import RunError
from train.run import RunDirectory, write_json


def test_a_run_is_created_once(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "a" / "run")
    run.create({"settings": {"size": 64}})
    assert run.config() == {"settings": {"size": 64}}
    with pytest.raises(RunError, match="already holds a run"):
        run.create({})


def test_a_directory_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        RunDirectory(tmp_path).config()
    assert RunDirectory(tmp_path).events("epoch") == []
    assert RunDirectory(tmp_path).last_epoch() == (-1, [])


def test_events_come_back_by_kind_and_in_order(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for epoch in range(3):
        run.log("epoch", epoch=epoch)
        run.log("step", step=1)
    assert [event["epoch"] for event in run.events("epoch")] == [0, 1, 2]
    assert all(event["time"] > 1.6e9 for event in run.events("step"))


def test_an_event_cut_short_is_left_out(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.log("epoch", epoch=0)
    with run.events_file.open("a") as file:
        file.write('{"time": 1, "kind": "epo')
    assert [event["epoch"] for event in run.events("epoch")] == [0]


def test_json_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_reading_a_run_needs_no_keras() -> None:
    code = (
        "import sys, train.run, train.predict, train.evaluate; print(sorted({'keras', 'tensorflow'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
