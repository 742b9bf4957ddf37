"""Comparisons with other systems as their pages show them: results, trend, differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.jobs import Job
from engine.serials.exchange.reconcile import differences_sum
from engine.serials.exchange.runs import JOB
from engine.serials.exchange.sources import source_of
from engine.serials.models import (
    ReconciliationDifference,
    ReconciliationRun,
    ReconciliationSource,
)
from webapp.queries.stock import actors

TREND = 14  # runs whose sums are shown beside each other
DIFF = ReconciliationDifference


@dataclass(frozen=True)
class SourceLine:
    """One system that is compared, its newest result and what is open."""

    source: ReconciliationSource
    newest: ReconciliationRun | None
    open_count: int
    trend: Sequence[int]  # differences of the last runs, the oldest first
    running: Job | None


@dataclass(frozen=True)
class RunLine:
    """One comparison, and who sent the file."""

    run: ReconciliationRun
    by: str | None
    differing: int
    unlike: int  # what both have, and not alike


@dataclass(frozen=True)
class DifferenceLine:
    """One difference, who looks after it and how it was settled."""

    one: ReconciliationDifference
    owner: str | None
    resolved_by: str | None
    first_at: datetime
    last_at: datetime


def source_lines(db: Session) -> list[SourceLine]:
    """Return every system that is compared, by name."""
    rows = db.scalars(select(ReconciliationSource).order_by(ReconciliationSource.name)).all()
    return [source_line(db, one.id) for one in rows]


def source_line(db: Session, source_id: int) -> SourceLine:
    """Return one of them; raises `SourceUnknown`."""
    source = source_of(db, source_id)
    runs = db.scalars(
        select(ReconciliationRun)
        .where(ReconciliationRun.source_id == source_id)
        .order_by(ReconciliationRun.id.desc())
        .limit(TREND)
    ).all()
    still_open = select(func.count()).where(DIFF.source_id == source_id, DIFF.state == "open")
    of_source = Job.key.startswith(f"reconcile:{source_id}:")
    waiting = db.scalars(
        select(Job).where(Job.name == JOB, Job.done_at.is_(None), of_source).order_by(Job.id)
    ).first()
    trend = [differences_sum(one) for one in reversed(runs) if not one.problem]
    newest = runs[0] if runs else None
    return SourceLine(source, newest, db.scalar(still_open) or 0, trend, waiting)


def run_lines(db: Session, source_id: int, *, page: int = 1) -> tuple[list[RunLine], Page]:
    """Return one page of the comparisons with a system, the newest first."""
    of_source = ReconciliationRun.source_id == source_id
    total = db.scalar(select(func.count()).select_from(ReconciliationRun).where(of_source)) or 0
    shown = Page(number=page, total_count=total)
    rows = db.scalars(
        select(ReconciliationRun)
        .where(of_source)
        .order_by(ReconciliationRun.id.desc())
        .limit(shown.size)
        .offset((page - 1) * shown.size)
    ).all()
    names = actors(db, (one.by_id for one in rows))
    lines = [
        RunLine(one, names.get(one.by_id or 0), differences_sum(one), unlike_count(one))
        for one in rows
    ]
    return lines, shown


def unlike_count(run: ReconciliationRun) -> int:
    """Return how much both sides have and say differently."""
    return differences_sum(run) - run.missing_here_count - run.missing_there_count


def kinds(db: Session, source_id: int, *, state: str) -> dict[str, int]:
    """Return how many differences of each kind are in a state."""
    rows = db.execute(
        select(DIFF.kind, func.count())
        .where(DIFF.source_id == source_id, DIFF.state == state)
        .group_by(DIFF.kind)
    )
    return {row[0]: row[1] for row in rows}


def differences(
    db: Session, source_id: int, *, kind: str = "", state: str = "open", page: int = 1
) -> tuple[list[DifferenceLine], Page]:
    """Return one page of differences, by part and number."""
    wanted: list[ColumnElement[bool]] = [DIFF.source_id == source_id, DIFF.state == state]
    if kind:
        wanted.append(DIFF.kind == kind)
    total = db.scalar(select(func.count()).select_from(DIFF).where(*wanted)) or 0
    shown = Page(number=page, total_count=total)
    rows = db.scalars(
        select(DIFF)
        .where(*wanted)
        .order_by(DIFF.part_no, DIFF.number, DIFF.id)
        .limit(shown.size)
        .offset((page - 1) * shown.size)
    ).all()
    ids = {one.first_run_id for one in rows} | {one.last_run_id for one in rows}
    moments = {
        row[0]: row[1]
        for row in db.execute(
            select(ReconciliationRun.id, ReconciliationRun.at).where(ReconciliationRun.id.in_(ids))
        )
    }
    names = actors(db, (who for one in rows for who in (one.owner_id, one.resolved_by_id)))
    return [
        DifferenceLine(
            one,
            names.get(one.owner_id or 0),
            names.get(one.resolved_by_id or 0),
            moments[one.first_run_id],
            moments[one.last_run_id],
        )
        for one in rows
    ], shown
