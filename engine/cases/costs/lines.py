"""The lines of cost of a case as they stand, each with what it is worth."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.costs.models import CostLine
from engine.cases.costs.recording import REPLACED, CostUnknown
from engine.cases.costs.standards import Rates, rates
from engine.cases.models import Case


@dataclass(frozen=True)
class Valued:
    """One standing line; `worth` is None for hours of a day that no rate was set for."""

    line: CostLine
    worth: tuple[Decimal, str] | None

    @property
    def is_struck(self) -> bool:
        """Say whether it was struck out."""
        return self.line.hours is None and self.line.amount is None


def of_case(db: Session, case: Case) -> list[Valued]:
    """Return the standing lines of a case, the latest first."""
    rows = select(CostLine).where(CostLine.case_id == case.id, ~REPLACED)
    lines = db.scalars(rows.order_by(CostLine.spent_on.desc(), CostLine.id.desc()))
    return valued(lines, rates(db))


def standing_line(db: Session, case: Case, line_id: int) -> CostLine:
    """Return one standing line of a case; raises `CostUnknown`."""
    rows = select(CostLine).where(CostLine.case_id == case.id, CostLine.id == line_id, ~REPLACED)
    line = db.scalar(rows)
    if line is None:
        raise CostUnknown
    return line


def history(db: Session, case: Case) -> list[CostLine]:
    """Return every version that a later one replaced, the latest first."""
    rows = select(CostLine).where(CostLine.case_id == case.id, REPLACED)
    return list(db.scalars(rows.order_by(CostLine.id.desc())))


def valued(lines: Iterable[CostLine], known: Rates) -> list[Valued]:
    """Say what each line is worth: hours by the rate of their day."""
    return [Valued(line, worth(line, known)) for line in lines]


def worth(line: CostLine, known: Rates) -> tuple[Decimal, str] | None:
    """Return what a line is worth and in which currency."""
    if line.amount is not None and line.currency is not None:
        return line.amount, line.currency
    rate = known.on(line.spent_on)
    if line.hours is None or rate is None:
        return None
    return line.hours * rate[0], rate[1]


def sums(lines: Iterable[Valued]) -> dict[str, Decimal]:
    """Return the sum in each currency; nothing is converted."""
    found: dict[str, Decimal] = {}
    for one in lines:
        if one.worth is not None:
            found[one.worth[1]] = found.get(one.worth[1], Decimal(0)) + one.worth[0]
    return dict(sorted(found.items()))


def unvalued_hours(lines: Iterable[Valued]) -> Decimal:
    """Return the hours of days that no rate was set for: not zero, unknown."""
    hours = (one.line.hours for one in lines if one.worth is None and one.line.hours is not None)
    return sum(hours, Decimal(0))
