"""Children that no diagram opens: a recount, a hold breach, a late field action evaluation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn import library, runtime
from engine.bpmn.models import ChildGroup, Instance
from engine.cases.models import Case
from engine.people import Person


def open_child(
    db: Session,
    case: Case,
    process: str,
    *,
    by: Person | None,
    at: datetime,
    variables: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Instance:
    """Start `process` as a child of the case's own diagram, on the version the case pins.

    Nothing in the parent waits for it; closing the case does (`still_running`). `key` says what it
    is about, where that is known beforehand.
    """
    root = db.get_one(Instance, case.instance_id)
    group = ChildGroup(
        instance_id=root.id,
        process=process,
        message=f"{process}_done",
        total_count=1,
        open_count=1,
    )
    db.add(group)
    db.flush()
    return runtime.start(
        db,
        process,
        business_key=f"{case.number}/{process}-{group.id}",
        variables=variables or {},
        by=by,
        at=at,
        parent=runtime.Parent(root, group, key or f"{process}-{group.id}"),
    )


def can_open(db: Session, case: Case, process: str) -> bool:
    """Say whether a version of `process` is there: the case's own, or one that was released."""
    if case.instance_id is None:
        return False
    root = db.get_one(Instance, case.instance_id)
    return library.holds(root.definition, process) or library.is_released(db, process)


def still_running(db: Session, case: Case, *, but: int) -> list[Instance]:
    """Return the case's running diagrams, without the instance `but`."""
    root = db.get_one(Instance, case.instance_id)
    return list(
        db.scalars(
            select(Instance).where(
                Instance.root_id == root.id, Instance.ended_at.is_(None), Instance.id != but
            )
        )
    )
