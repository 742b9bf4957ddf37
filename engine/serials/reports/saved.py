"""Keeping and changing reports, and what of one a person may see."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.people.person import Person
from engine.people.queries import account_of
from engine.serials.asking import Asked, ColumnHidden, ColumnUnknown, Filter, chosen
from engine.serials.dictionary import entity
from engine.serials.events import data_stream
from engine.serials.models.report import Report, ReportRun
from engine.serials.reports.errors import (
    LostFilter,
    NothingChosen,
    NotYourReport,
    ReportChanged,
    ReportUnknown,
)

SENT = time(6)  # the hour, in the owner's zone, at which a schedule is due
RUNS_SHOWN = 30


@dataclass(frozen=True)
class Draft:
    """What a report says, as a form or the interface gives it."""

    name: str
    asked: Asked
    is_shared: bool = False


@dataclass(frozen=True)
class Allowed:
    """What of a report a person may see, and the labels of the columns that were left out."""

    asked: Asked
    left_out: tuple[str, ...] = ()


def save(db: Session, draft: Draft, *, by: Person, at: datetime) -> Report:
    """Keep a new report of this person's; every column must be theirs to see. Flushes."""
    _check(draft.asked, by)
    report = Report(owner_id=by.id, saved_at=at, **_said(draft))
    db.add(report)
    db.flush()
    _tell(db, "report_saved", report, by=by, at=at)
    return report


def change(
    db: Session, report_id: int, draft: Draft, *, version: int, by: Person, at: datetime
) -> Report:
    """Change an own report that is still at the `version` seen; flushes.

    Raises `NotYourReport` and `ReportChanged`.
    """
    report = _own(db, report_id, by)
    if report.version != version:
        raise ReportChanged
    _check(draft.asked, by)
    for name, value in _said(draft).items():
        setattr(report, name, value)
    report.version, report.saved_at = report.version + 1, at
    db.flush()
    _tell(db, "report_changed", report, by=by, at=at)
    return report


def schedule(
    db: Session, report_id: int, *, every: str | None, format: str | None, by: Person, at: datetime
) -> Report:
    """Mail an own report in a rhythm from the next morning on, or no more with None; flushes."""
    report = _own(db, report_id, by)
    report.every, report.format = every, format if every else None
    report.due_at = next_due(at, every, by.time_zone) if every else None
    report.failed_count, report.retry_at = 0, None
    db.flush()
    _tell(db, "report_scheduled", report, by=by, at=at)
    return report


def remove(db: Session, report_id: int, *, by: Person, at: datetime) -> None:
    """Take an own report away; the files that were mailed stay. Flushes."""
    report = _own(db, report_id, by)
    report.every = report.format = report.due_at = None
    report.removed_at = at
    db.flush()
    _tell(db, "report_removed", report, by=by, at=at)


def next_due(after: datetime, every: str, zone: str) -> datetime:
    """Return the next morning of a rhythm after a moment: tomorrow, Monday, the first."""
    local = after.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=1)
    if every == "weekly":
        day += timedelta(days=-day.weekday() % 7)
    if every == "monthly" and day.day != 1:
        day += timedelta(days=monthrange(day.year, day.month)[1] - day.day + 1)
    return datetime.combine(day, SENT, ZoneInfo(zone))


def report_of(db: Session, report_id: int, person: Person) -> Report:
    """Return a report that a person may open: their own, or a shared one."""
    report = db.get(Report, report_id)
    if report is None or report.removed_at is not None:
        raise ReportUnknown
    if report.owner_id != person.id and not report.is_shared:
        raise ReportUnknown
    return report


def reports_for(db: Session, person: Person) -> Sequence[Report]:
    """Return a person's own and the shared reports, by name."""
    return db.scalars(
        select(Report)
        .where(Report.removed_at.is_(None))
        .where(or_(Report.owner_id == person.id, Report.is_shared))
        .order_by(Report.name, Report.id)
    ).all()


def runs_of(db: Session, report_id: int) -> Sequence[ReportRun]:
    """Return the files that the schedule of a report made, the newest first."""
    return db.scalars(
        select(ReportRun)
        .where(ReportRun.report_id == report_id)
        .order_by(ReportRun.id.desc())
        .limit(RUNS_SHOWN)
    ).all()


def run_of(db: Session, run_id: int, person: Person) -> ReportRun:
    """Return one file of a report, to whoever may see the report and every column in the file."""
    run = db.get(ReportRun, run_id)
    if run is None:
        raise ReportUnknown
    report = db.get_one(Report, run.report_id)
    if run.owner_id != person.id and not (report.is_shared and report.removed_at is None):
        raise ReportUnknown
    for path in run.paths:
        chosen(run.entity, path, person)
    return run


def asked_by(report: Report) -> Asked:
    """Return what a report asks."""
    return Asked(
        report.entity,
        tuple(report.columns),
        tuple(Filter.of(one) for one in report.filters),
        tuple(report.groups),
    )


def allowed(asked: Asked, person: Person) -> Allowed:
    """Return what is asked without the columns that a person may not see.

    Raises `LostFilter` where a filter or a group names one: the answer would tell what it hides.
    """
    kept, left_out = [], []
    for path in asked.columns:
        try:
            chosen(asked.entity, path, person)
        except ColumnHidden as hidden:
            left_out.append(str(hidden.facts["column"]))
        except ColumnUnknown:  # an earlier version of the dictionary had it
            left_out.append(path)
        else:
            kept.append(path)
    for path in (*asked.groups, *(one.path for one in asked.filters)):
        try:
            chosen(asked.entity, path, person)
        except (ColumnHidden, ColumnUnknown) as hidden:
            raise LostFilter(column=hidden.facts["column"]) from None
    if not kept and not asked.groups:
        raise LostFilter(column=", ".join(left_out))
    return Allowed(replace(asked, columns=tuple(kept)), tuple(left_out))


def _check(asked: Asked, by: Person) -> None:
    if not asked.columns and not asked.groups:
        raise NothingChosen
    for path in asked.paths:
        chosen(asked.entity, path, by)


def _said(draft: Draft) -> dict[str, Any]:
    return {
        "name": draft.name.strip(),
        "entity": entity(draft.asked.entity).name,
        "columns": list(draft.asked.columns),
        "filters": [one.kept() for one in draft.asked.filters],
        "groups": list(draft.asked.groups),
        "is_shared": draft.is_shared,
    }


def _own(db: Session, report_id: int, by: Person) -> Report:
    report = db.get(Report, report_id, with_for_update=True, populate_existing=True)
    if report is None or report.removed_at is not None:
        raise ReportUnknown
    if report.owner_id != by.id:
        if not report.is_shared:
            raise ReportUnknown
        raise NotYourReport(owner=account_of(db, report.owner_id).printed_name)
    return report


def _tell(db: Session, action: str, report: Report, *, by: Person, at: datetime) -> None:
    body = {
        "report": report.id,
        "name": report.name,
        "entity": report.entity,
        "columns": report.columns,
        "filters": report.filters,
        "groups": report.groups,
        "is_shared": report.is_shared,
        "every": report.every,
        "format": report.format,
        "version": report.version,
    }
    ledger.append(db, data_stream(db), action, body, by=by, at=at)
