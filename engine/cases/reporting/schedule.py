"""When a recall reports its status: on the cadence of its strategy, opened by the clock."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.models import Instance
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.obligations import keeping
from engine.cases.reporting.models import StatusReport, StatusSchedule
from engine.cases.tasks import lock_case
from engine.db import Database
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people import Person
from engine.words import N_

PROCESS = "status_report"
MOST_DAYS = 366


def schedule(
    db: Session, case: Case, *, every_days: int, by: Person | None, at: datetime
) -> StatusSchedule:
    """Have a case report its status every so many days from `at` on. Flushes; raises `Invalid`."""
    if not 1 <= every_days <= MOST_DAYS:
        words = N_("Enter how many days lie between two status reports, 1 to 366.")
        raise Invalid([Problem("every_days", words)])

    row = StatusSchedule(
        case_id=case.id, every_days=every_days, since=at, by_id=by.id if by else None
    )
    db.add(row)
    db.flush()
    body = {"every_days": every_days}
    ledger.append(db, case.stream, "status_reports_scheduled", body, by=by, at=at)
    keeping.refresh(db, case, by=by, at=at)
    return row


def next_due(db: Session, case: Case) -> datetime | None:
    """Return when the next report is due; None where none is scheduled."""
    scheduled = db.scalar(
        select(StatusSchedule)
        .where(StatusSchedule.case_id == case.id)
        .order_by(StatusSchedule.id.desc())
        .limit(1)
    )
    if scheduled is None:
        return None
    last = db.scalar(
        select(func.max(StatusReport.opened_at, type_=StatusReport.opened_at.type)).where(
            StatusReport.case_id == case.id
        )
    )
    begun = max(last, scheduled.since) if last else scheduled.since
    return begun + timedelta(days=scheduled.every_days)


def open_due(database: Database, *, at: datetime) -> int:
    """Open the report of every recall whose time has come; each in its own transaction."""
    with database.read() as db:
        scheduled = db.scalars(
            select(Case)
            .join(Instance, Instance.id == Case.instance_id)
            .where(
                Instance.clock.is_not_distinct_from(clock.own()),
            )
            .where(Case.state == "open", Case.id.in_(select(StatusSchedule.case_id)))
            .order_by(Case.id)
        )
        due = [case.number for case in scheduled.all() if _is_due(db, case, at)]
    for number in due:
        with database.begin() as db:
            case = lock_case(db, number)
            if case.state == "open" and _is_due(db, case, at):
                open_child(db, case, PROCESS, by=None, at=at)
    return len(due)


def _is_due(db: Session, case: Case, at: datetime) -> bool:
    due = next_due(db, case)
    return due is not None and due <= at and not _is_open(db, case)


def _is_open(db: Session, case: Case) -> bool:
    """Say whether a report is being prepared: one at a time."""
    running = select(Instance.id).where(
        Instance.root_id == case.instance_id,
        Instance.business_key.startswith(f"{case.number}/{PROCESS}", autoescape=True),
        Instance.ended_at.is_(None),
    )
    return db.scalar(running.limit(1)) is not None
