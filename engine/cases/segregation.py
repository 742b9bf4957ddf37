"""Segregation of duties: who did this may not do that, over the whole case and all its rounds."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.bpmn.segregation import elements
from engine.cases.models import Answer, Case
from engine.errors import NotAllowed
from engine.people import Person, standing


class NotTheSamePerson(NotAllowed):
    """You or your principal did “%(element)s” on this case. Someone else must do this task."""


def doers(db: Session, case: Case, task: Task) -> dict[int, str]:
    """Return who may not do `task`, and the element each of them did that bars them.

    A doer, and the principal of one who acted as a delegate, are both barred.
    """
    barred: dict[int, str] = {}
    for process, element in elements(task.separate_from):
        rows = db.execute(
            select(Answer.by_id, Answer.on_behalf_of_id).where(
                Answer.case_id == case.id,
                Answer.process == process,
                Answer.element_id == element,
            )
        )
        for row in rows:
            barred |= {person: element for person in row if person is not None}
    return barred


def refuse_if_barred(db: Session, case: Case, task: Task, by: Person) -> None:
    """Raise `NotTheSamePerson` when `by`, or who they stand in for, did a step set apart."""
    barred = doers(db, case, task)
    for person in standing(by, task.role):
        if person in barred:
            raise NotTheSamePerson(element=barred[person].replace("_", " "))
