from pathlib import Path

import keras
import numpy as np
import pytest

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import build_model
from train.average import average
from train.lineage import trace
from train.run import RunDirectory


def _run(path: Path, seed: int, head: str = "linear") -> RunDirectory:
    keras.utils.set_random_seed(seed)
    run = RunDirectory(path)
    settings = {"backbone": "efficientnetb0", "head": head, "size": 64, "weights": "none", "data": "manifest.csv"}
    run.create({"settings": settings})
    run.save_best(build_model("efficientnetb0", head, "none", 64))
    return run


def test_the_average_is_the_mean_of_all_weights_and_names_what_it_came_from(tmp_path: Path) -> None:
    runs = [_run(tmp_path / name, seed) for seed, name in enumerate(("a", "b", "c"))]
    target = RunDirectory(tmp_path / "mean")
    average(runs, target)
    found, *parts = (
        build_model("efficientnetb0", "linear", run.best_file, 64).get_weights() for run in (target, *runs)
    )
    assert max(np.abs(first - second).max() for first, second in zip(*parts[:2], strict=True)) > 0.1
    for mean, *weights in zip(found, *parts, strict=True):
        np.testing.assert_allclose(mean, np.mean(weights, axis=0), atol=1e-6)
    lineage = trace(target)
    assert [step.kind for step in lineage.steps] == ["fit", "fit", "fit", "average"]
    assert lineage.steps[-1].command.count("--source") == 3


def test_only_networks_of_one_kind_are_averaged(tmp_path: Path) -> None:
    first, other = _run(tmp_path / "a", 0), _run(tmp_path / "b", 1, "published")
    for sources in ([first], [first, other]):
        with pytest.raises(RunError, match="Give two or more of one backbone and head"):
            average(sources, RunDirectory(tmp_path / "mean"))
    assert not (tmp_path / "mean").exists()
