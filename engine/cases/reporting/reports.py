"""Each status report of a case: its figures taken, taken anew, approved, and set side by side."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
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


def approve(db: Session, case: Case, *, instance_id: int, by: Person | None, at: datetime) -> None:
    """Note that the report of this diagram was approved: its figures change no more."""
    report = db.scalars(select(StatusReport).where(StatusReport.instance_id == instance_id)).one()
    report.approved_at, report.approved_by_id = at, by.id if by else None
    db.flush()
    body = {"report": report.number, "figures_sha256": sha256(report.figures)}
    ledger.append(db, case.stream, "status_reported", body, by=by, at=at)


def of_instance(db: Session, instance_id: int | None) -> StatusReport | None:
    """Return the report that a diagram makes."""
    return db.scalar(select(StatusReport).where(StatusReport.instance_id == instance_id))


def with_before(db: Session, report: StatusReport) -> Reported:
    """Return a report beside the approved one before it."""
    earlier = _of(report.case_id).where(
        StatusReport.number < report.number, StatusReport.approved_at.is_not(None)
    )
    return _beside(report, db.scalar(earlier.limit(1)))


def of_case(db: Session, case: Case) -> list[Reported]:
    """Return every report of a case, the newest first."""
    shown: list[Reported] = []
    approved: StatusReport | None = None
    for report in reversed(db.scalars(_of(case.id)).all()):
        shown.append(_beside(report, approved))
        approved = report if report.approved_at else approved
    return shown[::-1]


def _of(case_id: int) -> Select[StatusReport]:
    by_number = StatusReport.number.desc()
    return select(StatusReport).where(StatusReport.case_id == case_id).order_by(by_number)


def _beside(report: StatusReport, before: StatusReport | None) -> Reported:
    return Reported(
        report,
        Figures.from_json(report.figures),
        Figures.from_json(before.figures) if before else None,
    )
