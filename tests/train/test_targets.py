from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumo_core.errors import BundleError, RunError
from pneumo_core.model.bundle import Bundle
from train.config import FitConfig
from train.data import Films, load_films, read_rows
from train.predict import bundle_predictor, predict
from train.run import RunDirectory
from train.targets import make_targets

PLAIN = FitConfig(data="")


@pytest.fixture(scope="module")
def films(manifest: Path) -> Films:
    return load_films([row for row in read_rows(manifest) if row.split == "val"], 64)


def test_without_more_a_target_is_the_label(films: Films) -> None:
    targets = make_targets(films, PLAIN)
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(targets.max(axis=1), 1.0)
    np.testing.assert_array_equal(targets.argmax(axis=1), films.labels)


def test_smoothing_spreads_its_share_over_all_classes(films: Films) -> None:
    targets = make_targets(films, replace(PLAIN, label_smoothing=0.2))
    np.testing.assert_allclose(np.sort(targets, axis=1), [[0.05, 0.05, 0.05, 0.85]] * len(films.rows), atol=1e-6)


def test_the_teachers_calibrated_answer_takes_its_share(films: Films, small_bundle: Bundle) -> None:
    taught = predict(bundle_predictor(small_bundle.folder), films.rows, "Asking").probabilities
    targets = make_targets(films, replace(PLAIN, teacher=str(small_bundle.folder), distillation=0.25))
    np.testing.assert_allclose(targets, 0.75 * make_targets(films, PLAIN) + 0.25 * taught, atol=1e-6)


def test_a_run_asks_its_teacher_once(films: Films, small_bundle: Bundle, tmp_path: Path) -> None:
    config = replace(PLAIN, teacher=str(small_bundle.folder), distillation=0.5)
    first = make_targets(films, config, RunDirectory(tmp_path))
    gone = replace(config, teacher=str(tmp_path / "nobody"))
    np.testing.assert_array_equal(make_targets(films, gone, RunDirectory(tmp_path)), first)
    assert np.abs(first - make_targets(films, PLAIN)).max() > 0.1


@pytest.mark.parametrize("half", [{"teacher": "somebody"}, {"distillation": 0.5}])
def test_a_teacher_and_its_share_belong_together(films: Films, half: dict[str, object]) -> None:
    with pytest.raises(RunError, match="both --teacher and --distillation"):
        make_targets(films, replace(PLAIN, **half))


def test_a_teacher_that_is_not_there_is_told_of(films: Films, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nobody"):
        make_targets(films, replace(PLAIN, teacher=str(tmp_path / "nobody"), distillation=0.5))
