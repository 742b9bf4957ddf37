"""A drill of people: hospitals answer while they work; closed, it is scored."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.drills import hospitals, settling
from engine.cases.drills.models import Drill
from engine.cases.drills.scoring import finish
from engine.cases.drills.starting import drill_of
from engine.cases.models import Case
from engine.cases.tasks import lock_case, refuse_ended
from engine.db import Database
from engine.errors import Refused
from engine.people import Person, authorize
from engine.people.robots import robot

RECORDER = "customer_service"  # whose robot takes down what hospitals answer


class NothingToAccountFor(Refused):
    """%(number)s does not wait for its reconciliation yet. Until then consignees may answer."""


def tend(database: Database, *, at: datetime) -> int:
    """Record what synthetic hospitals answer by now, and score what was closed.

    Returns how many answers there were. Each in a transaction of its own.
    """
    with database.read() as db:
        running = db.scalars(
            select(Case.number)
            .join(Drill, Drill.case_id == Case.id)
            .where(Drill.is_attended, Drill.ended_at.is_(None))
            .order_by(Case.id)
        ).all()
    return sum(_tend(database, number, at) for number in running)


def _tend(database: Database, number: str, at: datetime) -> int:
    with database.begin() as db:
        case = lock_case(db, number)
        _, drill = drill_of(db, number)
        if case.state != "open":
            finish(db, number, at=at, ended_at=at)
            return 0
        hospitals.plan(db, case, drill)
        due = hospitals.due(db, case, at=at)
    for answer_id in due:
        with database.begin() as db:
            by = robot(db, RECORDER, at=at)
            _, drill = drill_of(db, number)
            hospitals.give(db, drill, answer_id, by=by, at=at)
    return len(due)


def settle(db: Session, number: str, *, by: Person, at: datetime) -> int:
    """Account for what is open in a drill, because somebody says so; returns how many moved.

    Raises `NothingToAccountFor` before the recall waits for its reconciliation.
    """
    authorize(by, "drill.settle")
    case = lock_case(db, number)
    drill_of(db, number)
    refuse_ended(case)
    if not settling.is_due(db, case):
        raise NothingToAccountFor(number=number)

    moved = settling.settle(db, case, by=by, at=at)
    case.version += 1
    return moved
