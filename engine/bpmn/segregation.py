"""Segregation of duties: who did one thing in a case may not do the other.

The one rule, asked wherever a task is claimed, handed over, completed or listed.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, select, tuple_, union
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
    above know: each takes the cases asked about (column `case`) and returns a select of
    (case, process, element, person, principal). Two queries, however many tasks.
    """
    apart = {task.id: elements(task.separate_from) for task in tasks if task.separate_from}
    found: dict[UUID, dict[int, str]] = {task.id: {} for task in tasks}
    if not apart:
        return found

    roots = {task.root_id for task in tasks if task.id in apart}
    case_of = dict(
        db.execute(select(Instance.id, Instance.business_key).where(Instance.id.in_(roots))).all()
    )
    wanted = {pair for pairs in apart.values() for pair in pairs}
    did = _did(db, {case for case in case_of.values() if case}, wanted)
    for task in tasks:
        for process, element in apart.get(task.id, ()):
            people = did.get((case_of[task.root_id], process, element), ())
            found[task.id] |= dict.fromkeys(people, element)
    return found


def _did(
    db: Session, cases: set[str], wanted: set[tuple[str, str]]
) -> dict[tuple[str | None, str, str], set[int]]:
    """Return who did each wanted element of each case: once per case, not once per task."""
    asked = (
        select(Instance.business_key.label("case"))
        .where(Instance.business_key.in_(cases))
        .distinct()
        .subquery()
    )
    ways: Sequence[AlsoDid] = (_done, *db.info.get("also_did", ()))
    did: dict[tuple[str | None, str, str], set[int]] = defaultdict(set)
    for case, process, element, *people in db.execute(
        union(*(_only(way(asked), wanted) for way in ways))
    ):
        did[case, process, element] |= {person for person in people if person is not None}
    return did


def _only(did: Select[*tuple[Any, ...]], wanted: set[tuple[str, str]]) -> Select[*tuple[Any, ...]]:
    _case, process, element, *_people = did.selected_columns
    return did.where(tuple_(process, element).in_(wanted))


def _done(asked: Subquery) -> Select[*tuple[Any, ...]]:
    return (
        select(asked.c.case, Task.process, Task.element_id, Task.done_by_id, Task.on_behalf_of_id)
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
