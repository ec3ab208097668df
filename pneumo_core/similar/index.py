"""The index of the training films in a bundle: where each lies among the others for the network.

    similar.bin    centre float32 [K], projection float32 [K, D], places float16 [n, D]; little-endian, no header
    similar.json   the sizes, what each film is (file, label, source, age group, digest), and what was measured on val

A film's place is its pooled feature map (K channels) standardised and projected on D principal components;
`python -m train similar` fits and chooses that (`train.similar`). The search is exact: for some ten thousand films it
takes less than any approximate one would save. The index holds no picture: films are shown only where they lie.
"""

import functools
import hashlib
import json
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import BundleError
from pneumo_core.language import Message
from pneumo_core.model.bundle import SUMS_FILE, Bundle, load_bundle
from pneumo_core.model.sums import AGAIN
from pneumo_core.types import CLASSES, Float32, SimilarFilms, TrainingFilm

INDEX_FILE, PLACES_FILE = "similar.json", "similar.bin"
SCHEMA = 1
NEIGHBOURS = 8  # shown and judged by
_DIGEST_CHARACTERS = 16
_SINGLE, _HALF = np.dtype("<f4"), np.dtype("<f2")


def film_digest(sha256: str) -> str:
    """What the index keeps of a film's SHA-256: enough to tell its file from any other."""
    return sha256[:_DIGEST_CHARACTERS]


