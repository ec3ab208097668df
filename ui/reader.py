"""Reads the dropped films of one session in the background, so that the page only ever shows what is there."""

import logging
import threading
import time

from ui import texts
from ui.films import Film, FilmState, FilmStore
from ui.model import SharedModel

_MODEL_POLL = 0.1  # seconds between looks at a model that still loads

_log = logging.getLogger(__name__)


class Reader:
    """One thread that reads and answers the waiting films of a store, and ends when there are none."""

    def __init__(self, store: FilmStore, model: SharedModel) -> None:
        self._store = store
        self._model = model
        self._first = ""
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether films are still being read."""
        return self._thread is not None

    def start(self, first: Film | None) -> None:
        """Go on with the waiting films.

        Args:
            first: the film on view, which comes before the others.
        """
        with self._lock:
            self._first = first.digest if first else ""
            if self._thread is None and self._next() is not None:
                self._thread = threading.Thread(target=self._run, name="read-films", daemon=True)
                self._thread.start()

    def wait_for(self, film: Film, seconds: float) -> None:
        """Wait until a film is answered or refused, at most so long: a short wait saves drawing the page twice."""
        deadline = time.monotonic() + seconds
        while self.busy and film in self._store.waiting() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _next(self) -> Film | None:
        """What to read now: the film on view, then the others in order; films without a model only once."""
        todo = self._store.waiting()
        if self._model.settled and not self._model.ready:
            todo = [film for film in todo if film.state is FilmState.WAITING]
        elif not self._model.ready:
            todo.sort(key=lambda film: film.state is not FilmState.WAITING)
        todo.sort(key=lambda film: film.digest != self._first)
        return todo[0] if todo else None

    def _run(self) -> None:
        while True:
            with self._lock:
                film = self._next()
                if film is None:
                    self._thread = None
                    return
            try:
                self._read(film)
            except Exception as error:  # a fault of ours; the other films still go on
                _log.error("Answering failed with %s.", type(error).__name__)
                self._store.refuse(film, texts.internal_error(type(error).__name__))

    def _read(self, film: Film) -> None:
        if film.state is FilmState.SHOWN and not self._model.ready:
            time.sleep(_MODEL_POLL)
            return
        radiograph = self._store.open(film) if film.digest == self._first else self._store.read(film)
        if radiograph is None:
            if film.state in (FilmState.WAITING, FilmState.SHOWN):  # its bytes are gone, by no fault of the reader's
                self._store.refuse(film, texts.FILM_GONE)
        elif self._model.ready:
            self._store.answer(film, self._model.answer(radiograph))
            self._store.trim(radiograph)
