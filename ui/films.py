"""The films of one session: decoded once, kept within a bound, forgotten with the session.

Streamlit's upload widget keeps every file as long as it shows it. The page takes the bytes over into this store and
lets the widget go. Of a read film the store keeps the file as it was dropped (films in DICOM and JPEG are already
small that way), a thumbnail, and the answer; past the bound films are reduced in size. Page and background reader use
the store at the same time: what changes it holds its lock, and decoding does not.
"""

import enum
import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from pneumo_core.answer import Answer
from pneumo_core.errors import ReadError
from pneumo_core.reading import read_film
from pneumo_core.report import Confidence, Impression, Opinion
from pneumo_core.report.study import study_header
from pneumo_core.similar import remarks_on
from pneumo_core.types import FilmClass, Finding, Heatmap, Radiograph, Verdict
from ui import texts
from ui.film_facts import film_facts
from ui.model import FilmAnswer, Maps
from ui.thumbnails import shrink, thumbnail

MAX_FILMS = 400  # a session; at most about 0.3 GB with all of them reduced
FULL_BYTES = 128 * 2**20  # files kept as they were dropped, all answered films of a session together
WAITING_BYTES = 512 * 2**20  # files that wait to be read
_REDUCED_SIDE = 1024  # pixels, the long side of a reduced film

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
        spacing_mm: (row, column) distance of pixel centres in millimetres, or None where unknown.
        spacing_source: the DICOM attribute that the spacing comes from, or None.
        facts: (label, value) pairs for the foldout.
        identity: (label, value) pairs that identify a person, shown on request only.
        header: patient and study of a DICOM film, for its report; None for PNG and JPEG.
        findings: remarks made while reading; from the answer on, those of the intake, the same among them.
        said: what the program says of it, None until it did.
        maps: the maps made so far, by the name of their method.
        override: why the doctor wants the answer to a film that the intake refused; empty where nobody does.
        truth: what the film is known to show, as in a teaching set; None where that is not known.
        note: what else is known of it there.
        remark: what was done to the file before it came here, as a finding; None where nothing was.
        truth_shown: whether the doctor has seen truth and note; from then on the impression stands.
        first: the doctor's opinion and confidence as recorded before the answer was shown.
        revealed: whether the doctor has seen the answer.
        impression: the doctor's word as it stands.
    """

    digest: str
    name: str
    phantom: bool
    state: FilmState = FilmState.WAITING
    reason: str = ""
    thumbnail: str = ""
    size: tuple[int, int] = (0, 0)
    spacing_mm: tuple[float, float] | None = None
    spacing_source: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    identity: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    header: Dataset | None = field(default=None, repr=False)
    findings: tuple[Finding, ...] = ()
    said: FilmAnswer | None = None
    maps: dict[str, Maps] = field(default_factory=dict, repr=False)
    override: str = ""
    truth: FilmClass | None = None
    note: str = ""
    remark: Finding | None = None
    truth_shown: bool = False
    first: tuple[Opinion, Confidence] | None = None
    revealed: bool = False
    impression: Impression | None = None

    @property
    def answer(self) -> Answer | None:
        """What is called the answer, None until there is one."""
        if self.said is None:
            return None
        return self.said.if_overridden if self.override else self.said.answer

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """The findings, and what the similar films say of the answer: only where the answer may be seen."""
        if self.said is None or self.answer is None or not self.is_answered:
            return self.findings
        return (*remarks_on(self.said.similar, self.answer), *self.findings)

    @property
    def is_refused(self) -> bool:
        """Whether the file could not be read, or the intake refuses it and the doctor did not ask all the same."""
        at_intake = self.said is not None and self.said.assessment.verdict is Verdict.REFUSE and not self.override
        return self.state is FilmState.REFUSED or at_intake

    @property
    def is_answered(self) -> bool:
        """Whether probabilities and maps may be shown."""
        return self.said is not None and not self.is_refused


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


@dataclass(frozen=True)
class _Reduced:
    """A film at a smaller size, kept as JPEG-LS whose grey values are off by less than a thousandth of their range."""

    encoded: bytes = field(repr=False)
    window: tuple[float, float]

    @classmethod
    def of(cls, radiograph: Radiograph) -> "_Reduced":
        small = shrink(radiograph.grey, _REDUCED_SIDE)
        return cls(bytes(imagecodecs.jpegls_encode(small, level=int(np.ptp(small)) // 1000)), radiograph.window)

    @property
    def grey(self) -> NDArray[np.uint16]:
        """Uint16 [h, w]."""
        return imagecodecs.jpegls_decode(self.encoded).astype(np.uint16, copy=False)


class FilmStore:
    """The films of one session, in the order in which they were dropped."""

    def __init__(self) -> None:
        self._films: dict[str, Film] = {}
        self._sources: dict[str, bytes] = {}  # files
        self._reduced: dict[str, _Reduced] = {}
        self._looked_at: dict[str, None] = {}  # digests, the one opened longest ago first
        self._open: Radiograph | None = None  # the last film opened to be looked at
        self._pictures: dict[str, Picture] = {}  # the last films shown, at most two: they can stand side by side
        self._lock = threading.RLock()
        self._trimming = threading.Lock()  # two threads would reduce the same film

    def __len__(self) -> int:
        return len(self._films)

    def __iter__(self) -> Iterator[Film]:
        return iter(list(self._films.values()))

    def get(self, digest: str | None) -> Film | None:
        """The film of that digest, or None."""
        return self._films.get(digest) if digest else None

    def accept(
        self,
        name: str,
        data: bytes,
        *,
        phantom: bool = False,
        truth: FilmClass | None = None,
        note: str = "",
        remark: Finding | None = None,
    ) -> Film:
        """Take over a dropped file. A file that is here already gives its present film, in full size again.

        Args:
            name: the file's name.
            data: its bytes.
            phantom: whether it is one of the films that the project drew.
            truth: what the film is known to show.
            note: what else is known of it.
            remark: what was done to the file, to be told with what is found.

        Returns:
            The film; refused at once where the session is full.
        """
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            film = self._films.get(digest)
            if film is None:
                film = self._films[digest] = Film(digest, name, phantom, truth=truth, note=note, remark=remark)
                if len(self._films) > MAX_FILMS:
                    self.refuse(film, texts.session_full(MAX_FILMS))
                elif self.waiting_bytes + len(data) > WAITING_BYTES:
                    self.refuse(film, texts.too_much_waiting(WAITING_BYTES // 2**20))
            if film.state is not FilmState.REFUSED:
                self._sources[digest] = data
                if self._reduced.pop(digest, None) is not None:
                    self._pictures.pop(digest, None)
        return film

    @property
    def waiting_bytes(self) -> int:
        """Size of the files that wait to be read."""
        return sum(len(self._sources.get(film.digest, b"")) for film in self.waiting())

    def waiting(self) -> list[Film]:
        """The films that still need reading or an answer."""
        return [film for film in self if film.state in (FilmState.WAITING, FilmState.SHOWN)]

    def open(self, film: Film) -> Radiograph | None:
        """Decode a film to look at it, in full. The last one opened stays decoded.

        Args:
            film: a film of this store.

        Returns:
            The film, or None where it was refused (`film.reason` says why) or only a reduced copy is left.
        """
        with self._lock:
            if self._open is not None and self._open.digest == film.digest:
                return self._open
            self._looked_at.pop(film.digest, None)
            self._looked_at[film.digest] = None
        radiograph = self.read(film)
        if radiograph is not None:
            with self._lock:
                self._open = radiograph
        return radiograph

    def read(self, film: Film) -> Radiograph | None:
        """Decode a film without keeping it; otherwise as `open`."""
        source = self._sources.get(film.digest)
        if source is None:
            return None
        try:
            radiograph = read_film(source, film.name)
            if film.remark:
                radiograph = replace(radiograph, findings=(*radiograph.findings, film.remark))
            if film.state is FilmState.WAITING:
                self._note(film, radiograph, source)
        except ReadError as error:
            self.refuse(film, str(error))
            return None
        except Exception as error:
            # A fault of ours; the other films still go on. Its message may quote the file, so it is not logged.
            _log.error("Reading failed with %s.", type(error).__name__)
            self.refuse(film, texts.internal_error(type(error).__name__))
            return None
        return radiograph

    def _note(self, film: Film, radiograph: Radiograph, source: bytes) -> None:
        """Take down what stays of a film when its pixels are gone."""
        header = study_header(source, film.digest) if radiograph.file_format.startswith("DICOM") else None
        with self._lock:
            film.size = (radiograph.height, radiograph.width)
            film.thumbnail = thumbnail(radiograph)
            film.spacing_mm, film.spacing_source = radiograph.spacing_mm, radiograph.spacing_source
            film.facts = film_facts(radiograph)
            film.identity = radiograph.identity
            film.findings = radiograph.findings
            film.header = header
            if film.state is FilmState.WAITING:
                film.state = FilmState.SHOWN

    def picture(self, film: Film) -> Picture | None:
        """What the viewer shows of a film: the whole of it, or the reduced copy, or None where it was refused."""
        picture = self._pictures.pop(film.digest, None)
        if picture is None:
            radiograph = self.open(film)
            if radiograph is not None:
                picture = Picture.of(film.digest, radiograph.grey, radiograph.window)
            elif film.digest in self._reduced:
                reduced = self._reduced[film.digest]
                picture = Picture.of(film.digest, reduced.grey, reduced.window)
            else:
                return None
        self._pictures = dict([*self._pictures.items(), (film.digest, picture)][-2:])
        return picture

    def source(self, film: Film) -> bytes | None:
        """The film's file, or None where it was refused or only a reduced copy is left."""
        return self._sources.get(film.digest)

    def has_pixels(self, film: Film) -> bool:
        """Whether there is something to be seen of a film."""
        return film.digest in self._sources or film.digest in self._reduced

    def for_report(self, film: Film) -> tuple[Radiograph, tuple[Heatmap, ...]] | None:
        """The film and its maps in one measure: in full, or as the reduced copy, or None where neither is left."""
        if film.said is None:
            return None
        heatmaps = film.said.maps.heatmaps
        radiograph = self.open(film)
        if radiograph is not None:
            return radiograph, heatmaps
        if film.digest not in self._reduced:
            return None
        grey, window = self._reduced[film.digest].grey, self._reduced[film.digest].window
        facts = dict(film.facts)
        radiograph = Radiograph(
            grey, window, 16, film.digest, facts["Format"], facts["Photometric"], findings=film.findings
        )
        factors = (grey.shape[1] / film.size[1], grey.shape[0] / film.size[0])
        return radiograph, tuple(_scaled(heatmap, factors) for heatmap in heatmaps)

    def answer(self, film: Film, said: FilmAnswer) -> None:
        """Note what the program says of a film."""
        with self._lock:
            film.said = said
            film.findings = said.assessment.findings
            film.maps = {said.maps.heatmaps[0].method: said.maps}
            film.state = FilmState.ANSWERED

    def trim(self, radiograph: Radiograph) -> None:
        """Reduce answered films until their files fit `FULL_BYTES`.

        First those that were looked at, the longest ago before the others; they have served. Then the film just read.

        Args:
            radiograph: the film just read, still decoded.
        """
        with self._trimming:
            while self._answered_bytes() > FULL_BYTES:
                with self._lock:
                    on_view = {self._open.digest if self._open else None, *self._pictures}
                    seen = [
                        digest for digest in self._looked_at if self._is_reducible(digest) and digest not in on_view
                    ]
                if seen:
                    full = read_film(self._sources[seen[0]], "")
                elif radiograph.digest not in on_view and self._is_reducible(radiograph.digest):
                    full = radiograph
                else:
                    return
                reduced = _Reduced.of(full)
                with self._lock:
                    self._reduced[full.digest] = reduced
                    del self._sources[full.digest]

    def _answered_bytes(self) -> int:
        return sum(len(self._sources.get(film.digest, b"")) for film in self if film.state is FilmState.ANSWERED)

    def _is_reducible(self, digest: str) -> bool:
        return digest in self._sources and self._films[digest].state is FilmState.ANSWERED

    def refuse(self, film: Film, reason: str) -> None:
        """Note why a file can not be used, and let go of it."""
        with self._lock:
            film.state = FilmState.REFUSED
            film.reason = reason
            self._sources.pop(film.digest, None)


def _scaled(heatmap: Heatmap, factors: tuple[float, float]) -> Heatmap:
    left, top, right, bottom = heatmap.box
    across, down = factors
    return replace(heatmap, box=(left * across, top * down, right * across, bottom * down))
