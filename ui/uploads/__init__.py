"""The place to drop files, and what has come of them. The browser sends each file by itself, straight into memory.

Streamlit's upload widget tells the page nothing before the last file of a drop has come, and writes files of more than
one megabyte to the disk on their way.
"""

import secrets
import threading
import time
import weakref

import streamlit as st

from pneumo_core.errors import ReadError
from pneumo_core.reading import MAX_FILE_BYTES, check_file_size
from ui import archives, assets, texts
from ui.films import Film, FilmState, FilmStore
from ui.reader import Reader
from ui.receive import Sent, address

_FIRST = 4  # files of a drop until the page looks for one to show; after that it shows what it shows
_SILENCE = 30.0  # seconds without a word from the browser until the rest of a drop is given up
_AHEAD_BYTES = 128 * 2**20  # files that wait to be read: beyond that the browser waits too

_component = st.components.v2.component(
    "pneumo_uploads",
    html=assets.text("uploads/uploads.html"),
    css=assets.text("uploads/uploads.css"),
    js=assets.script("uploads/uploads.js"),
)
_sessions: weakref.WeakValueDictionary[str, "Uploads"] = weakref.WeakValueDictionary()


class Uploads:
    """What has come of the files that one session drops. The server's threads use it beside the page's own.

    Attributes:
        token: what a browser shows to be of this session.
        reader: what reads the session's films.
        turn: rises whenever a page that stands still should be drawn anew.
    """

    def __init__(self, store: FilmStore) -> None:
        self.token = secrets.token_urlsafe(32)
        self.reader: Reader | None = None
        self.turn = 0
        self._store = store
        self._drop = ""
        self._came = 0  # files of the present drop
        self._left = 0  # files that the browser still holds
        self._heard = 0.0  # time.monotonic() of the last file
        self._fresh: list[str] | None = None  # digests of which one is to be put on view; None once it is
        self._lock = threading.Lock()
        _sessions[self.token] = self

    @property
    def coming(self) -> bool:
        """Whether files are still on their way."""
        return self._left > 0 and time.monotonic() - self._heard < _SILENCE

    @property
    def must_wait(self) -> bool:
        """Whether so much waits to be read that the next file should not come yet."""
        return self.reader is not None and self.reader.busy and self._store.waiting_bytes > _AHEAD_BYTES

    def show(self, films: list[Film]) -> None:
        """Put the first readable one of these on view next."""
        with self._lock:
            self._fresh = [film.digest for film in films]

    def keep_view(self) -> None:
        """Leave on view what is there, whatever has come."""
        with self._lock:
            self._fresh = None

    def newcomer(self) -> Film | None:
        """The film to put on view because it has just come: the first readable one of a drop, once; or None."""
        for film in map(self._store.get, self._fresh or []):
            if film is not None and (film.state is FilmState.ANSWERED or self._store.open(film) is not None):
                self.keep_view()
                return film
        if not self.coming:
            self.keep_view()
        return None

    def take(self, sent: Sent, data: bytes) -> bool:
        """Take over a file that has come, or each file of an archive, and have it read.

        Args:
            sent: what the browser says of it.
            data: its bytes; none where it is too large to be sent.

        Returns:
            Whether the page should be drawn anew.
        """
        films = self._refuse_large(sent) if sent.size > MAX_FILE_BYTES else self._accept(sent.name, data)
        with self._lock:
            if sent.drop != self._drop:
                self._drop, self._came, self._fresh = sent.drop, 0, []
            if self._fresh is not None:
                self._fresh += [film.digest for film in films]
            self._came += 1
            self._left, self._heard = sent.left, time.monotonic()
            look = self._came == _FIRST or sent.left == 0
            self.turn += look
        if self.reader is not None:
            self.reader.go_on()
        return look

    def _refuse_large(self, sent: Sent) -> list[Film]:
        film = self._store.accept(sent.name, f"{sent.name} of {sent.size} bytes, never seen".encode())
        try:
            check_file_size(sent.size)
        except ReadError as error:
            self._store.refuse(film, str(error))
        return [film]

    def _accept(self, name: str, data: bytes) -> list[Film]:
        if not archives.is_archive(data):
            return [self._store.accept(name, data)]
        films = []
        try:
            for inside, contents in archives.unpack(data):
                films.append(self._store.accept(f"{name}/{inside}", contents))
        except ReadError as error:
            archive = self._store.accept(name, data)
            self._store.refuse(archive, str(error))
            films.append(archive)
        return films


def of_token(token: str) -> Uploads | None:
    """The uploads of the session that has this token; None where there is no such session (any more)."""
    return _sessions.get(token)


def zone(uploads: Uploads, label: str, *, large: bool) -> None:
    """The place to drop or choose files; while it is on the page, they can be dropped anywhere on it.

    Args:
        uploads: of the session.
        label: what to drop, for screen readers.
        large: whether it is the main thing on the page.
    """
    _component(
        key="drop-zone",
        data={
            "address": address(),
            "token": uploads.token,
            "limit": MAX_FILE_BYTES,
            "label": label,
            "large": large,
            "words": texts.UPLOAD_WORDS | {"limit": texts.UPLOAD_LIMIT.format(megabytes=MAX_FILE_BYTES // 2**20)},
        },
        on_look_change=_nothing,
    )


def _nothing() -> None:
    """A trigger exists only where a callback is named. That it draws the page anew is all that is wanted of it."""
