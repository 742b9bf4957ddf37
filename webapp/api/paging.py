"""Pages by cursor: stable while rows are added, opaque to whoever reads them."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, tuple_
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem
from engine.words import N_

NO_CURSOR = N_("This cursor is not of this list with these filters. Begin again without it.")
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Page:
    """Rows in the order of the list, and the cursor of the page after them."""

    rows: Sequence[Row[Any]]
    next: str | None


def page_of(
    db: Session,
    rows: Select[Any],
    by: Sequence[ColumnElement[Any]],
    asked: Mapping[str, Any],
    *,
    list_name: str,
) -> Page:
    """Return one page of `rows` in the order of `by`: columns of theirs, the last one unique.

    `asked` is the whole query: the cursor is good only with the same filters.
    """
    limit, filters = asked["limit"], _fingerprint(list_name, asked)
    names = [column.key for column in by]
    if asked["cursor"] is not None:
        after = _after(asked["cursor"], filters, [column.type.python_type for column in by])
        rows = rows.where(tuple_(*by) > tuple(after))
    found = db.execute(rows.order_by(*by).limit(limit + 1)).all()
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]._mapping  # noqa: SLF001  the public name of a row's columns
    return Page(found[:limit], _cursor(filters, [last[name] for name in names]))


def _fingerprint(list_name: str, asked: Mapping[str, Any]) -> str:
    filters = {name: str(value) for name, value in asked.items() if name not in {"limit", "cursor"}}
    said = json.dumps([list_name, filters], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _cursor(filters: str, last: Sequence[Any]) -> str:
    said = json.dumps([filters, *last], ensure_ascii=False)
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _after(cursor: str, filters: str, kinds: Sequence[type]) -> list[Any]:
    """Return the place that a cursor names; whoever made one up begins again."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        said = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        said = None
    is_ours = isinstance(said, list) and len(said) == len(kinds) + 1 and said[0] == filters
    if not is_ours or not all(map(_may_be, said[1:], kinds)):
        raise Invalid([Problem("?cursor", NO_CURSOR)])
    place: list[Any] = said[1:]
    return place


def _may_be(value: object, kind: type) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return kind is int and 0 <= value <= LARGEST
    return kind is str and isinstance(value, str) and value.isprintable()
