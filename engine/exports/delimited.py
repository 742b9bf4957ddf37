"""Rows as CSV (RFC 4180, UTF-8), with no text that a spreadsheet would take for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from engine.exports.column import Column, plain

BOM = "\ufeff"
CHUNK = 1 << 16
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # spreadsheets take either width


def csv_of(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], *, bom: bool = False
) -> Iterator[bytes]:
    """Yield the file in pieces; `bom` makes Excel read it as UTF-8.

    A text that begins like a formula gets an apostrophe before it, which a spreadsheet shows as
    text; numbers and dates stay as they are, also below zero.
    """
    pieces = io.StringIO(newline="")
    writer = csv.writer(pieces)
    pieces.write(BOM if bom else "")
    writer.writerow([guarded(column.label) for column in columns])
    for row in rows:
        writer.writerow(_cells(columns, row))
        if pieces.tell() >= CHUNK:
            yield pieces.getvalue().encode()
            pieces.seek(0)
            pieces.truncate()
    yield pieces.getvalue().encode()


def guarded(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula."""
    # spaces, tabs and returns before it are dropped when the file is opened
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def _cells(columns: Sequence[Column], row: Sequence[object]) -> list[str]:
    cells = []
    for column, value in zip(columns, row, strict=True):
        said = plain(column.checked(value))
        cells.append(guarded(said) if column.type == "text" else said)
    return cells
