"""Check a data set before training: what is in it, what can not be read, and what stands in it twice.

Copies are found by the bytes of the files (exact) and by a perceptual hash (near): the signs, about their median, of
the 16 x 16 lowest frequencies of the cosine transform of the film at 32 x 32 (Zauner 2010, "Implementation and
Benchmarking of Perceptual Image Hash Functions", there 8 x 8). Among 8 million pairs of real films of different
patients the least distance was 46 of 255 bits; films that were resized, blurred, saved as a poor JPEG, or changed in
gamma lay at most 28 from their original. A copy that was cropped is missed.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pneumo_core.errors import ReadError
from pneumo_core.preprocess import to_square
from pneumo_core.reading import read_film
from pneumo_core.types import CLASSES
from train.data import SPLITS, FilmRow, list_rows, rows_digest

_THUMBNAIL, _FREQUENCIES = 32, 16
_NEAR_BITS = 32
_ROWS_AT_ONCE = 512
_LISTED = 50  # of each kind of problem
_EXAMPLES = 3  # films of a class
_IMBALANCE = 10.0  # films of the largest class for one of the smallest


@dataclass(frozen=True)
class _Seen:
    """What was seen of one film: digest of its bytes, its hash (uint64 [4]), or why it can not be read."""

    digest: str = ""
    bits: NDArray[np.uint64] | None = None
    error: str = ""


def check(data: Path) -> dict[str, Any]:
    """Read every film of a data set once and report on it.

    Args:
        data: manifest CSV or folder of classes.

    Returns:
        Plain JSON values: data, data_sha256, films, patients; counts (films by split and class), sources (films by
        source and class); unreadable ([name, reason]); exact and near (pairs of names with their splits); leaks
        (patients in several of train, val, and test); examples (paths by class); blocking and warnings (sentences).
        Lists of problems are cut after 50; their full numbers stand in totals.

    Raises:
        DataError: if the data set can not even be listed.
    """
    rows = list_rows(data)
    with ThreadPoolExecutor() as pool:
        seen = list(tqdm(pool.map(_look, rows), total=len(rows), desc="Checking films", unit="film"))
    unreadable = [[row.name, film.error] for row, film in zip(rows, seen, strict=True) if film.error]
    exact = _exact_pairs(rows, seen)
    near = _near_pairs(rows, seen)
    leaks = _patient_leaks(rows)
    report: dict[str, Any] = {
        "data": str(data),
        "data_sha256": rows_digest(rows),
        "films": len(rows),
        "patients": len({row.patient for row in rows}),
        "counts": _table([row.split for row in rows], rows),
        "sources": _table([row.source for row in rows], rows),
        "examples": _examples(rows, seen),
        "totals": {"unreadable": len(unreadable), "exact": len(exact), "near": len(near), "leaks": len(leaks)},
        "unreadable": unreadable[:_LISTED],
        "exact": exact[:_LISTED],
        "near": near[:_LISTED],
        "leaks": leaks[:_LISTED],
    }
    report["blocking"] = _blocking(report)
    report["warnings"] = _warnings(report, exact + near)
    return report


def _look(row: FilmRow) -> _Seen:
    try:
        content = row.path.read_bytes()
        film = read_film(content, row.name)
    except (ReadError, OSError) as error:
        return _Seen(error=str(error))
    return _Seen(hashlib.sha256(content).hexdigest(), perceptual_hash(film.pixels))


def perceptual_hash(pixels: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Hash the look of a film: float32 [H, W] in 0..1 -> 255 bits and a zero as uint64 [4]."""
    small = to_square(pixels, _THUMBNAIL)
    low = cv2.dct(small)[:_FREQUENCIES, :_FREQUENCIES].ravel()[1:]  # without the mean
    return np.packbits(np.append(low > np.median(low), False)).view(np.uint64)


def _exact_pairs(rows: Sequence[FilmRow], seen: Sequence[_Seen]) -> list[list[str]]:
    first: dict[str, FilmRow] = {}
    pairs = []
    for row, film in zip(rows, seen, strict=True):
        if film.digest and first.setdefault(film.digest, row) is not row:
            pairs.append(_pair(first[film.digest], row))
    return pairs


