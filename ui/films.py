"""The films of one session: decoded once, kept within a bound, forgotten with the session.

Streamlit's upload widget keeps every file as long as it shows it. The page takes the bytes over into this store and
lets the widget go. Of a read film the store keeps the file as it was dropped (films in DICOM and JPEG are already
small that way), a thumbnail, and the answer; past the bound the films looked at least recently are reduced in size.
"""

import base64
import enum
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import ReadError
from pneumo_core.reading import read_film
from pneumo_core.types import Heatmap, Prediction, Radiograph

MAX_FILMS = 400  # a session; at most about 0.5 GB with all of them reduced
FULL_BYTES = 160 * 2**20  # files kept as they were dropped, all films of a session together
_REDUCED_SIDE = 768  # pixels, the long side of a reduced film
_THUMBNAIL_SIDE = 112  # pixels; shown at half that size

_log = logging.getLogger(__name__)


class FilmState(enum.StrEnum):
    """How far a film has come."""

    WAITING = "waiting"  # dropped, not looked at yet
    SHOWN = "shown"  # read, without an answer
    ANSWERED = "answered"
    REFUSED = "refused"


@dataclass
class Film:
    """One dropped file and all that became of it.

    Attributes:
        digest: SHA-256 of the file's bytes, lower-case hex.
        name: the file's name, as dropped.
        phantom: whether it is one of the films that the project drew.
        state: how far it has come.
        reason: why it was refused, for the reader; empty otherwise.
        thumbnail: a JPEG data URI, empty until the film is read.
        size: (rows, columns), (0, 0) until the film is read.
        facts: (label, value) pairs for the foldout.
        identity: (label, value) pairs that identify a person, shown on request only.
        findings: (grade, text) remarks made while reading.
        prediction: the answer, None until given.
        heatmaps: the four maps, empty until given.
    """

    digest: str
    name: str
    phantom: bool
    state: FilmState = FilmState.WAITING
    reason: str = ""
    thumbnail: str = ""
    size: tuple[int, int] = (0, 0)
    facts: tuple[tuple[str, str], ...] = ()
    identity: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    findings: tuple[tuple[str, str], ...] = ()
    prediction: Prediction | None = None
    heatmaps: tuple[Heatmap, ...] = ()


@dataclass(frozen=True, eq=False)
class Picture:
    """The grey values that the viewer gets.

    Attributes:
        digest: the film's digest.
        samples: one byte a sample where all grey values fit, else two, little-endian; row by row.
        shape: (rows, columns); smaller than the film where only a reduced copy is left.
        window: (low, high) grey values shown black and white.
    """

    digest: str
    samples: bytes = field(repr=False)
    shape: tuple[int, int]
    window: tuple[float, float]

    @classmethod
    def of(cls, digest: str, grey: NDArray[np.uint16], window: tuple[float, float]) -> "Picture":
        """Pack uint16 [h, w] grey values."""
        samples = grey.astype(np.uint8 if grey.max() < 256 else "<u2", copy=False).tobytes()
        return cls(digest, samples, (grey.shape[0], grey.shape[1]), window)


