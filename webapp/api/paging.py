"""Pages by cursor: stable while rows are added, opaque to whoever reads them."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem
from engine.words import N_

NO_CURSOR = N_("This cursor is not of this list with these filters. Begin again without it.")


@dataclass(frozen=True)
class Page:
    """Rows in the order of the list, and the cursor of the page after them."""

    rows: Sequence[Any]
    next: str | None


def page_of(
    db: Session,
    rows: Select[Any],
    by: Sequence[ColumnElement[Any]],
    asked: Mapping[str, Any],
    *,
    list_name: str,
) -> Page:
    """Return one page of `rows` in the order of `by`, whose last column tells rows apart.

    `asked` is the whole query: the cursor is good only with the same filters.
    """
    limit = asked["limit"]
    filters = _fingerprint(list_name, asked)
    if asked["cursor"] is not None:
        rows = rows.where(tuple_(*by) > tuple(_after(asked["cursor"], filters, len(by))))
    found = db.execute(rows.add_columns(*by).order_by(*by).limit(limit + 1)).all()
    more = len(found) > limit
    last = found[limit - 1][-len(by) :] if more else ()
    return Page(
        rows=[row[0] for row in found[:limit]],
        next=_cursor(filters, last) if more else None,
    )


def _fingerprint(list_name: str, asked: Mapping[str, Any]) -> str:
    filters = {name: str(value) for name, value in asked.items() if name not in {"limit", "cursor"}}
    said = json.dumps([list_name, filters], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _cursor(filters: str, last: Sequence[Any]) -> str:
    said = json.dumps([filters, *last], ensure_ascii=False)
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _after(cursor: str, filters: str, width: int) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        said = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        said = None
    of_this = isinstance(said, list) and len(said) == width + 1 and said[0] == filters
    if not of_this or not _is_place(said[1:]):
        raise Invalid([Problem("?cursor", NO_CURSOR)])
    return list(said[1:])


def _is_place(values: list[Any]) -> bool:
    """Tell whether these may be keys: a number that a row can have, after text or numbers."""
    numbers = [v for v in values if isinstance(v, int) and not isinstance(v, bool)]
    texts = [v for v in values if isinstance(v, str) and "\0" not in v]
    return len(numbers) + len(texts) == len(values) and all(0 <= n < 2**63 for n in numbers)
