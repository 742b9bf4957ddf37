"""Sets of ids in one query, however many: one parameter instead of a list of parameters.

It is one text on both databases, JSON or the literal of an array: the driver of PostgreSQL takes
longer to write a list of a thousand, value by value, than the server to look them up.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType


class _Literal(UserDefinedType[str]):
    """An array that is given as its literal: `{1,2}`."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, of: str) -> None:
        """Say of what it is an array."""
        self.of = of

    def get_col_spec(self, **_: object) -> str:
        """Return how the type is written."""
        return f"{self.of}[]"


IDS, WORDS = _Literal("bigint"), _Literal("text")


def is_sqlite(db: Session) -> bool:
    """Say whether this session speaks to SQLite."""
    return db.get_bind().dialect.name == "sqlite"


def id_set(db: Session, ids: Iterable[int]) -> Select[int]:
    """Return the ids as a subquery: `Unit.id.in_(id_set(db, ids))`.

    A list of parameters ends at 32,766 on SQLite and 65,535 on PostgreSQL, and is parsed anew.
    """
    sqlite = is_sqlite(db)
    return _each(bindparam(None, id_value(db, ids), type_=_type(IDS, sqlite=sqlite)), sqlite=sqlite)


def id_param(sqlite: bool) -> Select[int]:  # noqa: FBT001 - one of two kinds of database
    """Return it with its ids left open, for a query that is built once: execute it with `ids`.

    The planner of PostgreSQL does not see how many there are: it would plan anew each time.
    """
    given = bindparam("ids", type_=_type(IDS, sqlite=sqlite))
    return _each(given if sqlite else select(given).scalar_subquery(), sqlite=sqlite)


def id_value(db: Session, ids: Iterable[int]) -> str:
    """Return what `id_param` is given for a set of ids; in SQL as text, `ids_of` reads it."""
    listed = sorted(set(ids))
    return json.dumps(listed) if is_sqlite(db) else "{" + ",".join(map(str, listed)) + "}"


def text_set(db: Session, texts: Iterable[str]) -> Select[str]:
    """Return the texts as a subquery, compared byte by byte."""
    sqlite = is_sqlite(db)
    given = bindparam(None, text_value(db, texts), type_=_type(WORDS, sqlite=sqlite))
    return _each(given, sqlite=sqlite)


def text_value(db: Session, texts: Iterable[str]) -> str:
    """Return a set of texts as one value; in SQL as text, `words_of` reads it."""
    listed = sorted(set(texts))
    return json.dumps(listed) if is_sqlite(db) else "{" + ",".join(map(_quoted, listed)) + "}"


def ids_of(name: str, *, sqlite: bool) -> str:
    """Return, as SQL, the rows `id` of a set that is bound as `name`, of unseen size as above."""
    if sqlite:
        return f"SELECT value AS id FROM json_each(:{name})"  # noqa: S608  a name of ours
    return f"SELECT unnest((SELECT CAST(:{name} AS bigint[]))) AS id"


def words_of(name: str, *, sqlite: bool) -> str:
    """Return, as SQL, the rows `word` of a set of texts that is bound as `name`."""
    if sqlite:
        return f"SELECT value AS word FROM json_each(:{name})"  # noqa: S608  a name of ours
    return f"SELECT unnest((SELECT CAST(:{name} AS text[]))) AS word"


def _type(literal: _Literal, *, sqlite: bool) -> Text | _Literal:
    return Text() if sqlite else literal


def _each(given: ColumnElement[str], *, sqlite: bool) -> Select[Any]:
    if sqlite:
        each = func.json_each(given).table_valued("value")
        return select(each.c.value)
    return select(func.unnest(given).column_valued("value"))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
