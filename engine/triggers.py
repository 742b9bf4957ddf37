"""The triggers that guard tables: what only grows, and fields that a release locks.

To create one locks its table. Each process has them stand as it starts, while others work on the
same database: so one that stands as declared is left alone.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

Columns = Sequence[str]
Grows = Mapping[str, Columns]  # the columns of each table that nobody changes
Locked = Mapping[str, tuple[Columns, str]]  # those that nobody changes while a condition holds


@dataclass(frozen=True)
class Trigger:
    """One trigger: its name, its table, and the statement that creates it."""

    name: str
    table: str
    statement: str


def install(connection: Connection, *, grows: Grows, locked: Locked) -> None:
    """Create every trigger that is missing, switched off, or not the one declared."""
    if connection.dialect.name == "sqlite":
        _install_on_sqlite(connection, _of_sqlite(grows, locked))
    else:
        _install_on_postgres(connection, list(_of_postgres(grows, locked)))


def _update_of(columns: Columns) -> str:
    return "UPDATE OF " + ", ".join(f'"{column}"' for column in columns)


# --- SQLite ----------------------------------------------------------------------------------


def _install_on_sqlite(connection: Connection, wanted: Iterable[Trigger]) -> None:
    # SQLite keeps the very words of a statement
    kept = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    standing = {row.name: row.sql for row in connection.execute(kept)}
    for one in wanted:
        if standing.get(one.name) != one.statement:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {one.name}"))
            connection.execute(text(one.statement))


def _of_sqlite(grows: Grows, locked: Locked) -> Iterator[Trigger]:
    for table, columns in grows.items():
        for verb, before in (("update", _update_of(columns)), ("delete", "DELETE")):
            name = f"{table}_no_{verb}"
            statement = (
                f"CREATE TRIGGER {name} BEFORE {before} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
            yield Trigger(name, table, statement)
    for table, (columns, when) in locked.items():
        name = f"{table}_fields_locked"
        refusal = f"{table}: these fields are locked after release"
        statement = (
            f"CREATE TRIGGER {name} BEFORE {_update_of(columns)} ON {table} FOR EACH ROW "
            f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )
        yield Trigger(name, table, statement)


# --- PostgreSQL ------------------------------------------------------------------------------

ONLY_GROWS = text(
    "CREATE OR REPLACE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END $$"
)
FIELDS_LOCKED = text(
    "CREATE OR REPLACE FUNCTION fields_locked() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '%: these fields are locked after release', TG_TABLE_NAME; END $$"
)
STANDING = text("""
    SELECT tgname AS name, pg_get_triggerdef(oid) AS kept,
           obj_description(oid, 'pg_trigger') AS mark
    FROM pg_trigger
    WHERE NOT tgisinternal AND tgenabled = 'O' AND pg_table_is_visible(tgrelid)
""")


def _install_on_postgres(connection: Connection, wanted: Sequence[Trigger]) -> None:
    for function in (ONLY_GROWS, FIELDS_LOCKED):
        connection.execute(function)
    marks = {row.name: (row.kept, row.mark) for row in connection.execute(STANDING)}
    missing = [one for one in wanted if not _stands(one, *marks.get(one.name, ("", None)))]
    if not missing:
        return

    for one in missing:
        connection.execute(text(one.statement))
    kept = {row.name: row.kept for row in connection.execute(STANDING)}
    for one in missing:
        mark = _mark(one, kept[one.name])
        connection.execute(text(f"COMMENT ON TRIGGER {one.name} ON {one.table} IS '{mark}'"))


def _stands(one: Trigger, kept: str, mark: str | None) -> bool:
    return mark == _mark(one, kept)


def _mark(one: Trigger, kept: str) -> str:
    """Return what binds our statement to the words in which PostgreSQL keeps it.

    They are never the same words, so a change of either is seen only beside the other.
    """
    return hashlib.sha256(f"{one.statement}\n{kept}".encode()).hexdigest()


def _of_postgres(grows: Grows, locked: Locked) -> Iterator[Trigger]:
    # one that is replaced, not dropped and created, lets readers go on
    head = "CREATE OR REPLACE TRIGGER"
    for table, columns in grows.items():
        for verb, before, each in (
            ("update", _update_of(columns), "ROW"),
            ("delete", "DELETE", "ROW"),
            ("truncate", "TRUNCATE", "STATEMENT"),
        ):
            name = f"{table}_no_{verb}"
            statement = (
                f"{head} {name} BEFORE {before} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION only_grows()"
            )
            yield Trigger(name, table, statement)
    for table, (columns, when) in locked.items():
        name = f"{table}_fields_locked"
        statement = (
            f"{head} {name} BEFORE {_update_of(columns)} ON {table} "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION fields_locked()"
        )
        yield Trigger(name, table, statement)
