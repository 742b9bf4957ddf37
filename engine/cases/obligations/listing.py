"""The obligations of all recalls: what is late, what is open, and how many of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case as when, func, select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.obligations.models import MET, OPEN, Obligation, ObligationClock
from engine.cases.pages import Page

PAGE_SIZE, MATRIX_SIZE = 50, 20
LATE = "late"
SHOWN = (LATE, OPEN, MET)  # what the board can be narrowed to


@dataclass(frozen=True)
class Line:
    """One obligation with the recall that it belongs to."""

    row: Obligation
    case: Case


@dataclass(frozen=True)
class Cell:
    """What one recall owes in one jurisdiction."""

    late_count: int
    open_count: int
    met_count: int


def of_all(db: Session, show: str, *, at: datetime, page: int = 1) -> tuple[list[Line], Page]:
    """Return one page of what recalls owe, the earliest due first; drills are left out."""
    where = [_is_real(), *_only(show, at)]
    joined = select(Obligation, Case).join(Case, Case.id == Obligation.case_id).where(*where)
    order = (Obligation.alarm_at.is_(None), Obligation.alarm_at, Obligation.id)
    rows = joined.order_by(*order).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    many = select(func.count(Obligation.id)).join(Case, Case.id == Obligation.case_id)
    total = db.scalar(many.where(*where)) or 0
    lines = [Line(row, case) for row, case in db.execute(rows)]
    return lines, Page(number=page, size=PAGE_SIZE, total_count=total)


def _is_real() -> ColumnElement[bool]:
    return Case.is_drill.is_(False) & (Case.state != "void")


def _only(show: str, at: datetime) -> Sequence[ColumnElement[bool]]:
    if show == LATE:
        return (Obligation.state == OPEN, Obligation.alarm_at < at)
    return (Obligation.state == show,)


def matrix(db: Session, *, at: datetime) -> dict[tuple[str, str], dict[str, Cell]]:
    """Return what open recalls owe in each jurisdiction, by number and title.

    Those that are due first, and no more than a page shows.
    """
    due_first = (
        select(Obligation.case_id)
        .join(Case, Case.id == Obligation.case_id)
        .where(_is_real(), Case.state == "open", Obligation.state == OPEN)
        .group_by(Obligation.case_id)
        .order_by(func.min(Obligation.alarm_at))
        .limit(MATRIX_SIZE)
    )
    late = (Obligation.state == OPEN) & (Obligation.alarm_at < at)
    sums = [func.sum(when((one, 1), else_=0)) for one in
            (late, Obligation.state == OPEN, Obligation.state == MET)]  # fmt: skip
    rows = db.execute(
        select(Case.number, Case.title, Obligation.jurisdiction, *sums)
        .join(Case, Case.id == Obligation.case_id)
        .where(Obligation.case_id.in_(due_first))
        .group_by(Case.number, Case.title, Obligation.jurisdiction)
        .order_by(Case.number.desc(), Obligation.jurisdiction)
    )
    found: dict[tuple[str, str], dict[str, Cell]] = {}
    for number, title, code, late_count, open_count, met_count in rows:
        cell = Cell(int(late_count), int(open_count) - int(late_count), int(met_count))
        found.setdefault((number, title), {})[code] = cell
    return found


def clocks_of(db: Session, rows: Sequence[Obligation]) -> dict[int, list[ObligationClock]]:
    """Return every due time that obligations had, the first first."""
    found: dict[int, list[ObligationClock]] = {}
    of_these = ObligationClock.obligation_id.in_([row.id for row in rows])
    for one in db.scalars(select(ObligationClock).where(of_these).order_by(ObligationClock.id)):
        found.setdefault(one.obligation_id, []).append(one)
    return found
