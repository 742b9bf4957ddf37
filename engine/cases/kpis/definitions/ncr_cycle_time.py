"""Cycle time of nonconformances.

Formula: Time from report to closure: median, 90 % and longest. By step: waiting is from opened to
claimed, working from claimed to done, medians. Age of those still open.

Population: Nonconformances closed in the window; those open now for the age.

Window: Closed, or the step done, in the chosen days.

Exclusions: Drills; voided cases; steps that nobody claimed are counted as waiting only.

Unit: Calendar time.

Source: House definition; ISO 13485:2016, 8.4 asks for the analysis of data (unverified).
"""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.kpis.measure import (
    REAL,
    Col,
    Figure,
    Measured,
    Rows,
    Window,
    between,
    count,
    median,
    most,
    of_real_cases,
    rank,
    ranked,
    seconds,
)  # fmt: skip
from engine.cases.models import Case
from engine.words import N_

PART, PLACE, UNIT = "nonconformance", 1, "seconds"
OURS = REAL & (Case.process == "nonconformance")


def measured(db: Session, window: Window) -> Measured:
    """Take the cases closed in the window, those still open, and the steps done."""
    closed = db.execute(
        select(Case.opened_at, Case.ended_at).where(
            OURS, Case.state == "closed", window.within(Case.ended_at)
        )
    )
    took = [seconds(opened, ended) for opened, ended in closed if ended is not None]
    opened = db.scalars(select(Case.opened_at).where(OURS, Case.state == "open"))
    ages = [seconds(at, window.at) for at in opened]
    return Measured(
        median(N_("Median"), took),
        (
            rank(N_("90 of 100 within"), took, 90),
            most(N_("Longest"), took),
            count(N_("Still open"), len(ages)),
            median(N_("Age of those open, median"), ages),
            most(N_("Age of those open, longest"), ages),
        ),
        tuple(_steps(db, window)),
    )


def _steps(db: Session, window: Window) -> Iterator[Figure]:
    step = Task.process + "." + Task.element_id
    here = (
        Case.process == "nonconformance",
        window.within(Task.done_at),
        Task.done_by_id.is_not(None),
        Task.cancelled_at.is_(None),
    )
    claimed = func.coalesce(Task.claimed_at, Task.done_at)
    waited = of_real_cases(select(step, between(db, Task.opened_at, claimed))).where(*here)
    worked = of_real_cases(select(step, between(db, Task.claimed_at, Task.done_at))).where(
        *here, Task.claimed_at.is_not(None)
    )
    for label, asked in ((N_("Waiting, median"), waited), (N_("Working, median"), worked)):
        for of, many, middle, *_ in db.execute(ranked(asked)):
            yield Figure(
                label, Decimal(str(middle)), "seconds", of=Decimal(many),
                group=of, group_kind="step",
            )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return the cases closed in the window, and those still open."""
    found = db.execute(
        select(Case.number, Case.title, Case.state, Case.opened_at, Case.ended_at)
        .where(
            OURS,
            (Case.state == "open") | ((Case.state == "closed") & window.within(Case.ended_at)),
        )
        .order_by(Case.id.desc())
    )
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("title", N_("Title")),
            Col("state", N_("State"), "state"),
            Col("opened_at", N_("Reported"), "moment"),
            Col("closed_at", N_("Closed"), "moment"),
            Col("took", N_("Took, or age"), "seconds"),
        ),
        [
            (number, title, state, opened, ended, seconds(opened, ended or window.at))
            for number, title, state, opened, ended in found
        ],
    )
