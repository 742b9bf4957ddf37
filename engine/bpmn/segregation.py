"""Segregation of duties: who did one thing in a case may not do the other."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.bpmn.errors import DoneByTheSamePerson
from engine.bpmn.models import Task
from engine.people.person import Person


def elements(separate_from: str | None) -> list[tuple[str, str]]:
    """Return the (process, element) pairs of `disposition.propose_disposition, …`."""
    parts = [part.strip() for part in (separate_from or "").split(",")]
    pairs = [part.partition(".") for part in parts if part]
    return [(process, element) for process, _dot, element in pairs]


def principal(by: Person | None, role: str) -> int | None:
    """Return for whom `by` holds the role, when it is a delegated one."""
    return dict(by.on_behalf_of).get(role) if by else None


def check(db: Session, task: Task, by: Person | None) -> None:
    """Raise `DoneByTheSamePerson` when the diagram wants another person for `task`.

    Ranges over the whole tree of the case and all rounds, and over doer, delegate and principal.
    """
    pairs = elements(task.separate_from)
    if by is None or not pairs:
        return
    same = {by.id, principal(by, task.role)} - {None}
    earlier = db.scalar(
        select(Task.name)
        .where(
            Task.root_id == task.root_id,
            Task.done_at.is_not(None),
            or_(*((Task.process == p) & (Task.element_id == e) for p, e in pairs)),
            or_(Task.done_by_id.in_(same), Task.on_behalf_of_id.in_(same)),
        )
        .limit(1)
    )
    if earlier is not None:
        raise DoneByTheSamePerson(element=earlier)
