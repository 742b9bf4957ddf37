"""Processes that start on one database: at once, and while others work on it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from engine.db import Base, Database, install_triggers
from engine.evidence import ledger
from engine.migrations import load_models, upgrade
from engine.serials.dictionary import versions
from tests.conftest import FreshPostgres

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")


def start(database: Database) -> int:
    """Do what every process does before it serves; return the version of the dictionary."""
    upgrade(database)
    with database.begin() as db:
        return versions.keep_version(db, at=AT).id


@contextmanager
def at_work(database: Database) -> Iterator[None]:
    """Have a colleague's transaction under way that has written to every table."""
    with database.writer.begin() as connection:
        for table in Base.metadata.tables:
            connection.execute(text(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE"))
        yield


@pytest.fixture
def database(fresh_postgres: FreshPostgres) -> Iterator[Database]:
    load_models()
    with fresh_postgres("empty", again=False) as url:
        database = Database(url)
        yield database
        database.close()


def test_processes_that_start_at_once_lay_the_tables_once_and_later_ones_disturb_nobody(
    database: Database,
) -> None:
    with database.writer.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    with (
        closing(Database(database.url)) as one,
        closing(Database(database.url)) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        assert list(pool.map(start, (one, other))) == [1, 1]
        with at_work(database):
            assert pool.submit(start, one).result(timeout=30) == 1


def test_of_two_that_keep_the_dictionary_at_once_the_second_finds_it_kept(
    database: Database,
) -> None:
    def keep() -> int:
        with database.begin() as db:
            return versions.keep_version(db, at=AT).id

    with ThreadPoolExecutor(1) as pool:
        with database.begin() as db, database.reader.connect() as onlooker:
            first = versions.keep_version(db, at=AT).id
            second = pool.submit(keep)
            while not (second.done() or onlooker.scalar(WAITING)):
                onlooker.rollback()
        assert second.result() == first
    with database.read() as db:
        told = [one for one in ledger.entries(db, "admin") if one.action == "dictionary_changed"]
        assert len(told) == 1
        assert db.scalar(select(func.count()).select_from(versions.DictionaryVersion)) == 1


OTHER_CONDITION = (
    "CREATE OR REPLACE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry"
    " FOR EACH ROW WHEN (OLD.id < 0) EXECUTE FUNCTION only_grows()"
)
OTHER_FUNCTION = (
    "CREATE OR REPLACE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RETURN OLD; END $$"
)


@pytest.mark.parametrize(
    "weakened",
    [
        "DROP TRIGGER ledger_entry_no_delete ON ledger_entry",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_no_delete",
        OTHER_CONDITION,
        OTHER_FUNCTION,
    ],
    ids=["taken away", "switched off", "another condition", "another function"],
)
def test_a_guard_that_was_weakened_stands_again_after_a_start(
    database: Database, weakened: str
) -> None:
    with database.begin() as db:
        ledger.append(db, "admin", "said", {}, by=None, at=AT)
    with database.writer.begin() as connection:
        connection.execute(text(weakened))
        install_triggers(connection)
    with (
        pytest.raises(DBAPIError, match="ledger_entry only grows"),
        database.writer.begin() as connection,
    ):
        connection.execute(text("DELETE FROM ledger_entry"))
