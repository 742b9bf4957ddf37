"""Sets of ids in one query, however many: one array parameter instead of a list of parameters."""

import json
from collections.abc import Iterable

from sqlalchemy import BigInteger, Select, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session


def is_sqlite(db: Session) -> bool:
    """Say whether this session speaks to SQLite."""
    return db.get_bind().dialect.name == "sqlite"


def id_set(db: Session, ids: Iterable[int]) -> Select[int]:
    """Return the ids as a subquery: `Unit.id.in_(id_set(db, ids))`.

    A list of parameters ends at 32,766 on SQLite and 65,535 on PostgreSQL, and is parsed anew.
    """
    listed = sorted(set(ids))
    if is_sqlite(db):
        each = func.json_each(json.dumps(listed)).table_valued("value")
        return select(each.c.value)

    array = bindparam(None, listed, type_=ARRAY(BigInteger))
    return select(func.unnest(array).column_valued("id"))


def id_param(sqlite: bool) -> Select[int]:  # noqa: FBT001 - one of two kinds of database
    """Return it with its ids left open, for a query that is built once: execute it with `ids`."""
    if sqlite:
        each = func.json_each(bindparam("ids", type_=Text())).table_valued("value")
        return select(each.c.value)

    array = bindparam("ids", type_=ARRAY(BigInteger))
    return select(func.unnest(array).column_valued("id"))


def id_value(db: Session, ids: Iterable[int]) -> str | list[int]:
    """Return what `id_param` is given for a set of ids."""
    listed = sorted(set(ids))
    return json.dumps(listed) if is_sqlite(db) else listed


def text_set(db: Session, texts: Iterable[str]) -> Select[str]:
    """Return the texts as a subquery, compared byte by byte."""
    listed = sorted(set(texts))
    if is_sqlite(db):
        each = func.json_each(json.dumps(listed)).table_valued("value")
        return select(each.c.value)

    array = bindparam(None, listed, type_=ARRAY(Text()))
    return select(func.unnest(array).column_valued("word"))
