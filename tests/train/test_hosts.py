"""Two processes on this host train together, are killed, go on, and end where one process ends."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from tiny_training import REPOSITORY, train_command, train_environment

from train.run import RunDirectory

_needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")

_OPTIONS = (
    *("--backbone", "efficientnetb0", "--size", "64", "--batch-size", "8", "--augmentation", "0.5", "--seed", "5"),
    *("--frozen-epochs", "0", "--epochs", "2", "--unfreeze-from", "block7a_project_conv", "--learning-rate", "0.003"),
)
# Two processes add up the same numbers in another order, which costs single precision about 1e-7 of a sum. AdamW
# divides by the gradient's size, so that where a gradient is all but zero the difference grows: losses were seen to
# part by 3e-6, weights by 2e-4.
_LOSS, _WEIGHT = 1e-4, 2e-3
_PATIENCE = 1800  # seconds; a busy machine compiles for minutes


def _environment() -> dict[str, str]:
    return train_environment() | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHON": sys.executable}


@contextmanager
def _started(arguments: Sequence[str], logs: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Both processes, started by the script that a cluster runs; killed at the end if they still run."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        crew = {"PROCESSES": "2", "FIRST_HOST": "localhost", "PORT": str(free.getsockname()[1])}
    processes = []
    for number in range(2):
        with (logs / f"log-{number}.txt").open("ab") as log:
            processes.append(
                subprocess.Popen(
                    ["train/cluster/hosts.sh", *arguments],
                    cwd=REPOSITORY,
                    env=_environment() | crew | {"PROCESS": str(number)},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _logs(folder: Path) -> str:
    return "\n".join(file.read_text("utf-8", "replace")[-3000:] for file in sorted(folder.glob("log-*.txt")))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, manifest: Path, start_weights: Path) -> RunDirectory:
    run = RunDirectory(tmp_path_factory.mktemp("alone") / "run")
    options = ("--run", str(run.path), "--data", str(manifest), "--weights", str(start_weights), *_OPTIONS)
    subprocess.run(train_command("fit", *options), cwd=REPOSITORY, env=_environment(), check=True, timeout=_PATIENCE)
    return run


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, manifest: Path, start_weights: Path) -> RunDirectory:
    folder = tmp_path_factory.mktemp("together")
    run = RunDirectory(folder / "run")
    options = ("--run", str(run.path), "--data", str(manifest), "--weights", str(start_weights), *_OPTIONS)
    with _started(("fit", *options), folder) as processes:
        deadline = time.monotonic() + _PATIENCE
        while not run.events("epoch"):
            assert all(process.poll() is None for process in processes), _logs(folder)
            assert time.monotonic() < deadline, _logs(folder)
            time.sleep(0.05)
    assert len(run.events("epoch")) == 1, "the second epoch was over before the kill"
    # Where a run goes on its own batch size counts; 9 could not be shared out to two.
    with _started(("fit", "--run", str(run.path), "--resume", "--batch-size", "9"), folder) as processes:
        assert [process.wait(_PATIENCE) for process in processes] == [0, 0], _logs(folder)
    assert "2 devices, process 2 of 2" in _logs(folder)
    return run


@_needs_jax
def test_two_processes_record_the_figures_of_one(together: RunDirectory, alone: RunDirectory) -> None:
    found, expected = together.events("epoch"), alone.events("epoch")
    assert [event["epoch"] for event in found] == [0, 1] == [event["epoch"] for event in expected]
    for one, other in zip(found, expected, strict=True):
        assert one["train_accuracy"] == other["train_accuracy"]
        assert one["val_accuracy"] == other["val_accuracy"]
        for name in ("train_loss", "val_loss"):
            assert one[name] == pytest.approx(other[name], abs=_LOSS), name
    # Films of one batch differ far more than the tolerance, so a wrong share of a batch would show.
    losses = [event["train_loss"] for event in expected]
    assert min(abs(a - b) for a, b in zip(losses[1:], losses[:-1], strict=True)) > 100 * _LOSS


@_needs_jax
def test_two_processes_end_with_the_weights_of_one(together: RunDirectory, alone: RunDirectory) -> None:
    moved = 0.0
    with h5py.File(together.last_file) as one, h5py.File(alone.last_file) as other:
        for group in ("model", "optimizer"):
            assert len(one[group]) == len(other[group]) > 0
        for name in one["model"]:
            np.testing.assert_allclose(one["model"][name][()], other["model"][name][()], rtol=0, atol=_WEIGHT)
        for name in one["optimizer"]:
            values = other["optimizer"][name][()]
            moved = max(moved, float(np.abs(values).max(initial=0)))
            np.testing.assert_allclose(one["optimizer"][name][()], values, rtol=0, atol=_LOSS)
    assert moved > 100 * _LOSS
    assert sorted(os.listdir(together.path)) == sorted(os.listdir(alone.path))  # nothing of the second process


def _asked(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with stand-ins for SLURM's scontrol and for Python, which prints what it was given."""
    for name, lines in (
        ("scontrol", 'echo "$@" >&2; echo node7; echo node8'),
        ("python", 'env | grep KERAS; echo "$@"'),
    ):
        (path / name).write_text(f"#!/bin/sh\n{lines}\n")
        (path / name).chmod(0o755)
    environment |= {"PATH": f"{path}:{os.environ['PATH']}", "PYTHON": str(path / "python")}
    script = REPOSITORY / "train" / "cluster" / "hosts.sh"
    return subprocess.run([script, "fit", "--run", "r"], env=environment, capture_output=True, text=True, timeout=60)


def test_under_slurm_each_process_knows_who_it_is(tmp_path: Path) -> None:
    slurm = {"SLURM_NTASKS": "2", "SLURM_PROCID": "1", "SLURM_JOB_NODELIST": "node[7-8]"}
    asked = _asked(tmp_path, **slurm)
    assert asked.stderr.strip() == "show hostnames node[7-8]"
    assert set(asked.stdout.splitlines()) == {
        "KERAS_BACKEND=jax",
        "KERAS_DISTRIBUTION_NUM_PROCESSES=2",
        "KERAS_DISTRIBUTION_PROCESS_ID=1",
        "KERAS_DISTRIBUTION_JOB_ADDRESSES=node7:8476",
        "-m train fit --run r --all-devices",
    }


@pytest.mark.parametrize("missing", ["PROCESSES", "PROCESS", "FIRST_HOST"])
def test_without_slurm_the_script_says_what_it_needs(tmp_path: Path, missing: str) -> None:
    given = {"PROCESSES": "2", "PROCESS": "0", "FIRST_HOST": "here"}
    assert _asked(tmp_path, **given).returncode == 0
    asked = _asked(tmp_path, **{name: value for name, value in given.items() if name != missing})
    assert asked.returncode != 0
    assert f"set {missing}" in asked.stderr
    assert asked.stdout == ""
