"""A run that was killed in the middle of an epoch ends where an undisturbed one ends."""

import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from tiny_training import FIT_OPTIONS, REPOSITORY, train_command, train_environment

from train.run import RunDirectory

_MIDDLE_SECONDS = 0.4  # into an epoch of some seconds


def _wait_for_epochs(run: RunDirectory, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 1200
    while len(run.events("epoch")) < count:
        assert process.poll() is None, "training ended before it could be killed"
        assert time.monotonic() < deadline, "training takes too long"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def resumed_run(tmp_path_factory: pytest.TempPathFactory, manifest: Path, start_weights: Path) -> RunDirectory:
    run = RunDirectory(tmp_path_factory.mktemp("runs") / "killed")
    options = ("fit", "--run", str(run.path), "--data", str(manifest), "--weights", str(start_weights), *FIT_OPTIONS)
    with subprocess.Popen(train_command(*options), cwd=REPOSITORY, env=train_environment()) as process:
        _wait_for_epochs(run, 2, process)
        time.sleep(_MIDDLE_SECONDS)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert len(run.events("epoch")) == 2, "the third epoch was over before the kill"
    resume = train_command("fit", "--run", str(run.path), "--resume")
    subprocess.run(resume, cwd=REPOSITORY, env=train_environment(), check=True, timeout=1200)
    return run


def test_killed_and_resumed_run_records_the_same_epochs(resumed_run: RunDirectory, finished_run: Path) -> None:
    expected = RunDirectory(finished_run).events("epoch")
    found = resumed_run.events("epoch")
    assert [event["epoch"] for event in found] == [0, 1, 2] == [event["epoch"] for event in expected]
    for one, other in zip(found, expected, strict=True):
        for name in one.keys() - {"time", "phase"}:
            assert one[name] == pytest.approx(other[name], abs=1e-6), name


def test_killed_and_resumed_run_ends_with_the_same_weights(resumed_run: RunDirectory, finished_run: Path) -> None:
    with h5py.File(resumed_run.last_file) as one, h5py.File(RunDirectory(finished_run).last_file) as other:
        for group in ("model", "optimizer"):
            assert len(one[group]) == len(other[group]) > 0
            for name in one[group]:
                np.testing.assert_allclose(one[group][name][()], other[group][name][()], rtol=0, atol=1e-6)


def test_fine_tuning_changed_weights(finished_run: Path, start_weights: Path) -> None:
    """Equal ends would prove nothing if training changed nothing."""
    with h5py.File(RunDirectory(finished_run).best_file) as trained, h5py.File(start_weights) as start:
        changed = {"same": 0, "other": 0}

        def compare(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and item.size:
                changed["same" if np.array_equal(item[()], start[name][()]) else "other"] += 1

        trained["layers"].visititems(lambda name, item: compare(f"layers/{name}", item))
    assert changed["other"] > 20
    assert changed["same"] > 20  # the frozen part
