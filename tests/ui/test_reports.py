"""The downloads, which are made in a thread without a session."""

import csv
import io
import threading

from pneumo_core.language import Message, speaking
from ui import reports
from ui.films import FilmStore


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_table_leaves_out_what_the_doctor_has_not_seen_yet(said_of) -> None:
    store = FilmStore()
    seen, unseen = store.accept("seen.dcm", b"1"), store.accept("unseen.dcm", b"2")
    for film in (seen, unseen):
        store.answer(film, said_of())
    seen.revealed = True
    hidden = rows(reports.session_table(store, read_first=True))
    assert [bool(row["answer"]) for row in hidden] == [True, False]
    assert [bool(row["probability_normal"]) for row in hidden] == [True, False]
    assert all(row["answer"] for row in rows(reports.session_table(store, read_first=False)))


def test_a_download_is_made_in_the_language_of_the_page() -> None:
    store = FilmStore()
    store.refuse(store.accept("a.dcm", b"1"), Message("The file is empty. Copy or export the film anew."))
    made = []
    with speaking("ko"):
        make = reports.later(lambda: reports.session_table(store, read_first=False))
    thread = threading.Thread(target=lambda: made.append(make()))
    thread.start()
    thread.join()
    assert rows(made[0])[0]["reason"] == "파일이 비어 있습니다. 다시 복사하거나 내보내십시오."
