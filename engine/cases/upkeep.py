"""What a case needs without anybody asking: children counted in, held stock counted again."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.bpmn import runtime
from engine.bpmn.errors import StepFailed
from engine.bpmn.incidents import record_incident
from engine.bpmn.models import Instance, Task
from engine.cases import balance
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.tasks import lock_case
from engine.db import Database
from engine.errors import Busy
from engine.people import Person

RECOUNT_EVERY = timedelta(days=7)  # held stock is counted again while it is held
COUNTED = ("confirm_segregation", "recount_held_stock")
COUNTING = (
    select(Instance.business_key)
    .join(Task, Task.root_id == Instance.id)
    .where(Task.element_id.in_(COUNTED), Task.done_at.is_(None), Task.cancelled_at.is_(None))
)


def take_up_reports(database: Database, *, at: datetime) -> int:
    """Let every parent whose children have ended count them in; each in its own transaction."""
    with database.read() as db:
        parents = runtime.parents_with_reports(db)
    return sum(_take_up(database, parent_id, at) for parent_id in parents)


def _take_up(database: Database, parent_id: int, at: datetime) -> int:
    try:
        with database.begin() as db:
            number = db.scalar(
                select(Instance.business_key).where(
                    Instance.id
                    == select(Instance.root_id).where(Instance.id == parent_id).scalar_subquery()
                )
            )
            if number is not None:
                lock_case(db, number)  # always the case first
            return runtime.take_up_reports(db, parent_id, at=at)
    except Busy:
        return 0  # the report is still there at the next tick
    except StepFailed as failure:
        record_incident(database, failure)
        return 0


def open_recounts(database: Database, *, at: datetime) -> int:
    """Ask the warehouse to count held stock again where the last count is a week old."""
    with database.read() as db:
        due = cases_to_recount(db, at=at)
    for number in due:
        with database.begin() as db:
            case = lock_case(db, number)
            if number in cases_to_recount(db, at=at):
                open_child(db, case, "recount", by=None, at=at)
    return len(due)


def count_again(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Have what is held segregated, tagged and counted, unless a count is open that will see it."""
    if db.scalar(COUNTING.where(Instance.business_key == case.number).limit(1)) is None:
        open_child(db, case, "recount", by=by, at=at)


def cases_to_recount(db: Session, *, at: datetime) -> list[str]:
    """Return the open cases that hold stock last counted more than a week ago."""
    counted = (
        select(Instance.business_key, func.max(Task.done_at).label("last"))
        .join(Task, Task.root_id == Instance.id)
        .where(Task.element_id.in_(COUNTED), Task.done_at.is_not(None))
        .group_by(Instance.business_key)
        .subquery()
    )
    cases = db.scalars(
        select(Case)
        .join(counted, counted.c.business_key == Case.number)
        .where(
            Case.state == "open",
            ~Case.is_drill,
            counted.c.last < at - RECOUNT_EVERY,
            Case.number.not_in(COUNTING),
        )
    ).all()
    return [case.number for case in cases if balance.holdings(db, case.id, accounts=("held",))]
