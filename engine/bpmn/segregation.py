"""Segregation of duties: who did one thing in a case may not do the other.

The one rule, asked wherever a task is claimed, handed over, completed or listed.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, select, union_all
from sqlalchemy.orm import Session, aliased

from engine.bpmn.errors import DoneByTheSamePerson
from engine.bpmn.models import Instance, Task
from engine.people import Person, standing

AlsoDid = Callable[[Subquery], Select[*tuple[Any, ...]]]
_tree = aliased(Instance)


def elements(separate_from: str | None) -> list[tuple[str, str]]:
    """Return the (process, element) pairs of `disposition.propose_disposition, …`."""
    parts = [part.strip() for part in (separate_from or "").split(",")]
    pairs = [part.partition(".") for part in parts if part]
    return [(process, element) for process, _dot, element in pairs]


def barred(db: Session, tasks: Sequence[Task]) -> dict[UUID, dict[int, str]]:
    """Return, for each task, who may not do it, with the id of the element that bars them.

    Doers, delegates and principals, in every tree that ran under the case's number (a reopened
    case has several) and in all rounds; and whoever `db.info["also_did"]` names, which the rooms
    above know: each takes the tasks asked about (columns `task`, `case`) and returns a select of
    (task, process, element, person, principal). One query.
    """
    apart = {task.id: elements(task.separate_from) for task in tasks if task.separate_from}
    found: dict[UUID, dict[int, str]] = {task.id: {} for task in tasks}
    if not apart:
        return found

    asked = (
        select(Task.id.label("task"), Instance.business_key.label("case"))
        .join(Instance, Instance.id == Task.root_id)
        .where(Task.id.in_(apart))
        .subquery()
    )
    ways: Sequence[AlsoDid] = (_done, *db.info.get("also_did", ()))
    for task_id, process, element, *people in db.execute(union_all(*(way(asked) for way in ways))):
        if (process, element) in apart[task_id]:
            found[task_id] |= {person: element for person in people if person is not None}
    return found


def _done(asked: Subquery) -> Select[*tuple[Any, ...]]:
    return (
        select(asked.c.task, Task.process, Task.element_id, Task.done_by_id, Task.on_behalf_of_id)
        .join(_tree, _tree.business_key == asked.c.case)
        .join(Task, Task.root_id == _tree.id)
        .where(Task.done_at.is_not(None))
    )


def refusal(barred: dict[int, str], by: Person, role: str) -> DoneByTheSamePerson | None:
    """Return why `by` may not act in `role` where these are barred; None when they may.

    They are held apart from their own deeds and from those of whom they stand in for.
    """
    for person in standing(by, role):
        if person in barred:
            return DoneByTheSamePerson(element=barred[person].replace("_", " "))
    return None


def refuse_if_barred(db: Session, task: Task, by: Person | None) -> None:
    """Raise `DoneByTheSamePerson` when the diagram wants another person for `task`."""
    if by is None:
        return
    refused = refusal(barred(db, [task])[task.id], by, task.role)
    if refused is not None:
        raise refused
