"""The downloads of one film's report, and of the session's table. Each is made when it is asked for, in memory."""

import datetime
import io
import zipfile
from collections.abc import Callable, Iterable

import streamlit as st

from pneumo_core import language
from pneumo_core.report import ReportContents
from pneumo_core.report.table import table, table_row
from ui import texts
from ui.films import Film, FilmState, FilmStore

_TABLE_STATES = {
    FilmState.WAITING: "waiting",
    FilmState.SHOWN: "waiting",
    FilmState.ANSWERED: "read",
    FilmState.REFUSED: "refused",
}


def contents(store: FilmStore, film: Film, *, named: bool) -> ReportContents:
    """Gather a film's report.

    Args:
        store: the film's store.
        film: an answered film of which the pixels are still in memory.
        named: whether identity goes into the PDF.
    """
    found = store.for_report(film)
    if found is None or film.said is None:
        raise RuntimeError("Only an answered film whose pixels are in memory can be reported.")
    radiograph, heatmaps = found
    return ReportContents(
        film=radiograph,
        prediction=film.said.prediction,
        heatmaps=heatmaps,
        file_name=film.name,
        made_at=datetime.datetime.now().astimezone(),
        assessment=film.said.assessment,
        impression=film.impression,
        override=film.override,
        header=film.header,
        identity=film.identity if named else (),
        similar=film.said.similar,
    )


def dicom_archive(report: ReportContents) -> bytes:
    """A ZIP of the structured report and the capture that it refers to."""
    # Here and below, since these packages take a fifth of a second to import: the page is to stand before.
    from pneumo_core.report.dicom_sr import dicom_files

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, dataset in zip(("capture.dcm", "report.dcm"), dicom_files(report), strict=True):
            file = io.BytesIO()
            dataset.save_as(file, enforce_file_format=True)
            archive.writestr(name, file.getvalue())
    return out.getvalue()


def _pdf(report: ReportContents) -> bytes:
    from pneumo_core.report.pdf import pdf_report

    return pdf_report(report)


def later(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Let a download be made in the page's language: it is made when it is asked for, in a thread without a session."""
    chosen = language.current()

    def made() -> bytes:
        with language.speaking(chosen):
            return make()

    return made


def session_table(films: Iterable[Film], *, read_first: bool) -> bytes:
    """All films of the session as CSV.

    Args:
        films: the films.
        read_first: whether an answer that the doctor has not seen yet stays out of it.
    """

    def is_open(film: Film) -> bool:
        return film.revealed or not read_first

    return table(
        table_row(
            file=film.name,
            digest=film.digest,
            state="refused" if film.is_refused else _TABLE_STATES[film.state],
            reason=film.reason,
            prediction=film.said.prediction if film.said and film.is_answered and is_open(film) else None,
            answer=film.answer.text if film.answer and is_open(film) else "",
            findings=film.remarks if is_open(film) else film.findings,
            impression=film.impression,
        )
        for film in films
    )


def downloads(store: FilmStore, film: Film) -> None:
    """The buttons for one film."""
    st.html(f'<h3 class="pneumo-head">{texts.REPORT}</h3>')
    named = bool(film.identity) and st.toggle(texts.NAME_IN_PDF, key=f"named-{film.digest}")
    stem = f"pneumo-{film.digest[:12]}"
    row = st.container(horizontal=True)  # no columns: on a phone the page puts those in another order
    row.download_button(
        texts.PDF,
        later(lambda: _pdf(contents(store, film, named=named))),
        f"{stem}.pdf",
        "application/pdf",
        on_click="ignore",
        width="stretch",
        help=texts.PDF_HELP,
    )
    row.download_button(
        texts.DICOM,
        later(lambda: dicom_archive(contents(store, film, named=named))),
        f"{stem}-dicom.zip",
        "application/zip",
        on_click="ignore",
        width="stretch",
        help=texts.DICOM_HELP,
    )
