"""Rows of a field as a page posts them (`lines-0-quantity`), and one row more or less."""

import re
from collections.abc import Sequence

from forms.field import Json, Posted, posted_text

MAX_ROWS = 5_000


def read_rows(posted: Posted, name: str, columns: Sequence[str]) -> list[dict[str, Json]]:
    """Take the rows posted below `name`, in order and without the empty ones."""
    shape = re.compile(rf"{re.escape(name)}-([0-9]{{1,6}})-(?:{'|'.join(columns)})")
    numbers = sorted({int(match[1]) for key in posted if (match := shape.fullmatch(key))})
    rows = [
        {column: posted_text(posted, f"{name}-{number}-{column}") or "" for column in columns}
        for number in numbers[:MAX_ROWS]
    ]
    return [row for row in rows if any(str(value).strip() for value in row.values())]


def rows_of(raw: Json, part: str) -> list[Json]:
    """Return the rows of a raw answer that keeps them in `part`."""
    rows = raw.get(part) if isinstance(raw, dict) else None
    return list(rows) if isinstance(rows, list) else []


def with_row(raw: Json, part: str) -> dict[str, Json]:
    """Return `raw` with an empty row more."""
    kept = raw if isinstance(raw, dict) else {}
    return {**kept, part: [*(rows_of(raw, part) or [{}]), {}]}


def without_row(raw: Json, part: str, number: int) -> dict[str, Json]:
    """Return `raw` without row `number`."""
    kept = raw if isinstance(raw, dict) else {}
    return {**kept, part: [row for place, row in enumerate(rows_of(raw, part)) if place != number]}
