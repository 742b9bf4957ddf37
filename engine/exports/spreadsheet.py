"""Rows as XLSX: texts stay texts with their zeros, numbers and dates can be reckoned with."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from engine.errors import Refused
from engine.exports.column import Column, plain
from engine.exports.delimited import CHUNK

MOST_ROWS = 1_048_575  # below the heading, on one sheet
MOST_LETTERS = 32_767  # in one cell; a longer text would be left out without a word
MOST_DIGITS = 15  # more, and a spreadsheet rounds
WIDTHS = {"text": 22, "integer": 12, "quantity": 14, "date": 12, "datetime": 20, "boolean": 10}
FORMATS = {
    "text": "@",
    "integer": "0",
    "quantity": "General",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm:ss",
    "boolean": "General",
}
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class CellTooLong(Refused):
    """A text in column %(column)s is longer than a cell of XLSX holds. Download it as CSV."""


def xlsx_of(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], *, title: str, at: datetime
) -> Iterator[bytes]:
    """Yield the file in pieces; `at` is the moment it says it was made. Moments are in UTC.

    The whole file is written beside the memory before the first piece leaves, row by row; what
    is beyond one sheet goes on to the next. Raises `CellTooLong`.
    """
    folder = Path(tempfile.mkdtemp(prefix="export-"))
    try:
        file = folder / "export.xlsx"
        _write(file, columns, rows, title=title, at=at)
        with file.open("rb") as written:
            while piece := written.read(CHUNK):
                yield piece
    finally:
        shutil.rmtree(folder)


def _write(
    file: Path,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    title: str,
    at: datetime,
) -> None:
    book = xlsxwriter.Workbook(
        str(file),
        {
            "constant_memory": True,
            "tmpdir": str(file.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"title": title, "created": at.astimezone(UTC).replace(tzinfo=None)})
    try:
        _fill(book, columns, rows, title)
    finally:
        book.close()  # also lets go of its temporary files


def _fill(
    book: Any, columns: Sequence[Column], rows: Iterable[Sequence[object]], title: str
) -> None:
    formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
    sheet, line = _sheet(book, columns, title), 0
    for row in rows:
        if line == MOST_ROWS:
            sheet, line = _sheet(book, columns, title), 0
        line += 1
        for place, (column, value) in enumerate(zip(columns, row, strict=True)):
            _cell(sheet, line, place, column, column.checked(value), formats[column.type])


def _sheet(book: Any, columns: Sequence[Column], title: str) -> Any:
    number = len(book.worksheets()) + 1
    name = _NOT_IN_A_NAME.sub(" ", title).strip(" '")[:26] or "Holdfast"
    sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
    heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    for place, column in enumerate(columns):
        sheet.set_column(place, place, WIDTHS[column.type])
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        label = f"{column.label} (UTC)" if column.type == "datetime" else column.label
        sheet.write_string(0, place, label, heading)
    return sheet


def _cell(sheet: Any, line: int, place: int, column: Column, value: object, format: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value, format)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, place, value.astimezone(UTC).replace(tzinfo=None), format)
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, format)
    elif isinstance(value, int | Decimal) and _is_kept_exactly(value):
        sheet.write_number(line, place, value, format)
    else:
        said = plain(value)
        if len(said) > MOST_LETTERS:
            raise CellTooLong(column=column.label)
        sheet.write_string(line, place, said, format)


def _is_kept_exactly(value: int | Decimal) -> bool:
    return len(Decimal(value).as_tuple().digits) <= MOST_DIGITS
