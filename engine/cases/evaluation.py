"""The field action evaluation: it always opens when suspect product has left our control."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases import answers as kept, balance, facts
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.tasks import open_tasks
from engine.people import Person

PROCESS = "field_action_evaluation"


def ensure(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Open an evaluation for what left after triage, unless one is running. Flushes.

    Before triage the diagram opens it itself, in the second life of a reopened case too. A recall
    is the evaluation.
    """
    if case.process == "recall" or not balance.holdings(db, case.id, accounts=balance.LEFT_CONTROL):
        return
    if not _is_triaged(db, case) or _is_running(db, case):
        return

    facts.record(db, case, "left_control", at.isoformat(), by=by, at=at, evidence="serial store")
    open_child(db, case, PROCESS, by=by, at=at)


def _is_triaged(db: Session, case: Case) -> bool:
    """Say whether the diagram that runs now is past triage; none may run yet, or only an old one.

    While a case is reopened it still names the diagram of its first life.
    """
    root = db.get(Instance, case.instance_id) if case.instance_id else None
    if root is None or root.ended_at is not None:
        return False
    return kept.latest(db, case, "nonconformance", "triage", instance_id=root.id) is not None


def _is_running(db: Session, case: Case) -> bool:
    evaluating = open_tasks(case.number).where(Task.process == PROCESS)
    return db.scalar(evaluating.limit(1)) is not None
