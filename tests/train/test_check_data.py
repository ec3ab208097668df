import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_ins import FILMS, noise_films
from tiny_training import write_manifest

from pneumo_core.types import CLASSES
from train.check_data import check, perceptual_hash
from train.data import list_rows

_COLUMNS = ("file", "label", "patient", "split", "source")


@pytest.fixture
def lines(tmp_path: Path) -> list[tuple[str, ...]]:
    """Lines of a sound manifest: a film of each class in each split, all of them different."""
    found = []
    for number, film in enumerate(noise_films(12)):
        grey = np.round(film.pixels * 255).astype(np.uint8)
        split, film_class = ("train", "val", "test")[number % 3], CLASSES[number // 3]
        cv2.imwrite(str(tmp_path / f"{number}.png"), grey)
        found.append((f"{number}.png", str(film_class), f"patient-{number}", split, f"source-{number % 2}"))
    return found


def test_sound_data_has_no_obstacle(tmp_path: Path, lines: list[tuple[str, ...]]) -> None:
    report = check(write_manifest(tmp_path / "manifest.csv", lines, _COLUMNS))
    assert (report["films"], report["patients"]) == (12, 12)
    assert report["counts"]["val"] == dict.fromkeys(map(str, CLASSES), 1)
    assert report["blocking"] == []
    assert report["warnings"] == []
    assert all(Path(path).is_file() for paths in report["examples"].values() for path in paths)


def test_what_training_would_refuse_is_found(tmp_path: Path, lines: list[tuple[str, ...]]) -> None:
    (tmp_path / "broken.png").write_bytes((tmp_path / "0.png").read_bytes()[:300])
    shutil.copy(tmp_path / "0.png", tmp_path / "copy.png")
    grey = cv2.imread(str(tmp_path / "4.png"), cv2.IMREAD_GRAYSCALE)
    smaller = cv2.resize(grey, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "alike.jpg"), smaller, [cv2.IMWRITE_JPEG_QUALITY, 60])
    more = [
        ("broken.png", "normal", "patient-b", "train", ""),
        ("copy.png", "normal", "patient-0", "test", ""),
        ("alike.jpg", "bacterial", "patient-a", "train", ""),
    ]
    kept = [line for line in lines if line[1:4:2] != ("viral", "val")]
    report = check(write_manifest(tmp_path / "manifest.csv", kept + more, _COLUMNS))
    assert [name for name, _ in report["unreadable"]] == ["broken.png"]
    assert report["exact"] == [["0.png", "train", "copy.png", "test"]]
    assert report["near"] == [["4.png", "val", "alike.jpg", "train"]]
    assert report["leaks"] == [["patient-0", "train", "test"]]
    assert [sentence.split()[0] for sentence in report["blocking"]] == ["1", "1", "The"]
    assert "The split val has no film of viral." in report["blocking"][2]
    assert report["warnings"][0].startswith("2 pairs of copies lie in different splits")


def test_real_films_of_different_patients_do_not_look_the_same() -> None:
    if not (FILMS / "manifest.csv").is_file():
        pytest.skip(f"{FILMS} is not at hand")
    rows = [row for row in list_rows(FILMS / "manifest.csv") if row.split == "external"][::2]
    films = [cv2.imread(str(row.path), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255 for row in rows]
    hashes = np.array([perceptual_hash(film) for film in films])
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=-1)
    others = np.array([[one.patient != other.patient for other in rows] for one in rows])
    assert distances[others].min() > 32
    darker = np.array([perceptual_hash(film**1.3) for film in films])
    assert np.bitwise_count(hashes ^ darker).sum(axis=-1).max() <= 32
