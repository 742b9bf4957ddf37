"""Overdue rate.

Formula: Tasks past due ÷ tasks due. Past due: done after the deadline, or open and the deadline is
over.

Population: Tasks of people with a deadline, in nonconformances and recalls, by role.

Window: Due in the chosen days, and due by now.

Exclusions: Drills; tasks without a deadline; tasks that were cancelled.

Unit: Percent, with the 95 % interval of Wilson.

Source: House definition.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.kpis.measure import (
    Bucket,
    Col,
    Measured,
    Rows,
    Window,
    of_real_cases,
    seconds,
    share,
)
from engine.cases.models import Case
from engine.people import PersonAccount
from engine.words import N_

PART, PLACE, UNIT = "compliance", 1, "percent"
NONE_DUE = N_("No task was due in this time")


def _due(window: Window) -> tuple[ColumnElement[bool], ...]:
    return (window.within(Task.due_at), Task.cancelled_at.is_(None))


def _is_late(at: datetime) -> ColumnElement[bool]:
    return (Task.done_at > Task.due_at) | (Task.done_at.is_(None) & (Task.due_at < at))


def _is_judged(at: datetime) -> ColumnElement[bool]:
    return Task.done_at.is_not(None) | (Task.due_at < at)


def measured(db: Session, window: Window) -> Measured:
    """Count the tasks by role, in one query."""
    asked = select(
        Task.role,
        func.count().filter(_is_late(window.at)),
        func.count().filter(_is_judged(window.at)),
        func.count(),
    )
    found = db.execute(
        of_real_cases(asked).where(*_due(window)).group_by(Task.role).order_by(Task.role)
    ).all()
    late, judged, due = (sum(int(row[place]) for row in found) for place in (1, 2, 3))
    return Measured(
        share(N_("Past due"), late, judged, why=NONE_DUE),
        groups=tuple(
            share(N_("Past due"), row[1], row[2], why=NONE_DUE, group=row[0], group_kind="role")
            for row in found
        ),
        unknown=(Bucket(N_("Not due yet"), due - judged),),
    )


def rows(db: Session, window: Window) -> Rows:
    """Return the tasks that were past due."""
    step = Task.process + "." + Task.element_id
    asked = select(
        Task.id, Case.number, step, Task.role, PersonAccount.printed_name, Task.due_at, Task.done_at
    )
    who = func.coalesce(Task.done_by_id, Task.claimed_by_id)
    found = db.execute(
        of_real_cases(asked)
        .outerjoin(PersonAccount, PersonAccount.id == who)
        .where(*_due(window), _is_late(window.at))
        .order_by(Task.due_at.desc())
    )
    return Rows(
        (
            Col("task", N_("Task"), "task"),
            Col("case", N_("Case"), "case"),
            Col("step", N_("Step"), "step"),
            Col("role", N_("Role"), "role"),
            Col("person", N_("Person")),
            Col("due_at", N_("Due"), "moment"),
            Col("done_at", N_("Done"), "moment"),
            Col("late", N_("Late by"), "seconds"),
        ),
        [
            (str(id_), number, step, role, name, due, done, seconds(due, done or window.at))
            for id_, number, step, role, name, due, done in found
        ],
    )
