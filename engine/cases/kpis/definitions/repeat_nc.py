"""Repeated nonconformances.

Formula: Nonconformances with the same cause category and a part in common with one reported up to
12 months before ÷ nonconformances with a known cause.

Population: Nonconformances reported in the window.

Window: Reported in the chosen days.

Exclusions: Drills; voided cases. Those whose cause is not known are shown apart.

Unit: Percent, with the 95 % interval of Wilson.

Source: House definition; the node is the part: the record names no finer one for every case.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.kpis.about import INVESTIGATIONS, UNKNOWN, parts_of
from engine.cases.kpis.measure import REAL, Bucket, Col, Measured, Rows, Window, share
from engine.cases.models import Answer, Case
from engine.words import N_

PART, PLACE, UNIT = "nonconformance", 3, "percent"
NO_CAUSE = N_("No nonconformance of this time has a known cause")
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Caused:
    """One nonconformance, its cause category, its parts, and the earlier one like it."""

    number: str
    opened_at: datetime
    cause: str | None
    parts: frozenset[str]
    repeats: str | None = None

    def is_like(self, other: "Caused") -> bool:
        """Say whether another one, reported up to a year before, is the same again."""
        return (
            other.cause == self.cause
            and timedelta() <= self.opened_at - other.opened_at <= YEAR
            and bool(other.parts & self.parts)
        )


def _caused(db: Session, window: Window) -> list[Caused]:
    ours = (
        REAL,
        Case.process == "nonconformance",
        Case.state != "void",
        Case.opened_at >= window.since - YEAR,
        Case.opened_at < window.until,
    )
    parts = parts_of(db, select(Case.id).where(*ours))
    asked = (
        select(Case.id, Case.number, Case.opened_at, Answer.answers)
        .outerjoin(Answer, (Answer.case_id == Case.id) & Answer.id.in_(INVESTIGATIONS))
        .where(*ours)
        .order_by(Case.opened_at, Case.id)
    )
    seen: dict[tuple[str, str], list[Caused]] = {}
    found = []
    for id_, number, opened_at, answers in db.execute(asked):
        one = Caused(number, opened_at, (answers or {}).get("cause"), parts.get(id_, frozenset()))
        if one.cause not in UNKNOWN:
            alike = [e for part in one.parts for e in seen.get((str(one.cause), part), ())]
            before = next((e.number for e in reversed(alike) if one.is_like(e)), None)
            one = Caused(number, opened_at, one.cause, one.parts, before)
            for part in one.parts:
                seen.setdefault((str(one.cause), part), []).append(one)
        if window.holds(opened_at):
            found.append(one)
    return found


def measured(db: Session, window: Window) -> Measured:
    """Take the nonconformances reported in the window."""
    found = _caused(db, window)
    known = [one for one in found if one.cause not in UNKNOWN]
    return Measured(
        share(
            N_("Repeated"), sum(one.repeats is not None for one in known), len(known), why=NO_CAUSE
        ),
        unknown=(Bucket(N_("Cause not known"), len(found) - len(known)),),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return the nonconformances reported in the window, the latest first."""
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("opened_at", N_("Reported"), "moment"),
            Col("cause", N_("Cause category"), "cause"),
            Col("parts", N_("Parts")),
            Col("repeats", N_("Repeats"), "case"),
        ),
        [
            (one.number, one.opened_at, one.cause, ", ".join(sorted(one.parts)), one.repeats)
            for one in reversed(_caused(db, window))
        ],
    )
