"""My tasks: what waits for a person, soonest deadline first, and why it is theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from engine.bpmn import segregation
from engine.bpmn.models import Instance, Task
from engine.cases.about import about
from engine.cases.models import Case
from engine.cases.pages import Page, TaskFilter, TaskGroup, TaskRow, TaskSort, TasksPage
from engine.cases.signing import signs_always
from engine.cases.system_tasks import system_task_count, system_tasks
from engine.cases.tasks import waits_for_migration
from engine.evidence.meanings import DECISION_IF_REFUSABLE, DECISIONS
from engine.people import Person, PersonAccount, acting_for

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
PAGE_SIZE = 50
Found = tuple[Task, Case, str | None]  # with who claimed it


def my_tasks(
    db: Session,
    person: Person,
    *,
    at: datetime,
    show: TaskFilter = "mine",
    sort: TaskSort = "deadline",
    page: int = 1,
) -> TasksPage:
    """Return one page of the tasks a person can act on.

    `mine` are those claimed by them and the unclaimed ones of their roles; `teams` adds what
    colleagues of the same roles have claimed. What another system leaves to settle stands on the
    first page.
    """
    wanted = _wanted(person, show)
    counts = _counts(db, wanted, at)
    between = system_tasks(db, person, show=show)
    rows = db.execute(_select(_wanted(person, show, sort), sort, page=page))
    return TasksPage(
        rows=task_rows(db, rows.all(), person, at=at),
        page=Page(number=page, size=PAGE_SIZE, total_count=counts["all"]),
        between_systems=between if page == 1 else (),
        open_count=counts["all"] + len(between),
        overdue_count=counts["overdue"],
        day_count=counts["day"],
        group_counts={name: counts[name] for name in ("overdue", "day", "week", "later")},
        teams_waiting_count=_team_count(db, person) if not counts["all"] and not between else 0,
        teams=tuple(sorted(person.roles)),
    )


def _wanted(person: Person, show: TaskFilter, sort: TaskSort = "deadline") -> ColumnElement[bool]:
    theirs = _role(sort).in_(sorted(person.roles))
    free = Task.claimed_by_id.is_(None)
    mine = Task.claimed_by_id == person.id
    shown = {
        "mine": and_(theirs, or_(free, mine)),
        "teams": theirs,
        "signature": and_(theirs, or_(free, mine), Task.signature.is_not(None)),
        "decision": and_(theirs, or_(free, mine), is_decision()),
        "unclaimed": and_(theirs, free),
    }[show]
    return and_(Task.done_at.is_(None), Task.cancelled_at.is_(None), shown)


def is_decision() -> ColumnElement[bool]:
    """Return the condition that signing a task decides on work laid before the signer."""
    refusable = (DECISION_IF_REFUSABLE, "reject")
    return or_(
        *(Task.signature.contains(f":{meaning}") for meaning in DECISIONS),
        and_(*(Task.signature.contains(f":{meaning}") for meaning in refusable)),
    )


def _role(sort: TaskSort) -> ColumnElement[str]:
    # by case it is quicker to go through the cases in order than to sort all the work of a role:
    # said in this way, SQLite does not take the index that begins with the role
    return Task.role.concat("") if sort == "case" else Task.role.expression


def _select(wanted: ColumnElement[bool], sort: TaskSort, *, page: int) -> Select[Task, Case, str]:
    # a task without a deadline comes last, on both databases
    order: dict[TaskSort, Sequence[Any]] = {
        "deadline": (Task.due_at.nulls_last(), Task.opened_at),
        "opened": (Task.opened_at.desc(),),
        "case": (Instance.business_key, Task.due_at.nulls_last()),
    }
    # the page is picked from the index of open work alone; only its rows are read
    picked = select(Task.id).where(wanted).order_by(*order[sort], Task.id)
    if sort == "case":
        picked = picked.join(Instance, Instance.id == Task.root_id)
    ids = picked.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE).subquery()
    return (
        select(Task, Case, PersonAccount.printed_name)
        .join(ids, ids.c.id == Task.id)
        .join(Instance, Instance.id == Task.root_id)  # the case is named by the root of its tree
        .join(Case, Case.number == Instance.business_key)
        .outerjoin(PersonAccount, PersonAccount.id == Task.claimed_by_id)
        .order_by(*order[sort], Task.id)
    )


def _counts(db: Session, wanted: ColumnElement[bool], at: datetime) -> dict[str, int]:
    # counted in one pass over the index; grouping would sort what it has read
    before = [func.count().filter(Task.due_at < at + ahead) for ahead in (timedelta(0), DAY, WEEK)]
    counted = db.execute(select(func.count(), *before).select_from(Task).where(wanted)).one()
    total, overdue, in_a_day, in_a_week = map(int, counted)
    return {
        "all": total,
        "overdue": overdue,
        "day": in_a_day - overdue,
        "week": in_a_week - in_a_day,
        "later": total - in_a_week,
    }


def _team_count(db: Session, person: Person) -> int:
    return db.scalar(select(func.count()).select_from(Task).where(_wanted(person, "teams"))) or 0


def task_rows(
    db: Session, found: Sequence[Found], person: Person, *, at: datetime
) -> tuple[TaskRow, ...]:
    """Turn tasks with their cases into rows as this person sees them."""
    barred = segregation.barred(db, [task for task, _, _ in found])
    named = about(db, [task for task, _, _ in found])
    names = _names(db, person)
    return tuple(
        TaskRow(
            id=task.id,
            name=task.name,
            process=task.process,
            element_id=task.element_id,
            role=task.role,
            case_number=of_case.number,
            case_title=of_case.title,
            subject=of_case.subject,
            severity=of_case.severity,
            needs_signature=_is_signed(task, of_case) and signs_always(task.signature),
            may_need_signature=_is_signed(task, of_case) and not signs_always(task.signature),
            opened_at=task.opened_at,
            due_at=task.due_at,
            group=group_of(task.due_at, at),
            claimed_by=claimed_by,
            is_mine=task.claimed_by_id == person.id,
            principal=names.get(acting_for(person, task.role) or 0),
            refused=segregation.refusal(barred[task.id], person, task.role)
            or waits_for_migration(of_case, task),
            about=named.get(task.id),
        )
        for task, of_case, claimed_by in found
    )


def _is_signed(task: Task, case: Case) -> bool:
    return task.signature is not None and not case.migrating_to


def group_of(due_at: datetime | None, at: datetime) -> TaskGroup:
    """Return the deadline group of a task."""
    if due_at is None or due_at >= at + WEEK:
        return "later"
    if due_at < at:
        return "overdue"
    return "day" if due_at < at + DAY else "week"


def _names(db: Session, person: Person) -> dict[int, str]:
    principals = {who for _, who in person.on_behalf_of}
    if not principals:
        return {}
    rows = db.execute(
        select(PersonAccount.id, PersonAccount.printed_name).where(PersonAccount.id.in_(principals))
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True)
class Badge:
    """The counts beside the navigation."""

    tasks: int
    approvals: int


def badge(db: Session, person: Person) -> Badge:
    """Count what the person can act on, for the navigation."""
    tasks, approvals = db.execute(
        select(func.count(), func.count().filter(is_decision()))
        .select_from(Task)
        .where(_wanted(person, "mine"))
    ).one()
    return Badge(tasks=tasks + system_task_count(db, person), approvals=approvals)
