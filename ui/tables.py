"""Tables as plain HTML, which every browser and screen reader knows."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import streamlit as st


def table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> None:
    """Show a table.

    Args:
        header: titles of the columns; the first column holds the titles of the rows.
        rows: cells, as text.
        caption: what the table shows.
    """
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in header)
    body = "".join(
        f'<tr><th scope="row">{escape(title)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for title, *cells in rows
    )
    words = f"<caption>{escape(caption)}</caption>" if caption else ""
    st.html(
        f'<div class="pneumo-table"><table>{words}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def cell(figure: Mapping[str, float | None]) -> str:
    """A figure with its interval, three digits; "-" where it is not defined."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return "-"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
