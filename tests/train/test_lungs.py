import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pneumo_core.errors import DataError, RunError
from pneumo_core.lungs.segmenter import LungSegmenter
from train.__main__ import main
from train.lungs import measure_dice
from train.lungs_data import LungBatches, load_lungs, vary


@pytest.fixture(scope="module")
def lungs_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight drawn films for train, and three for each of val and test."""
    folder = tmp_path_factory.mktemp("lungs")
    lines = ["film,mask,source,split"]
    for position, split in enumerate(["train"] * 8 + ["val"] * 3 + ["test"] * 3):
        film, mask = np.full((300, 300), 170, np.uint8), np.zeros((300, 300), np.uint8)
        for centre in (90 + position, 210):
            cv2.ellipse(film, (centre, 150), (40, 90), 0, 0, 360, 60, -1)
            cv2.ellipse(mask, (centre, 150), (40, 90), 0, 0, 360, 255, -1)
        cv2.imwrite(str(folder / f"{position}.png"), film)
        cv2.imwrite(str(folder / f"{position}-mask.png"), mask)
        lines.append(f"{position}.png,{position}-mask.png,drawn,{split}")
    (folder / "lungs.csv").write_text("\n".join(lines) + "\n")
    return folder / "lungs.csv"


def test_masks_tell_left_from_right(lungs_csv: Path) -> None:
    films = load_lungs(lungs_csv, "train")
    assert films.squares.shape == films.masks.shape == (8, 256, 256)
    assert np.unique(films.masks[0][:, :128]).tolist() == [0, 1]
    assert np.unique(films.masks[0][:, 128:]).tolist() == [0, 2]


def test_a_variants_mask_stays_on_its_lungs(lungs_csv: Path) -> None:
    films = load_lungs(lungs_csv, "train")
    differences = []
    for seed in range(40):
        film, mask = vary(films.squares[0], films.masks[0], np.random.default_rng(seed))
        assert (film.shape, film.dtype, mask.shape) == ((128, 128), np.float32, (128, 128))
        assert 0 <= film.min() <= film.max() <= 1
        inner = cv2.erode((mask > 0).astype(np.uint8), np.ones((5, 5))) > 0
        near = (cv2.dilate((mask > 0).astype(np.uint8), np.ones((9, 9))) > 0) & (mask == 0)
        if inner.any() and near.any():
            differences.append(np.median(film[near]) - np.median(film[inner]))
        if (mask == 1).any() and (mask == 2).any() and seed < 10:
            assert np.nonzero(mask == 1)[1].mean() < np.nonzero(mask == 2)[1].mean()
    # Soft tissue is brighter than lung, unless disease was painted over it.
    assert np.mean(np.array(differences) > 0.05) > 0.7


def test_batches_are_the_same_for_the_same_seed(lungs_csv: Path) -> None:
    films = load_lungs(lungs_csv, "train")
    one, again, other = (LungBatches(films, 4, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[0], again[0])
    np.testing.assert_array_equal(one[1], again[1])
    assert np.abs(one[0] - other[0]).max() > 0.1
    assert one[1].sum(axis=-1).min() == one[1].sum(axis=-1).max() == 1


def test_dice_of_the_truth_of_half_and_of_nothing(lungs_csv: Path) -> None:
    films = load_lungs(lungs_csv, "test")
    truths = iter(films.masks)

    def segment(batch: np.ndarray) -> np.ndarray:
        mask = cv2.resize(next(truths), (128, 128), interpolation=cv2.INTER_NEAREST)
        return np.eye(3, dtype=np.float32)[mask][None]

    assert measure_dice(segment, films).min() > 0.97
    nothing = np.eye(3, dtype=np.float32)[np.zeros((1, 128, 128), int)]
    assert measure_dice(lambda batch: nothing, films).max() == 0


def test_train_and_promote_from_the_command_line(lungs_csv: Path, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "models" / "lungs"
    assert main(["lungs", "--run", str(run), "--data", str(lungs_csv), "--epochs", "1"]) == 0
    [line] = (run / "log.jsonl").read_text().splitlines()
    assert json.loads(line)["epoch"] == 1
    assert main(["lungs-promote", "--run", str(run), "--out", str(out)]) == 0
    model = json.loads((out / "model.json").read_text())
    assert (model["dice"]["test"]["films"], model["parameters"] < 1_000_000) == (3, True)
    assert f"{model['dice']['test']['mean']:.3f}" in (out / "CARD.md").read_text()
    segmenter = LungSegmenter.load(out)
    assert measure_dice(segmenter.answer, load_lungs(lungs_csv, "test")).mean() == pytest.approx(
        model["dice"]["test"]["mean"], abs=1e-4
    )


def test_what_can_not_be_used_is_named(lungs_csv: Path, tmp_path: Path) -> None:
    from train.lungs_promote import promote_lungs

    with pytest.raises(DataError, match="no rows for holdout"):
        load_lungs(lungs_csv, "holdout")
    with pytest.raises(DataError, match="can not be read"):
        load_lungs(tmp_path / "none.csv", "train")
    with pytest.raises(RunError, match=r"no lungs\.weights\.h5"):
        promote_lungs(tmp_path, tmp_path / "out")
