"""Deadline adherence.

Formula: Notifications of authorities submitted on time ÷ due; least time left when submitted.

Population: Steps “Submit notification” of recalls with a deadline.

Window: Due in the chosen days, and due by now.

Exclusions: Drills; steps that were cancelled. The deadlines of the law come with the packets of
authorities: today it is the deadline of the step.

Unit: Percent, with the 95 % interval of Wilson; calendar time.

Source: House definition.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.kpis.measure import (
    REAL,
    Bucket,
    Col,
    Figure,
    Measured,
    Rows,
    Window,
    rank,
    seconds,
    share,
)  # fmt: skip
from engine.cases.models import Case
from engine.cases.recalls.models import Notification
from engine.words import N_

PART, PLACE, UNIT = "recall", 6, "percent"
NO_SUBMISSION = N_("No submissions recorded yet")


class Due(NamedTuple):
    """One submission that was due."""

    task_id: UUID
    number: str
    jurisdiction: str
    due_at: datetime
    done_at: datetime | None


def _due(db: Session, window: Window) -> list[Due]:
    found = db.execute(
        select(Task.id, Case.number, Notification.jurisdiction, Task.due_at, Task.done_at)
        .join(Notification, Notification.instance_id == Task.instance_id)
        .join(Case, Case.id == Notification.case_id)
        .where(
            REAL,
            Task.element_id == "submit_notification",
            Task.cancelled_at.is_(None),
            window.within(Task.due_at),
        )
        .order_by(Task.due_at.desc())
    )
    return [Due(*row[:3], row[3], row[4]) for row in found if row[3] is not None]


def measured(db: Session, window: Window) -> Measured:
    """Judge what was submitted, or is late already."""
    due = _due(db, window)
    judged = [one for one in due if one.done_at is not None or one.due_at < window.at]
    slack = [seconds(one.done_at, one.due_at) for one in judged if one.done_at is not None]

    def adhered(of: list[Due], **more: str) -> Figure:
        good = sum(one.done_at is not None and one.done_at <= one.due_at for one in of)
        return share(N_("Submitted on time"), good, len(of), why=NO_SUBMISSION, **more)

    countries = sorted({one.jurisdiction for one in judged})
    least = rank(N_("Least time left"), [min(slack)] if slack else [], 100)
    return Measured(
        adhered(judged),
        (least,),
        tuple(
            adhered(
                [one for one in judged if one.jurisdiction == code],
                group=code, group_kind="jurisdiction",
            )
            for code in countries
        ),
        (Bucket(N_("Not due yet"), len(due) - len(judged)),),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every submission that was due."""
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("jurisdiction", N_("Jurisdiction"), "jurisdiction"),
            Col("due_at", N_("Due"), "moment"),
            Col("submitted_at", N_("Submitted"), "moment"),
            Col("left", N_("Time left"), "seconds"),
        ),
        [
            (
                one.number, one.jurisdiction, one.due_at, one.done_at,
                seconds(one.done_at, one.due_at) if one.done_at else None,
            )
            for one in _due(db, window)
        ],
    )  # fmt: skip
