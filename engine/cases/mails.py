"""Who is told what about a case: new tasks, deadlines near and missed, escalations, breaches."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import outbox
from engine.bpmn.models import Instance, Task
from engine.bpmn.step import Step
from engine.cases.about import About, about
from engine.cases.models import Case
from engine.cases.tasks import CaseUnknown, case_numbered, printed_name
from engine.people import Person, PersonAccount, people_with_role

APPROACHING = timedelta(hours=24)  # said once when this much or less is left
SHARE = 4  # … or a quarter of a shorter deadline


def on_task(db: Session, task: Task, change: str) -> None:
    """Tell everyone who may do a task that it waits (the runtime's hook)."""
    if change == "opened":
        _tell_holders(db, task, "layouts/task_opened", at=task.opened_at)


def send(step: Step, element_id: str) -> None:
    """Put the mail of a send task in the outbox, for the managers of quality (runtime's hook)."""
    db = step.db
    process = step.instance.process
    waiting = db.scalars(
        select(Task)
        .where(
            Task.instance_id == step.instance.id,
            Task.done_at.is_(None),
            Task.cancelled_at.is_(None),
        )
        .order_by(Task.due_at)
    ).first()
    if waiting is not None:
        process = waiting.process
    case = _case_of(db, step.instance.root_id)
    if case is not None and case.is_drill:  # a drill has no way out, to our own people neither
        return
    facts = {
        **step.variables,
        **_case_facts(case),
        "due_at": waiting.due_at.isoformat() if waiting and waiting.due_at else None,
        "claimed_by": printed_name(db, waiting.claimed_by_id)
        if waiting and waiting.claimed_by_id
        else None,
    }
    key = f"{process}.{element_id}:{step.instance.id}:{step.at.isoformat()}"
    tell(
        db,
        people_with_role(db, "qa_manager", at=step.at),
        key,
        f"{process}/{element_id}",
        facts,
        at=step.at,
    )


def signing_locked(db: Session, person: Person, at: datetime) -> None:
    """Tell quality management that someone failed to sign three times."""
    facts = {
        "locked_name": person.printed_name,
        "locked_user_name": person.user_name,
        "locked_at": at.isoformat(),
        "address": "–",
        "path": "/people",
    }
    key = f"signing_locked:{person.id}:{at.isoformat()}"
    tell(db, _quality_management(db, at=at), key, "layouts/signing_locked", facts, at=at)


def password_guessed(db: Session, person: Person, at: datetime) -> None:
    """Tell quality management that someone tried to find out a password at an open session."""
    facts = {
        "tried_name": person.printed_name,
        "tried_user_name": person.user_name,
        "tried_at": at.isoformat(),
        "path": "/people",
    }
    key = f"password_guessed:{person.id}:{at.isoformat()}"
    tell(db, _quality_management(db, at=at), key, "layouts/password_guessed", facts, at=at)


def _quality_management(db: Session, *, at: datetime) -> list[PersonAccount]:
    return [
        *people_with_role(db, "qa_manager", at=at),
        *people_with_role(db, "management_representative", at=at),
    ]


def tell_deadlines(db: Session, *, at: datetime) -> int:
    """Put one mail in the outbox for each open task whose deadline is near or missed, once.

    Returns how many tasks were told of.
    """
    near = db.scalars(
        select(Task)
        .where(Task.due_at < at + APPROACHING, Task.done_at.is_(None), Task.cancelled_at.is_(None))
        .with_for_update(skip_locked=True)  # two schedulers at once: each tells of its own
    ).all()
    told = 0
    for task in near:
        missed = task.due_at is not None and task.due_at <= at
        if not missed and not _is_near(task, at):
            continue
        layout = "layouts/sla_missed" if missed else "layouts/sla_approaching"
        told += _tell_holders(db, task, layout, at=at, also_managers=missed)
    return told


def _is_near(task: Task, at: datetime) -> bool:
    if task.due_at is None:
        return False
    return task.due_at - at <= min(APPROACHING, (task.due_at - task.opened_at) / SHARE)


def _tell_holders(
    db: Session, task: Task, layout: str, *, at: datetime, also_managers: bool = False
) -> int:
    case = _case_of(db, task.root_id)
    if case is not None and case.is_drill:
        return 0
    facts = {
        **_case_facts(case),
        "task_name": task.name,
        "role": task.role,
        "due_at": task.due_at.isoformat() if task.due_at else None,
        "claimed_by": printed_name(db, task.claimed_by_id) if task.claimed_by_id else None,
        "path": f"/tasks/{task.id}",
    }
    receivers = people_with_role(db, task.role, at=at)
    named = about(db, [task]).get(task.id)
    if also_managers:
        receivers += people_with_role(db, "qa_manager", at=at)
    return tell(db, receivers, f"{layout}:{task.id}", layout, facts, at=at, named=named)


def tell(
    db: Session,
    receivers: Iterable[PersonAccount],
    key: str,
    layout: str,
    facts: dict[str, Any],
    *,
    at: datetime,
    named: About | None = None,
) -> int:
    """Put one mail for each receiver with an address in the outbox, once for each `key`.

    `named` is the line or round of the task it is about, said in each receiver's language.
    """
    said = {
        f"{key}:{one.id}": {
            "receiver": one.email,
            "language": one.language,
            "body": {
                **facts,
                **({"about": named.said(one.language)} if named else {}),
                "printed_name": one.printed_name,
                "time_zone": one.time_zone,
            },
        }
        for one in receivers
        if one.email
    }
    return 1 if outbox.say_once(db, said, layout=layout, at=at) else 0


def path_of(case: Case) -> str:
    """Return where the case is found on the site: `/nonconformances/NC-2026-0007`."""
    return f"/{case.process}s/{case.number}"


def _case_facts(case: Case | None) -> dict[str, Any]:
    if case is None:
        return {"case_number": "–", "case_title": "", "path": "/"}
    return {
        "case_number": case.number,
        "case_title": case.title,
        "path": path_of(case),
    }


def _case_of(db: Session, root_id: int | None) -> Case | None:
    root = db.get(Instance, root_id) if root_id is not None else None
    try:
        return case_numbered(db, root.business_key) if root else None
    except CaseUnknown:  # a diagram that runs without a case has no facts to tell
        return None
