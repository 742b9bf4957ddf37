"""One page of a list, found by the key of the row it starts beyond."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

SIZE = 50
COUNTED = 1000  # beyond it a list says "more than"
ROUNDS = 8  # how often a list of held, or of free, units looks on before it asks to go on
LOOKED = 200  # how many it looks at in one round

Row = TypeVar("Row")
Keep = Callable[[Sequence[int]], list[int]]


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; empty shows all, the newest first.

    With a beginning the list is in the order of its serials or numbers.
    """

    begins: str = ""
    part_ids: frozenset[int] | None = None
    location_ids: frozenset[int] | None = None
    custody: str | None = None
    usability: str | None = None
    is_held: bool | None = None
    lot_id: int | None = None  # the units of this lot
    made_of_lot_id: int | None = None  # the units that this lot went into directly


@dataclass(frozen=True)
class Start:
    """Where a page starts: after the row with an id, or before it; the first page without."""

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True)
class Listed(Generic[Row]):
    """One page of a list: its rows, where the next and the previous one start, and how many."""

    rows: tuple[Row, ...]
    after: int | None = None
    before: int | None = None
    count: int | None = None  # None: not counted; above COUNTED: more than that
    is_cut: bool = False  # looked at many and has not seen all: go on with `after`


@dataclass(frozen=True)
class Order:
    """What a list is ordered by: the newest key first, or by name where it has one."""

    key: InstrumentedAttribute[int]
    name: Any = None  # a column of texts compared byte by byte

    def of(self, db: Session, query: Select[Any], start: Start) -> Select[Any]:
        """Put the query into this order, beyond the row it starts at; backwards for `before`."""
        if self.name is not None:
            return self._by_name(db, query, self.name, start)
        if start.before is not None:
            return query.order_by(self.key).where(self.key > start.before)
        ordered = query.order_by(self.key.desc())
        return ordered if start.after is None else ordered.where(self.key < start.after)

    def _by_name(self, db: Session, query: Select[Any], name: Any, start: Start) -> Select[Any]:
        at = start.after if start.before is None else start.before
        said = None if at is None else db.scalar(select(name).where(self.key == at))
        backwards = start.before is not None
        ordered = query.order_by(
            *((name.desc(), self.key.desc()) if backwards else (name, self.key))
        )
        if said is None:
            return ordered
        if backwards:
            return ordered.where(name <= said, or_(name < said, self.key < at))
        return ordered.where(name >= said, or_(name > said, self.key > at))


def page(
    db: Session,
    query: Select[Any],
    order: Order,
    start: Start,
    *,
    size: int = SIZE,
    keep: Keep | None = None,
) -> Listed[int]:
    """Return the ids of one page; `keep` picks out of each batch what is to be shown.

    What `keep` is to pick may be rare: after ROUNDS batches the page ends as it is, `is_cut`.
    """
    found: list[int] = []
    at, ended = start, False
    reach = size + 1 if keep is None else max(LOOKED, size + 1)
    for _ in range(ROUNDS):
        batch = list(db.scalars(order.of(db, query, at).limit(reach)))
        found += batch if keep is None else keep(batch)
        ended = len(batch) < reach
        if ended or len(found) > size:
            break
        at = Start(after=batch[-1]) if start.before is None else Start(before=batch[-1])
    more = len(found) > size
    last_seen = at.after if start.before is None else at.before
    onward = found[size - 1] if more else None if ended else last_seen
    return _turned(found[:size], start, onward, is_cut=not ended and not more)


def _turned(shown: list[int], start: Start, onward: int | None, *, is_cut: bool) -> Listed[int]:
    """Say where the next and the previous page start, whichever way this one was read."""
    if start.before is not None:
        shown.reverse()
        return Listed(tuple(shown), shown[-1] if shown else None, onward, is_cut=is_cut)
    first = shown[0] if shown and start.after is not None else None
    return Listed(tuple(shown), onward, first, is_cut=is_cut)


def count_some(
    db: Session, key: InstrumentedAttribute[int], conditions: Sequence[ColumnElement[bool]]
) -> int:
    """Count the rows, up to one more than COUNTED."""
    some = select(key).where(*conditions).limit(COUNTED + 1)
    if not conditions:  # along the index of the key; with a filter, along the filter's own
        some = some.order_by(key)
    return db.scalar(select(func.count()).select_from(some.subquery())) or 0
