"""Sessions that only read: what they prepare outlives them, what is put into them does not."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from engine.serials.models import Party

ASKED_OFTEN = 8  # psycopg prepares what it was asked more than five times


def test_what_is_asked_often_is_planned_once(database):
    if not database.url.startswith("postgresql"):
        pytest.skip("the driver of SQLite keeps its statements by itself")
    for _ in range(ASKED_OFTEN):
        with database.read() as db:
            db.execute(text("SELECT 'asked often'"))
    with database.read() as db:
        kept = select(func.count()).select_from(text("pg_prepared_statements"))
        assert db.scalar(kept.where(text("statement LIKE '%asked often%'"))) >= 1


def test_nothing_that_is_put_into_a_reading_session_is_kept(database):
    with database.read() as db:
        db.add(Party(code="P-1", kind="site", name="Maker"))
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Party)) == 0


def test_a_reading_session_whose_query_failed_ends_all_the_same(database):
    with database.read() as db, pytest.raises(DBAPIError):
        db.execute(text("SELECT * FROM nothing_of_the_kind"))
    with database.read() as db:
        assert db.scalar(text("SELECT 1")) == 1


def test_no_query_is_compiled_by_the_server(database):
    if not database.url.startswith("postgresql"):
        pytest.skip("SQLite compiles nothing")
    with database.read() as db:
        db.execute(text("SELECT 1"))
        said = text("SELECT source FROM pg_settings WHERE name = 'jit' AND setting = 'off'")
        assert db.scalar(said) == "client"
