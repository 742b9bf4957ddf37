"""Lists that leave as files: streamed row by row, named for a person, in their language."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from flask import Response, stream_with_context

from engine.exports import Column, csv_of, json_of, xlsx_of
from webapp.downloads import disposition

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
FORMATS = tuple(MEDIA_TYPES)


def exported(
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    format: str,
    name: str,
    at: datetime,
) -> Response:
    """Send rows as a file called `name` in one of `FORMATS`; nothing is kept in memory.

    What fails before the first piece is an error page; what fails later breaks the connection off,
    so that no cut file passes for a whole one.
    """
    pieces = _pieces(columns, rows, format=format, name=name, at=at)
    first = next(pieces)
    response = Response(
        stream_with_context(_after(first, pieces)), content_type=MEDIA_TYPES[format]
    )
    response.headers["Content-Disposition"] = disposition(f"{name}.{format}")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response


def _pieces(
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    format: str,
    name: str,
    at: datetime,
) -> Iterator[bytes]:
    if format == "csv":
        return csv_of(columns, rows, bom=True)  # for Excel, which takes UTF-8 for something else
    if format == "json":
        return json_of(columns, rows)
    return xlsx_of(columns, rows, title=name, at=at)


def _after(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces
