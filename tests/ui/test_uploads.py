"""Dropped files: what the server's address takes and refuses, and which film they put on view."""

import asyncio
import gc
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import numpy as np
import pytest

from benchmarks.film_files import dicom_file, film
from pneumo_core.reading import MAX_FILE_BYTES
from ui import receive
from ui.films import FilmState, FilmStore
from ui.uploads import Uploads

FILM = dicom_file(film(300, 260, bits=12, seed=1), bits=12)


def headers_of(uploads: Uploads, name: str, size: int, *, left: int = 0, drop: str = "1") -> dict[str, str]:
    return {
        "x-pneumo-token": uploads.token,
        "x-pneumo-name": quote(name),
        "x-pneumo-size": str(size),
        "x-pneumo-drop": drop,
        "x-pneumo-left": str(left),
    }


def post(headers: dict[str, str], *chunks: bytes, method: str = "POST") -> tuple[int, bytes]:
    """Send a request to the address as the server does: (status, body of the reply)."""
    coming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    coming.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict] = []

    async def receive_part() -> dict:
        return coming.pop(0)

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": receive.address(),
        "query_string": b"",
        "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
    }
    # In a thread of its own: after a browser test, Playwright's event loop still runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, receive.route().handle(scope, receive_part, send)).result()
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def take(uploads: Uploads, name: str, data: bytes, **more) -> bool:
    status, reply = post(headers_of(uploads, name, len(data), **more), data[:1000], data[1000:])
    assert status == 200
    return json.loads(reply)["look"]


@pytest.fixture
def store() -> FilmStore:
    return FilmStore()


@pytest.fixture
def uploads(store: FilmStore) -> Uploads:
    return Uploads(store)


def test_a_file_comes_whole_under_its_own_name(store: FilmStore, uploads: Uploads) -> None:
    assert take(uploads, "환자/영상 1.dcm", FILM)
    (one,) = store
    assert (one.name, one.state) == ("환자/영상 1.dcm", FilmState.WAITING)
    assert store.source(one) == FILM


def test_the_page_is_drawn_at_the_fourth_file_and_at_the_last(uploads: Uploads) -> None:
    looks = [take(uploads, f"{at}", b"%d" % at, left=6 - at) for at in range(7)]
    assert looks == [False, False, False, True, False, False, True]
    assert uploads.turn == 2
    assert not uploads.coming


def test_what_is_not_of_a_session_or_not_whole_is_not_taken(store: FilmStore, uploads: Uploads) -> None:
    good = headers_of(uploads, "film.dcm", len(FILM))
    assert post(good | {"x-pneumo-token": "another"}, FILM)[0] == 403
    assert post({key: value for key, value in good.items() if key != "x-pneumo-token"}, FILM)[0] == 400
    assert post(good | {"x-pneumo-left": "-1"}, FILM)[0] == 400
    assert post(good | {"x-pneumo-size": "many"}, FILM)[0] == 400
    assert post(good, FILM[:-1])[0] == 400
    assert post(good, FILM, b"more")[0] == 400
    assert post(good, FILM, method="OPTIONS")[0] == 405  # what the browser asks before another site's page may send
    assert len(store) == 0


def test_the_token_ends_with_the_session(store: FilmStore) -> None:
    uploads = Uploads(store)
    headers = headers_of(uploads, "film.dcm", len(FILM))
    del uploads
    gc.collect()
    assert post(headers, FILM)[0] == 403


def test_a_file_that_is_too_large_is_only_told_of(store: FilmStore, uploads: Uploads) -> None:
    status, _ = post(headers_of(uploads, "large.dcm", MAX_FILE_BYTES + 1))
    (one,) = store
    assert (status, one.name, one.state) == (200, "large.dcm", FilmState.REFUSED)
    assert "128 MB" in one.reason


def test_more_than_is_taken_is_not_kept(store: FilmStore, uploads: Uploads) -> None:
    part = bytes(MAX_FILE_BYTES // 4 + 1)
    assert post(headers_of(uploads, "lies.dcm", 10), part, part, part, part)[0] == 413
    assert len(store) == 0


def test_an_archive_becomes_its_files_and_a_broken_one_a_reason(store: FilmStore, uploads: Uploads) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.dcm", FILM)
        archive.writestr("b.txt", "no film")
    take(uploads, "set.zip", packed.getvalue(), left=1)
    take(uploads, "cut.zip", packed.getvalue()[:-20])
    assert [one.name for one in store] == ["set.zip/a.dcm", "set.zip/b.txt", "cut.zip"]
    assert "damaged" in list(store)[2].reason


def test_the_first_readable_film_of_a_drop_comes_on_view_once(store: FilmStore, uploads: Uploads) -> None:
    other = dicom_file(film(300, 260, bits=12, seed=2), bits=12)
    take(uploads, "notes.txt", b"no film", left=2)
    assert uploads.newcomer() is None
    take(uploads, "film.dcm", FILM, left=1)
    assert uploads.newcomer().name == "film.dcm"
    take(uploads, "other.dcm", other)
    assert uploads.newcomer() is None
    take(uploads, "other.dcm", other, drop="2")  # dropped again: to be looked at
    assert uploads.newcomer().name == "other.dcm"


def test_a_film_chosen_meanwhile_stays_on_view(store: FilmStore, uploads: Uploads) -> None:
    take(uploads, "film.dcm", FILM, left=1)
    uploads.keep_view()
    take(uploads, "notes.txt", b"no film")
    assert uploads.newcomer() is None


def test_files_that_never_come_are_given_up(uploads: Uploads, monkeypatch) -> None:
    take(uploads, "film.dcm", FILM, left=3)
    assert uploads.coming
    monkeypatch.setattr("ui.uploads._SILENCE", 0.0)
    assert not uploads.coming


def test_the_browser_waits_while_much_waits_to_be_read(store: FilmStore, uploads: Uploads, monkeypatch) -> None:
    class Busy:
        busy = True

        def go_on(self) -> None:
            """Reads nothing."""

    uploads.reader = Busy()
    monkeypatch.setattr("ui.uploads._AHEAD_BYTES", len(FILM) - 1)
    monkeypatch.setattr(receive, "_PATIENCE", 0.1)
    take(uploads, "film.dcm", FILM)
    assert uploads.must_wait
    grey = np.zeros((64, 64), np.uint16)
    take(uploads, "late.dcm", dicom_file(grey, bits=12))  # in the end it is taken all the same
    assert len(store) == 2
