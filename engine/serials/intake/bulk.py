"""Many rows at once past the ORM: COPY on PostgreSQL, one prepared statement on SQLite."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from engine.db import Base
from engine.serials.sets import is_sqlite


def write(
    db: Session, model: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows whose values stand in the order of `columns`, as the driver takes them."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(table)
    named = ", ".join(f'"{name}"' for name in columns)
    driver: Any = db.connection().connection.driver_connection
    if is_sqlite(db):
        marks = ", ".join("?" * len(columns))
        sql = f'INSERT INTO "{table.name}" ({named}) VALUES ({marks})'  # noqa: S608  our own names
        driver.executemany(sql, rows)
        return

    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({named}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)


def add(db: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows given as dictionaries, with the types of the model."""
    if rows:
        db.execute(insert(model), rows)


def in_parts(rows: Iterator[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield rows some at a time."""
    while part := list(islice(rows, size)):
        yield part
