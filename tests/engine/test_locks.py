"""Whoever waits too long for a colleague is told who it is and since when; nobody is accused."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from engine.db import Database
from engine.errors import Busy, BusyWith
from engine.people.models import PersonAccount
from engine.people.queries import account_of

MOMENT = timedelta(seconds=60)


@pytest.fixture
def info(info):
    return {**info, "printed_name": lambda db, who: account_of(db, who).printed_name}


@pytest.fixture
def database(database_url, info):
    database = Database(database_url, info=info)
    if database.writer.dialect.name == "sqlite":

        @event.listens_for(database.writer, "connect")
        def be_impatient(connection, _record):
            connection.execute("PRAGMA busy_timeout=50")

    yield database
    database.close()


def take(db, people, *, share=False):
    """Lock the row of the warehouse's account, as a command locks its case."""
    row = select(PersonAccount).where(PersonAccount.id == people.warehouse.id)
    return db.scalars(row.with_for_update(key_share=share, read=share)).one()


def told(database, people):
    """Return what a second person is told who wants the same row."""
    with pytest.raises(Busy) as refused, database.begin(by_id=people.inspector.id) as db:
        take(db, people)
    return refused.value


def test_who_waits_is_told_for_whom_and_since_when(database, people):
    before = datetime.now(UTC)
    with database.begin(by_id=people.qa_engineer.id) as db:
        take(db, people)
        busy = told(database, people)

    if database.writer.dialect.name == "sqlite":  # which says nothing of whom it waits for
        assert type(busy) is Busy
        return
    assert isinstance(busy, BusyWith)
    assert busy.facts["by"] == "Chen Mei"
    assert before <= busy.facts["since"] <= before + MOMENT
    assert str(busy).startswith("Chen Mei has been saving something here since ")


def test_work_that_no_person_does_names_nobody(database, people):
    with database.begin() as db:
        take(db, people)
        assert type(told(database, people)) is Busy


def test_nobody_is_named_for_what_several_share(database, people):
    if database.writer.dialect.name == "sqlite":
        pytest.skip("on SQLite nobody shares: there is one writer at a time")
    with database.begin(by_id=people.qa_engineer.id) as one:
        take(one, people, share=True)
        with database.begin(by_id=people.qa_manager.id) as other:
            take(other, people, share=True)
            assert type(told(database, people)) is Busy


def test_a_colleague_who_has_finished_is_not_named(database, people):
    with database.begin(by_id=people.qa_engineer.id) as db:
        take(db, people)
        with pytest.raises(OperationalError) as waited, database.writer.begin() as connection:
            connection.execute(select(PersonAccount).with_for_update())
    assert type(database.busy(waited.value)) is Busy


def test_the_next_transaction_on_a_connection_is_nobodys(database, people):
    with database.begin(by_id=people.qa_engineer.id):
        pass
    with database.begin() as db:
        take(db, people)
        assert type(told(database, people)) is Busy
