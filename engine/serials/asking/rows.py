"""The one statement that answers: chosen columns of an entity, narrowed, grouped, in pages."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    false,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from engine.db import Base
from engine.people.models import PersonAccount
from engine.people.person import Person
from engine.serials.asking.columns import Chosen, chosen, known
from engine.serials.asking.filters import Filter, begins_with, condition
from engine.serials.dictionary import Entity, entity
from engine.serials.dictionary.seeing import payload_shown

SIZE = 50
COUNTED = 10_000  # beyond it a page says "more than"
AT_ONCE = 2_000  # rows that a whole answer holds in memory


@dataclass(frozen=True)
class Asked:
    """What is asked: columns and groups by their paths; groups give a count and the sums."""

    entity: str
    columns: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    groups: tuple[str, ...] = ()
    search: str = ""  # any text column that is shown begins with it
    at_record: tuple[str, int] | None = None  # a field, and the record it must refer to

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path it names, each once."""
        named = (*self.columns, *self.groups, *(one.path for one in self.filters))
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class Answered:
    """One page of the answer; `keys` names each row where it is one record."""

    columns: tuple[Chosen, ...]
    rows: tuple[tuple[Any, ...], ...]
    keys: tuple[Any, ...] = ()
    after: str | None = None  # where the next page starts
    count: int = 0  # above what was counted: more than that
    sums: tuple[int, ...] = ()  # the places of grouped columns that are sums


def answer(
    db: Session,
    asked: Asked,
    *,
    person: Person | None,
    after: str | None = None,
    size: int = SIZE,
    counted: int = COUNTED,
) -> Answered:
    """Return one page of what was asked, as this person sees it; raises `ColumnHidden`.

    Rows are counted up to one more than `counted`. They come in the order of their numbers,
    groups in the order of what they are grouped by.
    """
    made = _Statement(db, asked, person)
    paged, start = made.page(after), _offset(after) if asked.groups else 0
    found = db.execute(paged.limit(size + 1)).all()
    shown = [made.shown(row) for row in found[:size]]
    more = len(found) > size
    onward = None
    if more:
        onward = str(start + size) if asked.groups else _text(made.key(found[size - 1]))
    some = made.query.order_by(None).limit(counted + 1).subquery()
    return Answered(
        made.columns,
        tuple(shown),
        tuple(made.key(row) for row in found[:size]) if not asked.groups else (),
        onward,
        db.scalar(select(func.count()).select_from(some)) or 0,
        made.sums,
    )


def shown_columns(db: Session, asked: Asked, person: Person | None) -> tuple[Chosen, ...]:
    """Return the columns of an answer, in their order: groups first, then the sums."""
    return _Statement(db, asked, person).columns


def rows_of(db: Session, asked: Asked, *, person: Person | None) -> Iterator[tuple[Any, ...]]:
    """Yield every row of what was asked, a few thousand in memory at a time."""
    made = _Statement(db, asked, person)
    for batch in db.execute(made.query.execution_options(yield_per=AT_ONCE)).partitions():
        for row in batch:
            yield made.shown(row)


