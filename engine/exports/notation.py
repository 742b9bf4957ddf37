"""Rows as one JSON array of objects, by the names that programs know the columns by."""

import json
from collections.abc import Iterable, Iterator, Sequence

from engine.exports.column import Column, plain
from engine.exports.delimited import CHUNK


def json_of(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield the file in pieces; quantities, dates and moments are texts, so nothing is rounded."""
    pieces, size, before = ["["], 1, "\n"
    for row in rows:
        said = {
            column.name: _value(column.checked(value))
            for column, value in zip(columns, row, strict=True)
        }
        text = before + json.dumps(said, ensure_ascii=False, allow_nan=False)
        pieces.append(text)
        size, before = size + len(text), ",\n"
        if size >= CHUNK:
            yield "".join(pieces).encode()
            pieces, size = [], 0
    yield "".join([*pieces, "\n]\n"]).encode()


def _value(value: object) -> object:
    return value if value is None or isinstance(value, str | int) else plain(value)
