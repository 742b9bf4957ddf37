"""Tasks between systems: what differs from another, a gate or a trace that did not hold."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import Session

from engine.cases.pages import SystemTask, TaskFilter
from engine.people import Person, PersonAccount
from engine.people.permissions import may, permissions
from engine.serials.exchange.canary import is_unsettled
from engine.serials.models import (
    CanaryRun,
    ReconciliationDifference,
    ReconciliationRun,
    ReconciliationSource,
    TraceNight,
)
from engine.serials.night import running as nights

DIFF = ReconciliationDifference
SETTLES, LOOKS, TRACES = "difference.resolve", "canary.settle", "night.settle"
NAMED = 3  # numbers that a row names
IS_OPEN = DIFF.state == "open"


def system_tasks(
    db: Session, person: Person, *, show: TaskFilter = "mine"
) -> tuple[SystemTask, ...]:
    """Return what a person can settle, a gate that did not hold first."""
    return (
        *_tries(db, person, show),
        *_nights(db, person, show),
        *_differences(db, person, show),
    )


def system_task_count(db: Session, person: Person) -> int:
    """Count what waits for a person, for the navigation: cheap however much differs."""
    count = 0
    if may(person, SETTLES):
        of_source = (DIFF.source_id == ReconciliationSource.id, IS_OPEN)
        free = exists().where(*of_source, DIFF.owner_id.is_(None))
        mine = exists().where(*of_source, DIFF.owner_id == person.id)
        counted = select(func.count().filter(free), func.count().filter(mine))
        count += sum(db.execute(counted.select_from(ReconciliationSource)).one())
    if may(person, LOOKS):
        wanted = and_(is_unsettled(), _theirs(CanaryRun.owner_id, person, "mine"))
        groups = select(CanaryRun.outcome, CanaryRun.owner_id).where(wanted).distinct()
        count += db.scalar(select(func.count()).select_from(groups.subquery())) or 0
    if may(person, TRACES):
        open_nights = and_(nights.is_unsettled(), _theirs(TraceNight.owner_id, person, "mine"))
        kinds = select(TraceNight.outcome, TraceNight.owner_id).where(open_nights).distinct()
        count += db.scalar(select(func.count()).select_from(kinds.subquery())) or 0
    return count


def _theirs(owner: Any, person: Person, show: TaskFilter) -> ColumnElement[bool]:
    shown: dict[TaskFilter, ColumnElement[bool]] = {
        "mine": or_(owner.is_(None), owner == person.id),
        "teams": true(),
        "unclaimed": owner.is_(None),
    }
    return shown.get(show, false())  # nothing of this is signed


def _tries(db: Session, person: Person, show: TaskFilter) -> Iterator[SystemTask]:
    if not may(person, LOOKS):
        return
    grouped = (
        select(
            CanaryRun.outcome,
            CanaryRun.owner_id,
            PersonAccount.printed_name,
            func.count(),
            func.min(CanaryRun.at, type_=CanaryRun.at.type),
            func.max(CanaryRun.id),
        )
        .outerjoin(PersonAccount, PersonAccount.id == CanaryRun.owner_id)
        .where(is_unsettled(), _theirs(CanaryRun.owner_id, person, show))
        .group_by(CanaryRun.outcome, CanaryRun.owner_id, PersonAccount.printed_name)
        .order_by(CanaryRun.outcome.desc())  # let through before could not be tried
    )
    for outcome, owner_id, name, count, since, newest in db.execute(grouped):
        yield SystemTask(
            outcome, newest, "", count, since, (), _role(person, LOOKS),
            is_mine=owner_id == person.id, claimed_by=name,
        )  # fmt: skip


def _nights(db: Session, person: Person, show: TaskFilter) -> Iterator[SystemTask]:
    if not may(person, TRACES):
        return
    grouped = (
        select(
            TraceNight.outcome,
            TraceNight.owner_id,
            PersonAccount.printed_name,
            func.count(),
            func.min(TraceNight.committed_at, type_=TraceNight.committed_at.type),
            func.max(TraceNight.id),
        )
        .outerjoin(PersonAccount, PersonAccount.id == TraceNight.owner_id)
        .where(nights.is_unsettled(), _theirs(TraceNight.owner_id, person, show))
        .group_by(TraceNight.outcome, TraceNight.owner_id, PersonAccount.printed_name)
        .order_by(TraceNight.outcome)  # one that differs before a rate that is low
    )
    for outcome, owner_id, name, count, since, newest in db.execute(grouped):
        yield SystemTask(
            f"night_{outcome}", newest, "", count, since, (), _role(person, TRACES),
            is_mine=owner_id == person.id, claimed_by=name,
        )  # fmt: skip


def _differences(db: Session, person: Person, show: TaskFilter) -> Iterator[SystemTask]:
    if not may(person, SETTLES):
        return
    counted = (
        select(
            DIFF.source_id,
            DIFF.owner_id,
            func.count().label("count"),
            func.min(DIFF.first_run_id).label("first"),
        )
        .where(IS_OPEN, _theirs(DIFF.owner_id, person, show))
        .group_by(DIFF.source_id, DIFF.owner_id)
        .subquery()
    )
    rows = (
        select(
            ReconciliationSource.id,
            ReconciliationSource.name,
            counted.c.owner_id,
            PersonAccount.printed_name,
            counted.c.count,
            ReconciliationRun.at,
        )
        .join(counted, counted.c.source_id == ReconciliationSource.id)
        .join(ReconciliationRun, ReconciliationRun.id == counted.c.first)
        .outerjoin(PersonAccount, PersonAccount.id == counted.c.owner_id)
        .order_by(ReconciliationRun.at, ReconciliationSource.id, counted.c.owner_id)
    )
    for source_id, system, owner_id, name, count, since in db.execute(rows):
        yield SystemTask(
            "differences", source_id, system, count, since, _numbers(db, source_id, owner_id),
            _role(person, SETTLES), is_mine=owner_id == person.id, claimed_by=name,
        )  # fmt: skip


def _numbers(db: Session, source_id: int, owner_id: int | None) -> tuple[str, ...]:
    of_owner = DIFF.owner_id.is_(None) if owner_id is None else DIFF.owner_id == owner_id
    wanted = select(DIFF.number).where(DIFF.source_id == source_id, IS_OPEN, of_owner)
    return tuple(db.scalars(wanted.order_by(DIFF.id).limit(NAMED)))


def _role(person: Person, action: str) -> str:
    return min(permissions()[action] & person.roles)
