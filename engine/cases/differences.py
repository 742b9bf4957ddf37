"""What a count came to, difference by difference: what was counted beside what is expected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept
from engine.cases.models import Case
from engine.cases.segregated import expected
from engine.serials.active import holdings_of_units
from engine.serials.models import Location, Unit
from engine.serials.sets import id_set
from forms.context import Stock

COUNTS = ("confirm_segregation", "recount_held_stock")


@dataclass(frozen=True)
class Difference:
    """One unit that is missing, unexpected or unknown, or one lot in one place counted otherwise.

    `place` is where it is by our records; `cases` hold an unexpected unit.
    """

    kind: str  # missing | unexpected | unknown | count
    name: str
    place: str = ""
    counted: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    unit_id: int | None = None
    cases: tuple[str, ...] = ()


def of_count(db: Session, case: Case, *, instance_id: int | None) -> list[Difference]:
    """Return the differences of the last count of a running diagram, as they stand now."""
    given = [
        one for one in kept.standing(db, case, instance_id=instance_id) if one.element_id in COUNTS
    ]
    return between(db, expected(db, case), given[-1].answers["segregated"]) if given else []


def between(db: Session, stocks: Sequence[Stock], answer: dict[str, Any]) -> list[Difference]:
    """Hold an answer of the field kind `segregation` against what should be there."""
    scanned = {one["unit_id"]: one for one in answer.get("units") or ()}
    units = {stock.unit.unit_id: stock for stock in stocks if stock.unit is not None}
    missing = [
        Difference("missing", stock.name, stock.location, expected=Decimal(1), unit_id=unit_id)
        for unit_id, stock in units.items()
        if unit_id not in scanned
    ]
    unknown = [
        Difference("unknown", str(text), counted=Decimal(1)) for text in answer.get("unknown") or ()
    ]
    surplus = {key: one["serial"] for key, one in scanned.items() if key not in units}
    return [*missing, *_unexpected(db, surplus), *unknown, *_counts(stocks, answer)]


def _unexpected(db: Session, surplus: dict[int, str]) -> Iterator[Difference]:
    if not surplus:
        return
    rows = db.execute(
        select(Unit.id, Location.name)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(Unit.id.in_(id_set(db, surplus)))
    )
    places = {row.id: row.name or "" for row in rows}
    holding = holdings_of_units(db, surplus)
    for unit_id, serial in surplus.items():
        cases = tuple(sorted({one.case_number for one in holding.get(unit_id, ())}))
        yield Difference(
            "unexpected",
            serial,
            places.get(unit_id, ""),
            counted=Decimal(1),
            unit_id=unit_id,
            cases=cases,
        )


def _counts(stocks: Sequence[Stock], answer: dict[str, Any]) -> Iterator[Difference]:
    counted = {one["key"]: Decimal(one["counted"]) for one in answer.get("counts") or ()}
    for stock in stocks:
        there = counted.get(stock.key, Decimal(0))
        if stock.unit is None and there != stock.quantity:
            yield Difference("count", stock.name, stock.location, there, stock.quantity)
