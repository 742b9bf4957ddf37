"""One task as the person who does it sees it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn import segregation
from engine.bpmn.models import Instance, Task
from engine.cases import commands
from engine.cases.asking import form_at
from engine.cases.differences import Difference, between
from engine.cases.history import history
from engine.cases.inbox import task_rows
from engine.cases.models import Case
from engine.cases.overview import case_facts
from engine.cases.pages import Draft, TaskPage
from engine.cases.segregated import expected
from engine.cases.tasks import TaskUnknown, printed_name
from engine.people import Person, PersonAccount, holds_qualification, people_with_role
from forms.form import Form
from forms.kind import Kind
from forms.kinds.piece_results import RESULTS
from forms.words import say
from webapp import words
from webapp.times import language

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


def shown_form(db: Session, task: Task) -> Form:
    """Return the form of a task as its case was released with it."""
    return form_at(db, task.process, task.element_id, instance_id=task.instance_id)


def count_differences(
    db: Session, case: Case, form: Form, answers: Mapping[str, Any]
) -> list[Difference]:
    """Return where a count that is not blind differs from what is expected, before it is sent."""
    return [
        one
        for field in form.fields
        if field.kind == "segregation" and not form.kinds[field.id].option("blind")
        if answers.get(field.id)
        for one in between(db, expected(db, case), answers[field.id])
    ]


def barred_names(db: Session, task: Task) -> list[tuple[str, str]]:
    """Return who may not do a task, each with the step that bars them."""
    return [
        (printed_name(db, person_id), words.element(element))
        for person_id, element in segregation.barred(db, [task])[task.id].items()
    ]


def typed_answers(form: Form, raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was typed so far, unchecked, to be read and copied: label and text."""
    kept = [
        (field.label, _as_text(raw.get(field.id), form.kinds[field.id])) for field in form.fields
    ]
    return [(label, text) for label, text in kept if text]


def _as_text(raw: Any, kind: Kind) -> str:
    if isinstance(raw, bool):  # what was answered yes or no has words of its own, a tick has none
        return say(kind.option("yes" if raw else "no"), language()) if "yes" in kind.options else ""
    if isinstance(raw, Mapping):  # what names a row to the machine tells a person nothing
        raw = [value for name, value in raw.items() if name != "key"]
    if isinstance(raw, (list, tuple)):
        return "\n".join(text for one in raw if (text := _as_text(one, kind)))
    if kind.asked.choices:
        return kind.say_choice(str(raw or ""), language())
    if raw in RESULTS and "scanned" in kind.options:
        return say(kind.option(raw), language())
    return "" if raw is None else str(raw)


def successors(db: Session, task_id: UUID, *, at: datetime) -> list[tuple[str, str]]:
    """Return who could do a task: their role, qualified, not set apart; id and printed name."""
    task, _case = task_and_case(db, task_id)
    barred = segregation.barred(db, [task])[task.id]
    return [
        (str(one.id), one.printed_name)
        for one in sorted(people_with_role(db, task.role, at=at), key=lambda one: one.printed_name)
        if one.id not in barred
        and one.id != task.claimed_by_id
        and (not task.qualification or holds_qualification(db, one.id, task.qualification, at=at))
    ]