def _near_pairs(rows: Sequence[FilmRow], seen: Sequence[_Seen]) -> list[list[str]]:
    """Pairs of films that look alike but are not the same file."""
    known = [(row, film) for row, film in zip(rows, seen, strict=True) if film.bits is not None]
    hashes = np.array([film.bits for _, film in known], np.uint64).reshape(len(known), 4)
    pairs = []
    for start in range(0, len(known), _ROWS_AT_ONCE):
        block = hashes[start : start + _ROWS_AT_ONCE]
        distance = np.zeros((len(block), len(known) - start), np.uint16)
        for word in range(hashes.shape[1]):
            distance += np.bitwise_count(block[:, None, word] ^ hashes[None, start:, word])
        for one, other in np.argwhere(distance <= _NEAR_BITS):
            first, second = known[start + one], known[start + other]
            if other > one and first[1].digest != second[1].digest:
                pairs.append(_pair(first[0], second[0]))
    return pairs


def _pair(one: FilmRow, other: FilmRow) -> list[str]:
    return [one.name, one.split, other.name, other.split]


def _patient_leaks(rows: Sequence[FilmRow]) -> list[list[str]]:
    splits: dict[str, set[str]] = {}
    for row in rows:
        if row.split in SPLITS:
            splits.setdefault(row.patient, set()).add(row.split)
    return [[patient, *sorted(found, key=SPLITS.index)] for patient, found in splits.items() if len(found) > 1]


def _table(keys: Sequence[str], rows: Sequence[FilmRow]) -> dict[str, dict[str, int]]:
    counted = Counter((key, row.film_class) for key, row in zip(keys, rows, strict=True))
    order = sorted(set(keys), key=lambda key: (SPLITS.index(key) if key in SPLITS else len(SPLITS), key))
    return {key: {str(film_class): counted[key, film_class] for film_class in CLASSES} for key in order}


def _examples(rows: Sequence[FilmRow], seen: Sequence[_Seen]) -> dict[str, list[str]]:
    """Paths of a few readable films of each class, spread over the data set."""
    examples = {}
    for film_class in CLASSES:
        paths = [
            str(row.path.absolute())
            for row, film in zip(rows, seen, strict=True)
            if row.film_class is film_class and not film.error
        ]
        examples[str(film_class)] = paths[:: max(1, -(-len(paths) // _EXAMPLES))]
    return examples


def _blocking(report: dict[str, Any]) -> list[str]:
    """What training would refuse."""
    totals, counts = report["totals"], report["counts"]
    found = []
    if totals["unreadable"]:
        found.append(f"{totals['unreadable']} files can not be read. Mend them or take them out of the data set.")
    if totals["leaks"]:
        found.append(
            f"{totals['leaks']} patients have films in more than one of train, val, and test. Give each patient one "
            "split."
        )
    for split in SPLITS:
        missing = [name for name, films in counts.get(split, dict.fromkeys(CLASSES, 0)).items() if not films]
        if missing:
            found.append(f"The split {split} has no film of {', '.join(missing)}. Each class needs some in each split.")
    return found


def _warnings(report: dict[str, Any], pairs: Sequence[Sequence[str]]) -> list[str]:
    """What training bears, but its figures suffer from."""
    found = []
    across = sum(one != other for _, one, _, other in pairs)
    if across:
        found.append(f"{across} pairs of copies lie in different splits: figures of val and test flatter by them.")
    if pairs:
        found.append(f"{len(pairs)} pairs of films are copies of one another; each counts as a film of its own.")
    train = report["counts"].get("train", {})
    if train and min(train.values()) > 0 and max(train.values()) > _IMBALANCE * min(train.values()):
        found.append("The largest class of train has over ten times the films of the smallest.")
    single = [
        film_class
        for film_class in CLASSES
        if len(report["sources"]) > 1 and sum(films[film_class] > 0 for films in report["sources"].values()) == 1
    ]
    if single:
        found.append(
            f"All films of {', '.join(single)} come from one source: a network may learn to tell the source instead."
        )
    return found
