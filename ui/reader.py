"""Reads the dropped films of one session in the background, so that the page only ever shows what is there."""

import logging
import threading
import time

from ui import texts
from ui.films import Film, FilmState, FilmStore
from ui.model import SharedModel

_THREADS = 3  # two to prepare films on two cores while the third waits for the engine
_MODEL_POLL = 0.1  # seconds between looks at a model that still loads

_log = logging.getLogger(__name__)


class Reader:
    """Threads that read and answer the waiting films of a store, and end when there are none.

    While the engine runs on one film, others are decoded and looked at; the film on view has the machine to itself.
    """

    def __init__(self, store: FilmStore, model: SharedModel) -> None:
        self._store = store
        self._model = model
        self._first = ""
        self._threads = 0
        self._in_hand: set[str] = set()  # digests of the films that are being read
        self._changed = threading.Condition()

    @property
    def busy(self) -> bool:
        """Whether films are still being read."""
        return self._threads > 0

    def start(self, first: Film | None) -> None:
        """Go on with the waiting films.

        Args:
            first: the film on view, which comes before the others.
        """
        with self._changed:
            self._first = first.digest if first else ""
        self.go_on()

    def go_on(self) -> None:
        """Go on with the waiting films; what comes first stays as it is."""
        with self._changed:
            for _ in self._todo()[: _THREADS - self._threads]:
                self._threads += 1
                threading.Thread(target=self._run, name="read-films", daemon=True).start()
            self._changed.notify_all()

    def wait_for(self, film: Film, seconds: float) -> None:
        """Wait until a film is answered or refused, at most so long: a short wait saves drawing the page twice."""
        deadline = time.monotonic() + seconds
        while self.busy and film in self._store.waiting() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _todo(self) -> list[Film]:
        """What nobody reads yet: the film on view, then the others in order; films without a model only once."""
        todo = [film for film in self._store.waiting() if film.digest not in self._in_hand]
        if self._model.settled and not self._model.ready:
            todo = [film for film in todo if film.state is FilmState.WAITING]
        elif not self._model.ready:
            todo.sort(key=lambda film: film.state is not FilmState.WAITING)
        todo.sort(key=lambda film: film.digest != self._first)
        return todo

    def _take(self) -> Film | None:
        """Take the next film in hand; None where none is left, and the thread has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._first not in self._in_hand)
            film = next(iter(self._todo()), None)
            if film is None:
                self._threads -= 1
            else:
                self._in_hand.add(film.digest)
            return film

    def _run(self) -> None:
        while (film := self._take()) is not None:
            try:
                self._read(film)
            except Exception as error:  # a fault of ours; the other films still go on
                _log.error("Answering failed with %s.", type(error).__name__)
                self._store.refuse(film, texts.internal_error(type(error).__name__))
            with self._changed:
                self._in_hand.discard(film.digest)
                self._changed.notify_all()

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