@dataclass
class _Statement:
    """The select of what was asked, with the joins that its paths need, each made once."""

    db: Session
    asked: Asked
    person: Person | None
    columns: tuple[Chosen, ...] = ()
    sums: tuple[int, ...] = ()
    _joined: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.what = known(self.asked.entity)
        self.base = _table(self.what).alias("base")
        self.key_columns = [self.base.c[c.key] for c in _table(self.what).primary_key.columns]
        picked = {path: chosen(self.asked.entity, path, self.person) for path in self.asked.paths}
        self.columns = tuple(picked[path] for path in self._shown_paths(picked))
        self.dialect = self.db.get_bind().dialect.name
        zone = ZoneInfo(self.person.time_zone if self.person else "UTC")
        expressions = {path: self._expression(column) for path, column in picked.items()}
        conditions = [
            condition(picked[one.path], expressions[one.path], one, zone=zone, dialect=self.dialect)
            for one in self.asked.filters
        ]
        if self.asked.search:
            conditions.append(self._found(expressions))
        if self.asked.at_record:
            name, record_id = self.asked.at_record
            conditions.append(self.base.c[self.what.field(name).kept] == record_id)
        self.query = self._query(expressions, conditions)

    def _shown_paths(self, picked: Mapping[str, Chosen]) -> list[str]:
        if not self.asked.groups:
            return list(self.asked.columns)
        summed = [
            path
            for path in self.asked.columns
            if path not in self.asked.groups and picked[path].field.type == "quantity"
        ]
        self.sums = tuple(range(len(self.asked.groups), len(self.asked.groups) + len(summed)))
        return [*self.asked.groups, *summed]

    def _query(self, expressions: Mapping[str, Any], conditions: Sequence[Any]) -> Select[Any]:
        if not self.asked.groups:
            shown = [expressions[column.path] for column in self.columns]
            query = select(*shown, *self.key_columns).order_by(*self.key_columns)
        else:
            by = [expressions[path] for path in self.asked.groups]
            summed = [expressions[self.columns[place].path] for place in self.sums]
            sums = [func.sum(one, type_=one.type) for one in summed]
            query = select(*by, *sums, func.count()).group_by(*by)
            # empty ones last on both databases
            query = query.order_by(*(order for one in by for order in (one.is_(None), one)))
        return query.select_from(self._joins()).where(*conditions)

    def _found(self, expressions: Mapping[str, Any]) -> ColumnElement[bool]:
        """Any text begins with what is searched; numbers as printed, names in any case."""
        found = []
        for column in self.columns:
            if column.field.type in ("exact", "ref", "gtin", "gln"):
                found.append(begins_with(expressions[column.path], self.asked.search, self.dialect))
            elif column.field.type == "text":
                lower = func.lower(expressions[column.path])
                found.append(begins_with(lower, self.asked.search.lower(), self.dialect))
        return or_(false(), *found)

    def _expression(self, column: Chosen) -> Any:
        source: Any = self.base
        prefix = ""
        for step in column.fields[:-1]:
            prefix = f"{prefix}{step.name}."
            source = self._join(prefix, source.c[step.kept], _table(entity(step.refers_to)))
        last = column.field
        if last.type == "person":
            named = self._join(f"{column.path}.", source.c[last.kept], _people())
            return named.c.printed_name
        if last.refers_to:
            target = entity(last.refers_to)
            named = self._join(f"{column.path}.", source.c[last.kept], _table(target))
            return named.c[target.field(target.named_by).kept]
        return source.c[column.column]

    def _join(self, prefix: str, reference: Any, table: Table) -> Any:
        if prefix not in self._joined:
            alias = table.alias(f"j{len(self._joined)}")
            (key,) = (alias.c[c.key] for c in table.primary_key.columns)
            self._joined[prefix] = (alias, reference == key)
        return self._joined[prefix][0]

    def _joins(self) -> FromClause:
        source: FromClause = self.base
        for alias, on in self._joined.values():
            source = source.outerjoin(alias, on)
        return source

    def page(self, after: str | None) -> Select[Any]:
        """Return the statement from where a page starts."""
        if not after:
            return self.query
        if self.asked.groups:
            return self.query.offset(_offset(after))
        start = _start(after)
        if len(start) != len(self.key_columns):
            return self.query
        return self.query.where(tuple_(*self.key_columns) > tuple_(*start))

    def key(self, row: Sequence[Any]) -> list[Any]:
        """Return the key of a row of the statement."""
        return list(row[len(self.columns) :])

    def shown(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Return the values of a row as the columns say them, a group's count at its end."""
        values = [
            self._value(column, value) for column, value in zip(self.columns, row, strict=False)
        ]
        return (*values, *([row[len(self.columns)]] if self.asked.groups else ()))

    def _value(self, column: Chosen, value: Any) -> Any:
        if column.key:
            return (value or {}).get(column.key)
        if column.field.type == "json":
            if column.field.name == "payload" and isinstance(value, dict):
                value = payload_shown(value, self.person)
            return None if value is None else json.dumps(value, ensure_ascii=False)
        if isinstance(value, UUID):
            return str(value)
        if column.field.type == "date" and isinstance(value, datetime):
            return value.date()
        return value


def _table(what: Entity) -> Table:
    return Base.metadata.tables[what.table]


def _people() -> Table:
    return Base.metadata.tables[PersonAccount.__tablename__]


def _text(key: Sequence[Any]) -> str:
    return json.dumps(list(key), separators=(",", ":"))


def _start(after: str) -> list[Any]:
    try:
        said = json.loads(after)
    except ValueError:
        return []
    return said if isinstance(said, list) else []


def _offset(after: str | None) -> int:
    return min(int(after), 10**9) if after and after.isdecimal() and len(after) <= 10 else 0
