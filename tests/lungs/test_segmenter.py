import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_ins import FILMS, ROOT, noise_films

from pneumo_core.errors import BundleError
from pneumo_core.lungs.prepare import prepare_lungs
from pneumo_core.lungs.segmenter import LUNGS_FOLDER, LungSegmenter
from pneumo_core.model.bundle import write_sums
from pneumo_core.reading import read_film
from pneumo_core.types import Radiograph


@pytest.fixture(scope="module")
def segmenter() -> LungSegmenter:
    return LungSegmenter.load()


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    """The phantom with clear lungs."""
    path = ROOT / "assets" / "phantoms" / "phantom-clear.dcm"
    return read_film(path.read_bytes(), path.name).grey


def as_film(grey: np.ndarray) -> Radiograph:
    grey = np.ascontiguousarray(grey, np.uint16)
    return Radiograph(grey, (0.0, 4095.0), 12, "0" * 64, "PNG", "greyscale")


def test_the_phantoms_two_lungs(segmenter: LungSegmenter, grey: np.ndarray) -> None:
    mask = segmenter.mask(as_film(grey))
    assert [lung.film_side for lung in mask.lungs] == ["left", "right"]
    for lung in mask.lungs:
        assert 0.08 < lung.area_share < 0.3
        corners = np.concatenate(lung.outline)
        assert corners.min() >= 0
        assert (corners <= (grey.shape[1], grey.shape[0])).all()
        assert (corners[:, 0].mean() < grey.shape[1] / 2) == (lung.film_side == "left")


def test_a_mirrored_film_has_mirrored_lungs(segmenter: LungSegmenter, grey: np.ndarray) -> None:
    mask, mirrored = segmenter.mask(as_film(grey)), segmenter.mask(as_film(grey[:, ::-1]))
    one, other = mask.probability > 0.5, mirrored.probability[:, ::-1] > 0.5
    assert (one & other).sum() / (one | other).sum() > 0.9


def test_the_greys_do_not_matter(segmenter: LungSegmenter, grey: np.ndarray) -> None:
    one = segmenter.mask(as_film(grey)).probability > 0.5
    other = segmenter.mask(as_film(700 + 0.4 * grey.astype(np.float32))).probability > 0.5
    assert (one & other).sum() / (one | other).sum() > 0.95


def test_a_film_without_contrast_has_no_lungs(segmenter: LungSegmenter) -> None:
    assert segmenter.mask(as_film(np.full((200, 160), 900))).lungs == ()


def test_the_input_is_a_plane_in_0_to_1() -> None:
    prepared = prepare_lungs(noise_films(1)[0].pixels)
    assert (prepared.shape, prepared.dtype) == ((128, 128, 1), np.float32)
    assert 0 <= prepared.min() < prepared.max() <= 1


@pytest.mark.parametrize("damage", ["missing", "changed", "schema", "unlisted"])
def test_a_network_that_is_not_sound_is_refused(damage: str, tmp_path: Path) -> None:
    folder = tmp_path / "lungs"
    shutil.copytree(LUNGS_FOLDER, folder)
    if damage == "missing":
        (folder / "lungs.bin").unlink()
    elif damage == "changed":
        with (folder / "lungs.bin").open("r+b") as file:
            file.write(b"xx")
    elif damage == "schema":
        (folder / "model.json").write_text('{"schema": "pneumo-lungs-99"}')
        write_sums(folder, ["lungs.bin", "lungs.xml", "model.json"])
    else:
        (folder / "SHA256SUMS").unlink()
    with pytest.raises(BundleError):
        LungSegmenter.load(folder)


@pytest.mark.films
def test_dice_on_films_that_training_did_not_see(segmenter: LungSegmenter) -> None:
    if not (FILMS / "lungs" / "lungs.csv").is_file():
        pytest.skip(f"{FILMS}/lungs is not at hand")
    with (FILMS / "lungs" / "lungs.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"][::3]
    dice = []
    for row in rows:
        path = FILMS / "lungs" / row["film"]
        probability = segmenter.mask(read_film(path.read_bytes(), path.name)).probability
        truth = cv2.imread(str(FILMS / "lungs" / row["mask"]), cv2.IMREAD_GRAYSCALE) > 127
        found = cv2.resize(probability, truth.shape[::-1]) > 0.5
        dice.append(2 * (found & truth).sum() / (found.sum() + truth.sum()))
    assert np.mean(dice) > 0.94
