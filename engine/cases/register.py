"""The register of cases: one row a case, with where it stands, searched and paged."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases import balance
from engine.cases.models import Case
from engine.cases.pages import CaseRow, CasesPage, Page
from engine.people import PersonAccount

PAGE_SIZE = 50


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; empty shows all."""

    process: str | None = None
    state: str | None = None
    severity: str | None = None
    text: str = ""
    is_drill: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        found: list[ColumnElement[bool]] = []
        for column, value in (
            (Case.process, self.process),
            (Case.state, self.state),
            (Case.severity, self.severity),
        ):
            if value:
                found.append(column == value)
        if self.is_drill is not None:
            found.append(Case.is_drill == self.is_drill)
        if self.text.strip():
            words = self.text.strip()
            found.append(
                or_(
                    Case.number.startswith(words.upper(), autoescape=True),
                    Case.title.icontains(words, autoescape=True),
                    Case.subject.icontains(words, autoescape=True),
                )
            )
        return found


def cases(db: Session, wanted: Wanted, *, at: datetime, page: int = 1) -> CasesPage:
    """Return one page of the register, newest first."""
    conditions = wanted.conditions()
    found = db.execute(
        select(Case, PersonAccount.printed_name)
        .join(PersonAccount, PersonAccount.id == Case.opened_by_id)
        .where(*conditions)
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    waiting = _waiting(db, [case.number for case, _ in found])
    quantities = balance.affected_of(db, [case.id for case, _ in found])
    rows = tuple(
        CaseRow(
            number=case.number,
            title=case.title,
            status=case.state,
            severity=case.severity,
            subject=case.subject,
            opened_by=opened_by,
            opened_at=case.opened_at,
            waiting_at=tuple(name for name, _ in waiting.get(case.number, [])),
            due_at=min((due for _, due in waiting.get(case.number, []) if due), default=None),
            quantity=quantities.get(case.id),
        )
        for case, opened_by in found
    )
    total = db.scalar(select(func.count()).select_from(Case).where(*conditions)) or 0
    return CasesPage(
        rows=rows,
        page=Page(number=page, size=PAGE_SIZE, total_count=total),
        open_count=db.scalar(
            select(func.count()).select_from(Case).where(*conditions, Case.state == "open")
        )
        or 0,
        overdue_count=_overdue(db, conditions, at),
    )


def _waiting(db: Session, numbers: list[str]) -> dict[str, list[tuple[str, datetime | None]]]:
    rows = db.execute(
        select(Instance.business_key, Task.name, Task.due_at)
        .join(Task, Task.root_id == Instance.id)
        .where(
            Instance.business_key.in_(numbers), Task.done_at.is_(None), Task.cancelled_at.is_(None)
        )
        .order_by(Task.due_at.is_(None), Task.due_at)
    )
    waiting: dict[str, list[tuple[str, datetime | None]]] = {}
    for number, name, due_at in rows:
        waiting.setdefault(number, []).append((name, due_at))
    return waiting


def _overdue(db: Session, conditions: list[ColumnElement[bool]], at: datetime) -> int:
    late = (
        select(Instance.business_key)
        .join(Task, Task.root_id == Instance.id)
        .where(Task.due_at < at, Task.done_at.is_(None), Task.cancelled_at.is_(None))
    )
    return (
        db.scalar(
            select(func.count())
            .select_from(Case)
            .where(*conditions, Case.state == "open", Case.number.in_(late))
        )
        or 0
    )


def is_a_case(db: Session, number: str) -> bool:
    """Say whether there is a case with this number."""
    return db.scalar(select(Case.id).where(Case.number == number)) is not None


def newest_number(db: Session, series: str) -> str | None:
    """Return the newest number of a series: of `NC-2026-` the last one given."""
    return db.scalar(
        select(Case.number)
        .where(Case.number.startswith(series, autoescape=True))
        .order_by(Case.id.desc())
        .limit(1)
    )
