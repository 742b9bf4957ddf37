"""One task as the person who does it sees it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases import commands
from engine.cases.history import history
from engine.cases.inbox import task_rows
from engine.cases.models import Case
from engine.cases.overview import case_facts
from engine.cases.pages import Draft, TaskPage
from engine.cases.tasks import TaskUnknown, printed_name
from engine.people import Person, PersonAccount

LAST = 3  # lines of history beside a form


def place(task_id: UUID) -> str:
    """Return where the draft of a task is kept."""
    return f"task:{task_id}"


def task_and_case(db: Session, task_id: UUID) -> tuple[Task, Case]:
    """Return a task with its case; raises `TaskUnknown`."""
    found = db.execute(
        select(Task, Case)
        .join(Instance, Instance.id == Task.root_id)
        .join(Case, Case.number == Instance.business_key)
        .where(Task.id == task_id)
    ).one_or_none()
    if found is None:
        raise TaskUnknown
    return found[0], found[1]


def task_page(db: Session, task_id: UUID, person: Person, *, at: datetime) -> TaskPage:
    """Return everything the page of a task shows; raises `TaskUnknown`."""
    task, case = task_and_case(db, task_id)
    claimed_by = db.get(PersonAccount, task.claimed_by_id) if task.claimed_by_id else None
    (row,) = task_rows(
        db, [(task, case, claimed_by.printed_name if claimed_by else None)], person, at=at
    )
    draft = commands.find_draft(db, place(task_id), by=person)
    return TaskPage(
        row=row,
        case=case_facts(db, case),
        version=case.version,
        procedure=task.procedure,
        instructions=None,
        draft=Draft(draft.answers, draft.saved_at) if draft else None,
        history=history(db, case, last=LAST),
        on_behalf_of=row.principal,
        done_by=printed_name(db, task.done_by_id) if task.done_at else None,
        done_at=task.done_at or task.cancelled_at,
    )
