"""Each status report of a case: its figures taken, taken anew, approved, and set side by side."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.reporting.figures import Figures, taken
from engine.cases.reporting.models import StatusReport
from engine.evidence import ledger
from engine.evidence.canonical import sha256
from engine.people import Person


@dataclass(frozen=True)
class Reported:
    """One report with the figures of the approved one before it."""

    report: StatusReport
    figures: Figures
    before: Figures | None


def take(
    db: Session, case: Case, *, instance_id: int, by: Person | None, at: datetime
) -> StatusReport:
    """Take the figures of the report that this diagram makes, for the first time or anew."""
    figures = taken(db, case).as_json()
    report = of_instance(db, instance_id)
    if report is None:
        last = db.scalar(
            select(func.max(StatusReport.number)).where(StatusReport.case_id == case.id)
        )
        report = StatusReport(
            case_id=case.id,
            number=(last or 0) + 1,
            instance_id=instance_id,
            opened_at=at,
            taken_at=at,
            figures=figures,
        )
        db.add(report)
    report.figures, report.taken_at = figures, at
    db.flush()
    body = {"report": report.number, "figures_sha256": sha256(figures)}
    ledger.append(db, case.stream, "status_figures_taken", body, by=by, at=at)
    return report


def approve(db: Session, case: Case, report: StatusReport, *, by: Person, at: datetime) -> None:
    """Note that a report was approved: its figures change no more."""
    report.approved_at, report.approved_by_id = at, by.id
    db.flush()
    body = {"report": report.number, "figures_sha256": sha256(report.figures)}
    ledger.append(db, case.stream, "status_reported", body, by=by, at=at)


def of_instance(db: Session, instance_id: int | None) -> StatusReport | None:
    """Return the report that a diagram makes."""
    return db.scalar(select(StatusReport).where(StatusReport.instance_id == instance_id))


def with_before(db: Session, report: StatusReport) -> Reported:
    """Return a report beside the approved one before it."""
    earlier = db.scalar(
        select(StatusReport)
        .where(
            StatusReport.case_id == report.case_id,
            StatusReport.number < report.number,
            StatusReport.approved_at.is_not(None),
        )
        .order_by(StatusReport.number.desc())
        .limit(1)
    )
    before = Figures.from_json(earlier.figures) if earlier else None
    return Reported(report, Figures.from_json(report.figures), before)


def of_case(db: Session, case: Case) -> list[Reported]:
    """Return every report of a case, the newest first."""
    rows = db.scalars(
        select(StatusReport)
        .where(StatusReport.case_id == case.id)
        .order_by(StatusReport.number.desc())
    )
    return [with_before(db, row) for row in rows]