@dataclass(frozen=True, eq=False)
class SimilarIndex:
    """The places of the training films.

    Attributes:
        centre: float32 [K], the mean of the features.
        projection: float32 [K, D], from centred features to a place.
        unit_length: whether places are scaled to the length 1, so that only their direction counts.
        places: float32 [n, D], one for each film.
        films: what they are.
        usual: 99 % of the films of val have a smaller mean distance to their nearest `NEIGHBOURS` films of the index.
        measured: what was measured on val; plain JSON values.
    """

    centre: Float32
    projection: Float32
    unit_length: bool
    places: Float32
    films: tuple[TrainingFilm, ...]
    usual: float
    measured: dict[str, Any]

    def __post_init__(self) -> None:
        channels, components = self.projection.shape
        shapes = (self.centre.shape, self.places.shape)
        if shapes != ((channels,), (len(self.films), components)) or len(self._digests) < 2:
            raise ValueError(
                f"The centre has the shape {shapes[0]} and the places {shapes[1]}; ({channels},) and "
                f"({len(self.films)}, {components}) were expected, of two different films at least."
            )
        if not all(np.isfinite(part).all() for part in (self.centre, self.projection, self.places)):
            raise ValueError("The index holds values that are not finite numbers.")
        if not 0 < self.usual < np.inf:
            raise ValueError(f"The usual distance is {self.usual}; a positive number was expected.")

    @functools.cached_property
    def _digests(self) -> frozenset[str]:
        return frozenset(film.digest for film in self.films)

    @property
    def channels(self) -> int:
        """Channels K of the features that it reads."""
        return int(self.projection.shape[0])

    def place(self, pooled: Float32) -> Float32:
        """Find where films lie: float32 [m, K] pooled features -> float32 [m, D]."""
        # einsum and not a matrix product, as in `model.head`: no second pool of threads wakes for it.
        places = np.einsum("mk,kd->md", pooled - self.centre, self.projection)
        if self.unit_length:
            places /= np.maximum(np.linalg.norm(places, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        found: Float32 = places
        return found

    def nearest(self, pooled: Float32, digest: str) -> SimilarFilms:
        """Find the training films nearest to one film.

        Args:
            pooled: float32 [K], the mean of the film's feature map over its rows and columns.
            digest: SHA-256 of the film's file; a training film with it is left out, since it is this very film.

        Returns:
            The nearest `NEIGHBOURS`, or all if there are fewer.
        """
        differences = self.places - self.place(pooled[None])
        distances = np.sqrt(np.einsum("nd,nd->n", differences, differences))
        itself = film_digest(digest)
        others = (int(at) for at in np.argsort(distances, kind="stable") if self.films[at].digest != itself)
        chosen = list(islice(others, NEIGHBOURS))
        return SimilarFilms(
            tuple(self.films[at] for at in chosen),
            tuple(float(distances[at]) for at in chosen),
            self.usual,
            itself in self._digests,
        )


def load_index(bundle: Bundle, channels: int) -> SimilarIndex | None:
    """Read the index of a bundle.

    Args:
        bundle: the checked bundle; only files that its SHA256SUMS lists count.
        channels: of the features that the bundle's network gives.

    Returns:
        The index, or None where the bundle was made without one.

    Raises:
        BundleError: if there is half an index, or it does not say what this version expects.
    """
    present = [name for name in (INDEX_FILE, PLACES_FILE) if name in bundle.files]
    if not present:
        return None
    if len(present) < 2:
        raise BundleError(
            Message(
                "The bundle {bundle} has {file} but not the other file of the index of similar films. {again}",
                bundle=bundle.name,
                file=present[0],
                again=AGAIN,
            )
        )
    try:
        described = json.loads((bundle.folder / INDEX_FILE).read_bytes())
        if described["schema"] != SCHEMA:
            raise BundleError(
                Message(
                    "{file} of {bundle} has schema {found!r}, this version reads {expected}. Make the index anew with "
                    "`python -m train similar`.",
                    file=INDEX_FILE,
                    bundle=bundle.name,
                    found=described["schema"],
                    expected=SCHEMA,
                )
            )
        index = _parse(described, (bundle.folder / PLACES_FILE).read_bytes())
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise BundleError(
            Message(
                "The index of similar films of {bundle} can not be read ({kind}: {error}). {again}",
                bundle=bundle.name,
                kind=type(error).__name__,
                error=str(error),
                again=AGAIN,
            )
        ) from error
    if index.channels != channels:
        raise BundleError(
            Message(
                "The index of similar films of {bundle} reads {found} features, the network gives {expected}. Make the "
                "index anew with `python -m train similar`.",
                bundle=bundle.name,
                found=index.channels,
                expected=channels,
            )
        )
    return index


def _parse(described: dict[str, Any], data: bytes) -> SimilarIndex:
    sources, age_groups = described["sources"], described["age_groups"]
    films = tuple(
        TrainingFilm(str(name), CLASSES[label], str(sources[source]), str(age_groups[age_group]), str(digest))
        for name, label, source, age_group, digest in described["films"]
    )
    channels, components = int(described["channels"]), int(described["components"])
    numbers, at = [], 0
    for shape, dtype in (
        ((channels,), _SINGLE),
        ((channels, components), _SINGLE),
        ((len(films), components), _HALF),
    ):
        count = int(np.prod(shape))
        numbers.append(np.frombuffer(data, dtype, count, at).astype(np.float32).reshape(shape))
        at += count * dtype.itemsize
    if at != len(data):
        raise ValueError(f"{PLACES_FILE} has {len(data)} bytes, {at} were expected")
    centre, projection, places = numbers
    return SimilarIndex(
        centre,
        projection,
        bool(described["unit_length"]),
        places,
        films,
        float(described["usual"]),
        dict(described["measured"]),
    )


def index_files(index: SimilarIndex) -> dict[str, bytes]:
    """Write an index as the files of a bundle, by name.

    Raises:
        ValueError: if a place does not fit half precision.
    """
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused below
        places: NDArray[np.float16] = index.places.astype(_HALF)
    if not np.isfinite(places).all():
        raise ValueError("A film lies too far out for half precision; the features are not standardised.")
    sources = sorted({film.source for film in index.films})
    age_groups = sorted({film.age_group for film in index.films})
    described = {
        "schema": SCHEMA,
        "channels": index.channels,
        "components": index.projection.shape[1],
        "unit_length": index.unit_length,
        "usual": index.usual,
        "measured": index.measured,
        "sources": sources,
        "age_groups": age_groups,
        "films": [
            [
                film.name,
                film.film_class.index,
                sources.index(film.source),
                age_groups.index(film.age_group),
                film.digest,
            ]
            for film in index.films
        ],
    }
    text = json.dumps(described, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    data = [part.astype(_SINGLE).tobytes() for part in (index.centre, index.projection)]
    return {INDEX_FILE: (text + "\n").encode(), PLACES_FILE: b"".join([*data, places.tobytes()])}


def put_index(folder: Path, index: SimilarIndex) -> Bundle:
    """Write an index into a bundle, in place of the one that it may have; the bundle gets a new digest by it.

    A process that is killed meanwhile leaves a sound bundle, with an index or without: files that SHA256SUMS does not
    list do not count, and it is replaced as a whole.

    Returns:
        The bundle, read back and checked.

    Raises:
        BundleError: if there is no sound bundle, or the index does not fit it.
    """
    bundle, files = load_bundle(folder), index_files(index)
    sums = (folder / SUMS_FILE).read_text(encoding="utf-8").splitlines()
    others = [line for line in sums if line.partition("  ")[2] not in files]
    if bundle.files & files.keys():
        _replace(folder, SUMS_FILE, _lines(others))
    for name, content in files.items():
        _replace(folder, name, content)
    ours = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items()]
    _replace(folder, SUMS_FILE, _lines([*others, *ours]))
    return load_bundle(folder)


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line.partition("  ")[2])).encode()


def _replace(folder: Path, name: str, content: bytes) -> None:
    partial = folder.parent / f".{folder.name}.{name}.partial"
    partial.write_bytes(content)
    os.replace(partial, folder / name)
