"""The store of a session's films."""

import hashlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from benchmarks.film_files import dicom_file, film
from pneumo_core.types import Finding, Grade
from ui import films
from ui.films import FilmState, FilmStore


@pytest.fixture
def make() -> Callable[[int], bytes]:
    return lambda seed: dicom_file(film(1400, 1200, bits=12, seed=seed), bits=12, PatientName="Secret^Name")


def test_a_film_is_read_once_and_shown_with_its_own_greys(make, monkeypatch) -> None:
    reads = []
    real = films.read_film
    monkeypatch.setattr(films, "read_film", lambda data, name: reads.append(name) or real(data, name))
    store = FilmStore()
    one = store.accept("film.dcm", make(1))
    assert one.state is FilmState.WAITING
    picture = store.picture(one)
    store.open(one)
    store.picture(one)
    assert reads == ["film.dcm"]
    assert one.state is FilmState.SHOWN
    assert one.size == picture.shape == (1400, 1200)
    shown = np.frombuffer(picture.samples, "<u2").reshape(picture.shape)
    np.testing.assert_array_equal(shown, real(make(1), "").grey)
    assert one.thumbnail.startswith("data:image/jpeg;base64,")
    assert len(one.thumbnail) < 12_000


def test_eight_bit_films_travel_with_one_byte_a_sample() -> None:
    store = FilmStore()
    pixels = film(70, 60, bits=8)
    one = store.accept("film.png", cv2.imencode(".png", pixels)[1].tobytes())
    assert store.picture(one).samples == pixels.tobytes()


def test_the_same_file_is_one_film(make) -> None:
    store = FilmStore()
    assert store.accept("a.dcm", make(1)) is store.accept("b.dcm", make(1))
    assert len(store) == 1


def test_a_bad_file_is_refused_and_forgotten() -> None:
    store = FilmStore()
    bad = store.accept("notes.txt", b"hello")
    assert store.open(bad) is None
    assert bad.state is FilmState.REFUSED
    assert "expected" in bad.reason
    assert store.picture(bad) is None
    assert store.waiting() == []


def test_a_fault_of_ours_refuses_one_film_without_quoting_it(monkeypatch, caplog) -> None:
    def fail(data: bytes, name: str) -> None:
        raise KeyError("Secret^Name")

    monkeypatch.setattr(films, "read_film", fail)
    store = FilmStore()
    one = store.accept("film.dcm", b"x")
    assert store.open(one) is None
    assert "KeyError" in one.reason
    assert "Secret" not in one.reason + caplog.text


def test_identity_is_kept_but_not_printed(make) -> None:
    store = FilmStore()
    one = store.accept("film.dcm", make(1))
    store.open(one)
    assert any("Secret" in value for _, value in one.identity)
    assert "Secret" not in repr(one)
    assert not any("Secret" in value for _, value in one.facts)


def test_what_was_done_to_a_file_is_told_with_what_is_found(make) -> None:
    store = FilmStore()
    remark = Finding("set_right", Grade.NOTE, "Turned.")
    one = store.accept("film.dcm", make(1), remark=remark)
    assert remark in store.read(one).findings
    assert remark in one.findings
    assert store.source(one) == make(1)


def test_beyond_the_bound_films_looked_at_longest_ago_are_reduced_first(make, said_of, monkeypatch) -> None:
    monkeypatch.setattr(films, "FULL_BYTES", 3 * len(make(0)) + 10)
    store = FilmStore()
    dropped = [store.accept(f"{seed}.dcm", make(seed)) for seed in range(5)]
    for one in dropped[:2]:  # looked at, one after the other
        store.open(one)
        store.answer(one, said_of())
    for one in dropped[2:]:  # read in the background
        radiograph = store.read(one)
        store.answer(one, said_of())
        store.trim(radiograph)
    # The first is reduced for the fourth. The second is on view, so the fifth makes room for itself.
    small, whole = (1024, 878), (1400, 1200)
    assert [store.picture(one).shape for one in dropped] == [small, whole, whole, whole, small]
    reduced = np.frombuffer(store.picture(dropped[0]).samples, "<u2").reshape(small).astype(int)
    full = films.read_film(make(0), "").grey
    np.testing.assert_allclose(reduced, cv2.resize(full, small[::-1], interpolation=cv2.INTER_AREA), atol=4)
    assert dropped[0].is_answered
    store.accept("0.dcm", make(0))  # dropped again: in full again
    assert store.picture(dropped[0]).shape == (1400, 1200)


def test_films_without_an_answer_are_never_reduced(make, monkeypatch) -> None:
    monkeypatch.setattr(films, "FULL_BYTES", 10)
    store = FilmStore()
    dropped = [store.accept(f"{seed}.dcm", make(seed)) for seed in range(2)]
    store.trim(store.read(dropped[1]))
    assert all(store.picture(one).shape == (1400, 1200) for one in dropped)


def test_a_reduced_film_can_still_be_reported(make, said_of, monkeypatch) -> None:
    monkeypatch.setattr(films, "FULL_BYTES", 10)
    store = FilmStore()
    one = store.accept("film.dcm", make(1))
    radiograph = store.read(one)
    store.answer(one, said_of(box=(0.0, 0.0, 1200.0, 1400.0)))
    store.trim(radiograph)
    small, scaled = store.for_report(one)
    assert small.grey.shape == (1024, 878)
    assert scaled[0].box == pytest.approx((0, 0, 878, 1024))
    assert str(one.header.PatientName) == "Secret^Name"


def test_more_than_may_wait_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(films, "WAITING_BYTES", 10)
    store = FilmStore()
    assert store.accept("a", b"12345678").state is FilmState.WAITING
    assert store.accept("b", b"abcdefgh").state is FilmState.REFUSED


def test_a_full_session_refuses_more(monkeypatch) -> None:
    monkeypatch.setattr(films, "MAX_FILMS", 2)
    store = FilmStore()
    last = [store.accept(str(at), bytes([at])) for at in range(3)][-1]
    assert last.state is FilmState.REFUSED
    assert "2 films" in last.reason


def test_digests_are_those_of_the_files() -> None:
    assert FilmStore().accept("a", b"abc").digest == hashlib.sha256(b"abc").hexdigest()
