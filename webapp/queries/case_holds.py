"""What a case holds in our hands: which unit or how much of which lot, where; and who held it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.segregated import expected
from engine.serials import holds
from forms.context import Stock
from webapp.queries.stock import actors

NAMED = 3  # units of one part in one place that are named before they are counted


@dataclass(frozen=True)
class HeldHere:
    """Units of one part, or a quantity of one lot, that are held in one place."""

    names: tuple[str, ...]  # none where the units are too many to name
    part: str
    place: str
    quantity: Decimal
    uom: str


@dataclass(frozen=True)
class Placed:
    """One standing hold of the case: who placed it, when, and why."""

    by: str | None
    at: datetime
    reason: str


@dataclass(frozen=True)
class CaseHolds:
    """Every place where something is held, their sum, and the holds that hold it."""

    rows: tuple[HeldHere, ...]
    total: Decimal
    placed: tuple[Placed, ...]


def case_holds(db: Session, case: Case) -> CaseHolds | None:
    """Return what the holds of a case hold in our hands: what segregation expects, no more."""
    standing = holds.of_case(db, case.number)
    if not standing:
        return None
    rows = tuple(_rows(expected(db, case)))
    names = actors(db, (hold.placed_by_id for hold in standing))
    return CaseHolds(
        rows=rows,
        total=sum((row.quantity for row in rows), Decimal(0)),
        placed=tuple(
            Placed(names.get(hold.placed_by_id or 0), hold.placed_at, hold.reason)
            for hold in standing
        ),
    )


def _rows(stocks: Iterable[Stock]) -> Iterable[HeldHere]:
    together: dict[tuple[str, str, str], list[Stock]] = {}
    for stock in stocks:
        lot = stock.name if stock.unit is None else ""
        together.setdefault((stock.part_no, lot, stock.location), []).append(stock)
    for (part, lot, place), some in together.items():
        units = tuple(one.name for one in some) if len(some) <= NAMED else ()
        yield HeldHere(
            names=(lot,) if lot else units,
            part=part,
            place=place,
            quantity=sum((one.quantity for one in some), Decimal(0)),
            uom=some[0].uom,
        )
