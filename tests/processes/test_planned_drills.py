"""Drills that robots carry out again and again, and who is told what came of them."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from engine import clock
from engine.cases.drills import interrupted, planned, planning
from engine.cases.drills.models import Drill, DrillPlan, PlannedRun
from engine.errors import Invalid
from engine.outbox import Outgoing
from engine.serials.tracing import NothingToTrace
from tests.processes.company import Company
from tests.processes.recalling import add_hospital, deliver


class Killed(BaseException):
    """The process was killed."""


def plan(company: Company, scope: str = "", every: str = "weekly", **more: int) -> DrillPlan:
    by = company.people.qa_manager
    owner_id = more.get("owner_id", company.people.management_representative.id)
    with company.holdfast.database.begin() as db:
        return planning.plan(
            db, scope=scope, every=every, owner_id=owner_id, language="en", by=by, at=company.at
        )


def run_due(company: Company) -> int:
    with clock.at(company.at):
        return planned.run_due(company.holdfast.database, now=lambda: company.at)


def mails(company: Company) -> list[dict[str, str]]:
    told = select(Outgoing.body).where(Outgoing.layout == "layouts/drill_ended")
    return company.reads(lambda db: list(db.scalars(told.order_by(Outgoing.id))))


def test_a_planned_drill_runs_when_it_is_due_and_its_owner_is_told_once(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    add_hospital(company, "TANNBACH", "DE")  # in whose language there is no letter
    deliver(company, "TANNBACH", "P-1")
    row = plan(company, "SENS-1")
    assert run_due(company) == 0
    company.at = row.due_at
    assert run_due(company) == 1
    assert run_due(company) == 0  # the next is due in a week
    [drill] = company.reads(lambda db: list(db.scalars(select(Drill))))
    assert drill.outcome == "failed"
    [said] = mails(company)
    assert said["drill_number"] == "DR-2026-0001"
    assert (said["outcome"], said["practised"]) == ("Not passed", "SENS-1")
    assert "no letter" in said["why"]
    [shown] = company.reads(planning.standing)
    assert shown.failed
    assert shown.plan.due_at == row.due_at + timedelta(days=7)


def test_a_lot_that_was_shipped_is_drawn_and_none_where_nothing_was(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    plan(company)
    company.at += timedelta(days=8)
    assert run_due(company) == 0
    assert mails(company)[0]["why"] == "No lot was ever shipped, so none could be drawn."

    add_hospital(company, "SLIGO", "IE")
    deliver(company, "SLIGO", lot=company.lot_id("SENS-1"), of_it=5)
    assert company.reads(lambda db: planned.drawn(db, "seed")) == "SENS-1"


def test_a_planned_drill_that_was_killed_is_told_of_when_it_is_ended(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])

    def until_it_runs() -> datetime:
        if company.reads(lambda db: db.scalar(select(Drill.case_id))):
            raise Killed
        return company.at

    plan(company, "SENS-1")
    company.at += timedelta(days=8)
    with pytest.raises(Killed):
        planned.run_due(company.holdfast.database, now=until_it_runs)
    assert run_due(company) == 0
    assert mails(company) == []
    company.at += interrupted.ALIVE
    interrupted.end_interrupted(company.holdfast.database, at=company.at)
    run_due(company)
    [said] = mails(company)
    assert said["outcome"] == "Abandoned"
    assert said["why"].startswith("Interrupted before its end")


def test_a_plan_names_what_can_be_traced_and_who_is_told(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    with pytest.raises(NothingToTrace):
        plan(company, "SENS-9")
    with pytest.raises(Invalid):
        plan(company, every="daily")
    with pytest.raises(Invalid):
        plan(company, owner_id=company.people.warehouse.id)
    row = plan(company)
    with company.holdfast.database.begin() as db:
        planning.end(db, row.id, by=company.people.qa_manager, at=company.at)
    company.at += timedelta(days=8)
    assert run_due(company) == 0
    assert company.reads(lambda db: list(db.scalars(select(PlannedRun)))) == []


@pytest.mark.parametrize(
    ("every", "night"),
    [("weekly", "2026-02-16"), ("monthly", "2026-03-01"), ("quarterly", "2026-04-01")],
)
def test_a_drill_is_due_in_the_night_before_a_week_a_month_or_a_quarter(
    every: str, night: str
) -> None:
    due = planning.next_due(datetime.fromisoformat("2026-02-09T12:00+00:00"), every, "Asia/Tokyo")
    assert due == datetime.fromisoformat(f"{night}T02:00+09:00")
