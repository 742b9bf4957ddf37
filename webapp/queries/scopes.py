"""The Scope Lab as its pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine import jobs
from engine.cases import scopes
from engine.cases.models import Case
from engine.cases.overview import recall_named
from engine.cases.scopes import signed
from engine.cases.scopes.comparing import Change, Unprotected, change_of, unprotected
from engine.cases.scopes.figures import Figures
from engine.cases.scopes.models import ScopeVersion
from engine.errors import Problem
from webapp.queries.stock import actors

BESIDE = 4  # candidates that stand beside each other


@dataclass(frozen=True)
class Column:
    """One scope among others: its figures, and what it changes beside the one that stands."""

    version: ScopeVersion
    figures: Figures
    by: str | None
    frozen_by: str | None
    change: Change | None = None
    unprotected: Sequence[Unprotected] = ()
    is_out_of_date: bool = False

    @property
    def is_candidate(self) -> bool:
        """Say whether it may still be frozen."""
        return self.version.state == "proposed"


@dataclass(frozen=True)
class Lab:
    """What the page shows: the scope that stands, candidates, and all scopes there were."""

    case: Case
    standing: Column | None
    candidates: Sequence[Column]
    earlier: Sequence[Column]
    left: scopes.Left | None
    freezing: Sequence[jobs.Job]
    refused: Sequence[tuple[int, Problem]]  # scopes that were signed and not frozen, and why

    @property
    def columns(self) -> Sequence[Column]:
        """Return what is compared, the scope that stands first."""
        return [*([self.standing] if self.standing else []), *self.candidates[-BESIDE:]]


def lab(db: Session, number: str) -> Lab:
    """Return the lab of a recall; raises `CaseUnknown`."""
    case = recall_named(db, number)
    every = scopes.versions(db, case)
    before = scopes.standing(db, case)
    people = (one for row in every for one in (row.proposed_by_id, row.frozen_by_id))
    names = actors(db, people)
    columns = {row.id: _column(row, names) for row in every}
    return Lab(
        case=case,
        standing=_looked_at(db, columns[before.id]) if before else None,
        candidates=[
            _beside(db, columns[row.id], before) for row in every if row.state == "proposed"
        ],
        earlier=[
            columns[row.id]
            for row in reversed(every)
            if row.state != "proposed" and (before is None or row.id != before.id)
        ],
        left=scopes.left(db, case) if before else None,
        freezing=jobs.of(db, signed.VERB, case=number),
        refused=_refused(db, case, every),
    )


def _refused(db: Session, case: Case, every: Sequence[ScopeVersion]) -> list[tuple[int, Problem]]:
    why = [(row.number, signed.why_not_frozen(db, case, row)) for row in every]
    return [(number, problem) for number, problem in why if problem is not None]


def _column(row: ScopeVersion, names: dict[int, str]) -> Column:
    return Column(
        row,
        Figures.from_json(row.counts),
        names.get(row.proposed_by_id or 0),
        names.get(row.frozen_by_id or 0),
    )


def _looked_at(db: Session, column: Column) -> Column:
    return Column(
        column.version,
        column.figures,
        column.by,
        column.frozen_by,
        is_out_of_date=scopes.moved_on(db, column.version),
    )


def _beside(db: Session, column: Column, before: ScopeVersion | None) -> Column:
    change = change_of(db, before, column.version)
    gone = unprotected(db, before, column.version) if before and change.left_units else []
    return Column(
        column.version,
        column.figures,
        column.by,
        column.frozen_by,
        change,
        gone,
        scopes.moved_on(db, column.version),
    )


@dataclass(frozen=True)
class CheckPage:
    """All that freezing one candidate would bring on."""

    column: Column
    consequences: signed.Consequences


def check_page(db: Session, number: str, scope: int) -> CheckPage:
    """Return what is checked before a candidate is signed."""
    case = recall_named(db, number)
    version = scopes.numbered(db, case, scope)
    names = actors(db, [version.proposed_by_id, version.frozen_by_id])
    column = _looked_at(db, _column(version, names))
    return CheckPage(column, signed.consequences(db, case, version))
