"""Reading a table another system sent: CSV or XLSX, row by row, under the names of our columns."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any
from zipfile import BadZipFile, ZipFile

from python_calamine import CalamineError, CalamineWorkbook

from engine.errors import Problem
from engine.serials.exchange.errors import ColumnsMissing, FileNotRead
from engine.words import N_

LARGEST_CELL = 10_000
LARGEST_SHEET = 2 << 30  # what an XLSX may unpack to
NOT_TEXT = N_("it is not in UTF-8 at byte %(byte)s")
MOST = Decimal(10) ** 12


def rows_of(content: bytes, columns: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line number, by our names of the columns (`columns`: ours: theirs).

    Raises `FileNotRead`, `ColumnsMissing`.
    """
    lines = _sheet(content) if content.startswith(b"PK\x03\x04") else _csv(content)
    header = [str(cell).strip().casefold() for cell in next(lines, [])]
    places = {}
    for ours, theirs in columns.items():
        if theirs.strip():
            places[ours] = theirs.strip()
    missing = [theirs for theirs in places.values() if theirs.casefold() not in header]
    if missing:
        raise ColumnsMissing(columns=", ".join(missing))
    found = {ours: header.index(theirs.casefold()) for ours, theirs in places.items()}
    for number, cells in enumerate(lines, 2):
        if any(cell.strip() for cell in cells):
            yield (
                number,
                {n: cells[at].strip() if at < len(cells) else "" for n, at in found.items()},
            )


def quantity_of(text: str) -> Decimal | None:
    """Return a quantity as systems write it (`12`, `12.50`, `1,5`); None when it is none."""
    plain = text.replace("\u00a0", "").replace(" ", "")
    if "," in plain:
        plain = plain.replace(",", "") if "." in plain else plain.replace(",", ".")
    try:
        found = Decimal(plain)
    except InvalidOperation:
        return None
    is_ours = found.is_finite() and abs(found) < MOST
    return found.quantize(Decimal("0.000001")) if is_ours else None


def _csv(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise FileNotRead(why=str(Problem("", NOT_TEXT, (("byte", problem.start),)))) from problem
    first = text.partition("\n")[0]
    delimiter = max(";\t|,", key=first.count)
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as problem:
        raise FileNotRead(why=f"line {reader.line_num}: {problem}") from problem


def _sheet(content: bytes) -> Iterator[list[str]]:
    try:
        with ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > LARGEST_SHEET:
                raise FileNotRead(why="it unpacks to more than 2 GB")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = book.get_sheet_by_index(0).iter_rows()
        for row in rows:
            yield [_cell(cell) for cell in row]
    except (CalamineError, BadZipFile, IndexError) as problem:
        raise FileNotRead(why=str(problem)) from problem


def _cell(cell: Any) -> str:
    """Return a cell as text; a whole number that a spreadsheet keeps as 12.0 is 12."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def in_parts(rows: Iterator[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield rows some at a time."""
    while part := list(islice(rows, size)):
        yield part