class FilmStore:
    """The films of one session, in the order in which they were dropped."""

    def __init__(self) -> None:
        self._films: dict[str, Film] = {}
        self._sources: dict[str, bytes] = {}  # files, the least recently opened first
        self._reduced: dict[str, tuple[bytes, tuple[float, float]]] = {}  # 16-bit PNG and window
        self._open: Radiograph | None = None  # the last film decoded
        self._picture: Picture | None = None  # the last film shown

    def __len__(self) -> int:
        return len(self._films)

    def __iter__(self) -> Iterator[Film]:
        return iter(self._films.values())

    def get(self, digest: str | None) -> Film | None:
        """The film of that digest, or None."""
        return self._films.get(digest) if digest else None

    def accept(self, name: str, data: bytes, *, phantom: bool = False) -> Film:
        """Take over a dropped file. A file that is here already gives its present film, in full size again.

        Args:
            name: the file's name.
            data: its bytes.
            phantom: whether it is one of the films that the project drew.

        Returns:
            The film; refused at once where the session is full.
        """
        digest = hashlib.sha256(data).hexdigest()
        film = self._films.get(digest)
        if film is None:
            film = self._films[digest] = Film(digest, name, phantom)
            if len(self._films) > MAX_FILMS:
                self._refuse(
                    film,
                    f"This session already holds {MAX_FILMS} films, the most it may. Reload the page to start anew.",
                )
        if film.state is not FilmState.REFUSED:
            self._sources[digest] = data
            if self._reduced.pop(digest, None) is not None:
                self._picture = None
        return film

    def waiting(self) -> list[Film]:
        """The films that still need reading or an answer."""
        return [film for film in self if film.state in (FilmState.WAITING, FilmState.SHOWN)]

    def open(self, film: Film) -> Radiograph | None:
        """Decode a film, in full. The last one opened stays decoded.

        Args:
            film: a film of this store.

        Returns:
            The film, or None where it was refused (`film.reason` says why) or only a reduced copy is left.
        """
        if self._open is not None and self._open.digest == film.digest:
            return self._open
        source = self._sources.pop(film.digest, None)
        if source is None:
            return None
        self._sources[film.digest] = source  # now the most recently opened
        try:
            radiograph = read_film(source, film.name)
        except ReadError as error:
            self._refuse(film, str(error))
            return None
        except Exception as error:
            # A fault of ours; the other films still go on. Its message may quote the file, so it is not logged.
            _log.error("Reading failed with %s.", type(error).__name__)
            self._refuse(
                film,
                f"This file could not be read: an error inside the program ({type(error).__name__}). Please report it.",
            )
            return None
        self._open = radiograph
        if film.state is FilmState.WAITING:
            film.state = FilmState.SHOWN
            film.size = (radiograph.height, radiograph.width)
            film.thumbnail = _thumbnail(radiograph)
            film.facts = _facts(radiograph)
            film.identity = radiograph.identity
            film.findings = tuple((finding.grade.value, finding.text) for finding in radiograph.findings)
        return radiograph

    def picture(self, film: Film) -> Picture | None:
        """What the viewer shows of a film: the whole of it, or the reduced copy, or None where it was refused."""
        if self._picture is None or self._picture.digest != film.digest:
            radiograph = self.open(film)
            if radiograph is not None:
                self._picture = Picture.of(film.digest, radiograph.grey, radiograph.window)
            elif film.digest in self._reduced:
                encoded, window = self._reduced[film.digest]
                grey = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
                if grey is None:
                    raise RuntimeError("A reduced film that this store wrote could not be decoded.")
                self._picture = Picture.of(film.digest, grey.astype(np.uint16, copy=False), window)
            else:
                return None
        return self._picture

    def answer(self, film: Film, prediction: Prediction, heatmaps: tuple[Heatmap, ...]) -> None:
        """Note the answer to a film."""
        film.prediction = prediction
        film.heatmaps = heatmaps
        film.state = FilmState.ANSWERED

    def trim(self) -> None:
        """Reduce answered films, the least recently opened first, until the files fit `FULL_BYTES`."""
        total = sum(len(source) for source in self._sources.values())
        open_digest = self._open.digest if self._open else None
        for digest in list(self._sources):
            if total <= FULL_BYTES:
                break
            film = self._films[digest]
            if digest == open_digest or film.state is not FilmState.ANSWERED:
                continue
            source = self._sources.pop(digest)
            total -= len(source)
            radiograph = read_film(source, film.name)
            self._reduced[digest] = (_png(_shrink(radiograph.grey, _REDUCED_SIDE)), radiograph.window)

    def _refuse(self, film: Film, reason: str) -> None:
        film.state = FilmState.REFUSED
        film.reason = reason
        self._sources.pop(film.digest, None)


def _shrink(grey: NDArray[np.uint16], side: int) -> NDArray[np.uint16]:
    """Shrink by area averaging so that the long side is at most `side`: uint16 [H, W] -> uint16 [h, w]."""
    factor = side / max(grey.shape)
    if factor >= 1:
        return grey
    size = (max(round(grey.shape[1] * factor), 1), max(round(grey.shape[0] * factor), 1))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint16, copy=False)


def _png(grey: NDArray[np.uint16]) -> bytes:
    return cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 3])[1].tobytes()


def _thumbnail(radiograph: Radiograph) -> str:
    """A small JPEG of the windowed film, as a data URI."""
    low, high = radiograph.window
    small = _shrink(radiograph.grey, _THUMBNAIL_SIDE).astype(np.float32)
    shown = np.clip((small - low) / (high - low) * 255.0, 0.0, 255.0).astype(np.uint8)
    encoded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(encoded).decode()}"


def _facts(radiograph: Radiograph) -> tuple[tuple[str, str], ...]:
    """The facts of a film as (label, value) pairs, numbers with their units."""
    spacing = "not known"
    if radiograph.spacing_mm is not None:
        row, column = radiograph.spacing_mm
        spacing = f"{row:.3f} × {column:.3f} mm" + (
            f" ({radiograph.spacing_source})" if radiograph.spacing_source else ""
        )
    low, high = radiograph.window
    return (
        ("Format", radiograph.file_format),
        ("Size", f"{radiograph.height} × {radiograph.width} pixels (rows × columns)"),
        ("Stored bits", str(radiograph.bits_stored)),
        ("Photometric", radiograph.photometric),
        ("View", radiograph.view or "not known"),
        ("Pixel spacing", spacing),
        ("Stored window", f"{low:.0f} to {high:.0f}"),
        *radiograph.facts,
        ("SHA-256", f"{radiograph.digest[:16]}…"),
    )
