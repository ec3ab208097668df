"""The background reader, and the count of how reading first went."""

import time

import pytest

from benchmarks.film_files import dicom_file, film
from pneumo_core.report import Confidence, Impression, Opinion
from pneumo_core.types import FilmClass, Radiograph
from ui.films import Film, FilmState, FilmStore
from ui.impressions import Tally, tally
from ui.model import FilmAnswer
from ui.reader import Reader


class StandIn:
    """Stands in for the shared model; becomes ready when told so."""

    def __init__(self, said: FilmAnswer, ready: bool = True) -> None:
        self.said = said
        self.ready = ready
        self.settled = ready
        self.asked: list[str] = []

    def answer(self, film: Radiograph) -> FilmAnswer:
        self.asked.append(film.digest)
        if film.width == 90:
            raise KeyError("a fault of the model")
        return self.said


def wait_until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_film_on_view_comes_first_and_no_file_stops_the_rest(said_of) -> None:
    store, model = FilmStore(), StandIn(said_of())
    dropped = [store.accept(f"{at}", dicom_file(film(seed=at, bits=12), bits=12)) for at in range(4)]
    bad = store.accept("notes.txt", b"hello")
    faulty = store.accept("faulty", dicom_file(film(columns=90, seed=9, bits=12), bits=12))
    reader = Reader(store, model)
    reader.start(dropped[2])
    wait_until(lambda: not reader.busy)
    assert model.asked[0] == dropped[2].digest
    assert [one.state for one in dropped] == [FilmState.ANSWERED] * 4
    assert bad.state is faulty.state is FilmState.REFUSED
    assert "KeyError" in faulty.reason


class Slow(StandIn):
    """Answers slowly, and notes how many films it was asked for at the same time, the first one's among them."""

    def __init__(self, said: FilmAnswer, first: str) -> None:
        super().__init__(said)
        self.first = first
        self.now: set[str] = set()
        self.most = 0
        self.beside_first: set[str] = set()

    def answer(self, film: Radiograph) -> FilmAnswer:
        self.now.add(film.digest)
        time.sleep(0.1)
        self.most = max(self.most, len(self.now))
        if self.first in self.now:
            self.beside_first |= self.now
        self.now.remove(film.digest)
        return super().answer(film)


def test_films_are_read_side_by_side_but_the_one_on_view_alone(said_of) -> None:
    store = FilmStore()
    dropped = [store.accept(f"{at}", dicom_file(film(seed=at, bits=12), bits=12)) for at in range(9)]
    model = Slow(said_of(), dropped[4].digest)
    reader = Reader(store, model)
    reader.start(dropped[4])
    wait_until(lambda: not reader.busy)
    assert sorted(model.asked) == sorted(film.digest for film in dropped)
    assert model.beside_first == {dropped[4].digest}
    assert model.most > 1


def test_films_are_shown_before_the_model_is_ready_and_answered_after(said_of) -> None:
    store, model = FilmStore(), StandIn(said_of(), ready=False)
    one = store.accept("film", dicom_file(film(bits=12), bits=12))
    reader = Reader(store, model)
    reader.start(None)
    wait_until(lambda: one.state is FilmState.SHOWN)
    assert one.thumbnail
    model.ready = model.settled = True
    wait_until(lambda: one.state is FilmState.ANSWERED)
    wait_until(lambda: not reader.busy)


def test_without_a_model_reading_ends(said_of) -> None:
    store, model = FilmStore(), StandIn(said_of(), ready=False)
    model.settled = True  # with an error
    one = store.accept("film", dicom_file(film(bits=12), bits=12))
    reader = Reader(store, model)
    reader.start(None)
    wait_until(lambda: not reader.busy)
    assert one.state is FilmState.SHOWN


@pytest.fixture
def read_film(said_of):
    """Makes a film that was read first: what it shows, the word before, the word after, the program's answer."""

    def make(truth: FilmClass | None, before: Opinion, after: Opinion, program: FilmClass) -> Film:
        made = Film("0", "film", phantom=False, state=FilmState.ANSWERED, truth=truth)
        made.first = (before, Confidence.LOW)
        made.impression = Impression(after, Confidence.HIGH, made.first)
        made.said = said_of(program=program)
        return made

    return make


def test_agreement_gain_and_loss_are_counted(read_film) -> None:
    normal, viral = FilmClass.NORMAL, FilmClass.VIRAL
    films = [
        read_film(viral, Opinion.NORMAL, Opinion.VIRAL, viral),  # gained
        read_film(normal, Opinion.NORMAL, Opinion.VIRAL, viral),  # lost
        read_film(normal, Opinion.NORMAL, Opinion.NORMAL, normal),  # agreed
        read_film(None, Opinion.OTHER, Opinion.UNDECIDED, viral),  # changed; truth unknown
        Film("1", "never read", phantom=False, state=FilmState.ANSWERED),
    ]
    assert tally(films) == Tally(films=4, agreed=1, changed=3, known=3, gained=1, lost=1)
