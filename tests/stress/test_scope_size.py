"""A hundred thousand affected units: every one is posted and held once, and no other."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bench._genealogy import Made, load, plan
from engine.cases import lying, scopes
from engine.cases.following import follow
from engine.cases.models import BalanceUnit, Case
from engine.clock import now
from engine.db import Database
from engine.serials import gate, trace
from engine.serials.events import recording_sha256
from engine.serials.models import Event, Hold, HoldTargetRow, TraceRunUnit, Unit
from engine.serials.trace import Seeds
from tests.conftest import FreshPostgres

pytestmark = pytest.mark.stress
DEVICES = 100_000


@pytest.fixture(params=["sqlite", "postgresql"])
def large(request: pytest.FixtureRequest, tmp_path) -> Iterator[tuple[Database, Made]]:
    """Give a maker's genealogy, and what was made."""
    made = plan(DEVICES)
    if request.param == "sqlite":
        database = load(f"sqlite:///{tmp_path / 'large.db'}", made)
        yield from _given(database, made)
        return
    fresh: FreshPostgres = request.getfixturevalue("fresh_postgres")
    with fresh("template0", again=False) as url:
        yield from _given(load(url, made), made)


def _given(database: Database, made: Made) -> Iterator[tuple[Database, Made]]:
    database.info["event_sinks"] = (follow,)
    yield database, made
    database.close()


def test_a_hundred_thousand_units_are_frozen_each_once(large: tuple[Database, Made]) -> None:
    database, made = large
    with database.begin() as db:
        case = Case(
            number="RC-2026-0001", process="recall", title="Heat lot", language="en",
            opened_by_id=1, opened_at=now(),
        )  # fmt: skip
        db.add(case)
        db.flush()
        some = _freeze(db, case, made.near(20_000))
        assert some.added_units == _roots(db, some.version.run_id)
        every = _freeze(db, case, made.near(20_000), made.everything)
        run_id = every.version.run_id

        assert some.added_units + every.added_units == _roots(db, run_id) == DEVICES
        assert _not_where_they_are(db, case, run_id) == 0
        assert lying.agree(db, case.id)
        assert _held_otherwise(db, case, run_id) == 0
        events = db.scalars(select(Event).where(Event.type == "hold_placed")).all()
        assert len(events) == 2
        assert recording_sha256(db, events[1].recording)
        asked = list(db.scalars(select(Unit.id).where(Unit.id <= DEVICES).limit(500)))
        in_house = select(Unit.id).where(Unit.id.in_(asked), Unit.custody == "in_house")
        here = set(db.scalars(in_house))
        stopped = {
            one.target.id  # type: ignore[union-attr]  # ids were asked
            for one in gate.check(db, asked, door="ship")
            if not one.allowed
        }
        assert here <= stopped
        db.rollback()


def _freeze(db: Session, case: Case, *lots: int) -> scopes.Difference:
    terms = [{"lot": {"id": lot, "number": "H", "part": ""}} for lot in lots]
    seeds = Seeds(lots=frozenset(lots))
    run = trace.run(db, seeds, expression={"any": terms, "text": "H"}, by=None, at=now())
    version = scopes.propose_run(db, case, run, reason="size", by=None, at=now())
    return scopes.freeze(db, case, version, by=None, at=now(), is_provisional=False)


def _roots(db: Session, run_id: int) -> int:
    kept = TraceRunUnit
    rows = select(func.count()).where(kept.run_id == run_id, kept.unit_id == kept.root_id)
    return db.scalar(rows) or 0


def _not_where_they_are(db: Session, case: Case, run_id: int) -> int:
    """Count the units of a run whose account is not what their custody says."""
    kept, said = TraceRunUnit, {"in_house": "held"}
    wrong = 0
    rows = (
        select(Unit.custody, BalanceUnit.account, func.count())
        .select_from(kept)
        .join(Unit, Unit.id == kept.unit_id)
        .outerjoin(
            BalanceUnit, (BalanceUnit.case_id == case.id) & (BalanceUnit.unit_id == kept.unit_id)
        )
        .where(kept.run_id == run_id, kept.unit_id == kept.root_id)
        .group_by(Unit.custody, BalanceUnit.account)
    )
    for custody, account, count in db.execute(rows):
        wrong += count if account != said.get(custody, custody) else 0
    return wrong


def _held_otherwise(db: Session, case: Case, run_id: int) -> int:
    """Count the units that are held twice, or not as they should be."""
    kept = TraceRunUnit
    held = (
        select(HoldTargetRow.target_id)
        .join(Hold, Hold.id == HoldTargetRow.hold_id)
        .where(Hold.case_number == case.number, HoldTargetRow.kind == "unit")
    )
    wanted = (
        select(kept.unit_id)
        .join(Unit, Unit.id == kept.unit_id)
        .where(kept.run_id == run_id, kept.unit_id == kept.root_id, Unit.custody != "at_consignee")
    )
    placed = list(db.scalars(held))
    assert len(placed) == len(set(placed))
    return len(set(placed) ^ set(db.scalars(wanted)))


def test_what_a_later_recall_moves_is_looked_up_by_the_unit(fresh_postgres: FreshPostgres) -> None:
    made = plan(20_000)
    with fresh_postgres("template0", again=False) as url:
        for database, _ in _given(load(url, made), made):
            with database.begin() as db:
                case = Case(
                    number="RC-2026-0001", process="recall", title="Heat lot", language="en",
                    opened_by_id=1, opened_at=now(),
                )  # fmt: skip
                db.add(case)
                db.flush()
                _freeze(db, case, made.near(10_000))
                db.execute(text("ANALYZE"))
                # of the next one PostgreSQL knows nothing yet
                asked = {"case_id": case.id + 1, "mark": 1_000_000}
                for name in ("checked", "totals"):
                    statement = lying._statements(False, "mark")[name]
                    rows = db.scalars(text(f"EXPLAIN {statement.text}"), asked)
                    shown = "\n".join(rows)
                    assert "Join Filter" not in shown, shown
                db.rollback()
