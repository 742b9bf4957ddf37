"""Rebuilding from the command line: says how far it is, and what differed."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.db import Database
from engine.evidence import ledger
from engine.serials.models import Unit
from tests.support.shop import Shop
from webapp.rebuilding import rebuild_all

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Composed:
    """What the command line is given, with only a database in it."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self.database = database


@pytest.fixture
def holdfast(database, people):
    with database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": NOW})
        shop.units(shop.pump, "SN-1", "SN-2")
    return Composed(database)


def test_a_check_names_what_differs_and_a_rebuild_sets_it_and_says_so(holdfast):
    with Session(holdfast.database.writer) as db:
        db.execute(update(Unit).where(Unit.serial == "SN-1").values(custody="destroyed"))
        db.commit()
    said: list[str] = []

    assert rebuild_all(holdfast, is_check=True, say=said.append) == 1
    assert "units: 2 of 2" in said
    assert "unit SN-1: custody is destroyed, events say in_house" in said
    assert said[-1] == "1 values differ from the events."
    with holdfast.database.read() as db:
        assert db.scalar(select(Unit.custody).where(Unit.serial == "SN-1")) == "destroyed"

    assert rebuild_all(holdfast, is_check=False, say=said.append) == 0
    assert said[-1] == "1 values were set to the events."
    with holdfast.database.read() as db:
        assert db.scalar(select(Unit.custody).where(Unit.serial == "SN-1")) == "in_house"
        entry = list(ledger.entries(db, "data:main"))[-1]
        assert (entry.action, entry.body["counts"]) == ("projections_rebuilt", {"unit": 1})

    assert rebuild_all(holdfast, is_check=True, say=said.append) == 0
    assert said[-1] == "Everything is what the events say."
