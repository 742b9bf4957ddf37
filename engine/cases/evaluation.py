"""The field action evaluation: it always opens when suspect product has left our control."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases import answers as kept, balance, facts
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.people import Person

PROCESS = "field_action_evaluation"


def ensure(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Open an evaluation for what left after triage, unless one is running. Flushes.

    Before triage the diagram opens it itself.
    """
    if not balance.holdings(db, case.id, accounts=balance.LEFT_CONTROL):
        return
    if kept.latest(db, case, "nonconformance", "triage") is None or _is_running(db, case):
        return

    facts.record(db, case, "left_control", at.isoformat(), by=by, at=at, evidence="serial store")
    open_child(db, case, PROCESS, by=by, at=at)


def _is_running(db: Session, case: Case) -> bool:
    open_task = (
        select(Task.id)
        .join(Instance, Instance.id == Task.root_id)
        .where(
            Instance.business_key == case.number,
            Task.process == PROCESS,
            Task.done_at.is_(None),
            Task.cancelled_at.is_(None),
        )
    )
    return db.scalar(open_task.limit(1)) is not None
