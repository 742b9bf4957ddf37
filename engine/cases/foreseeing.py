"""What a report would open, before it is saved: what has left already, and cases it may repeat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.cases.models import Case, Subject
from engine.cases.reach import reached
from engine.cases.scope import Scope, scope_foreseen
from engine.serials import trace
from engine.serials.models import LotStock, Unit


@dataclass(frozen=True)
class Duplicate:
    """An open case about one of the same suspects."""

    number: str
    title: str
    subject: str


@dataclass(frozen=True)
class Beyond:
    """A lot of which more is named than was ever recorded: a slip, or production unknown to us."""

    lot: str
    named: Decimal
    recorded: Decimal


@dataclass(frozen=True)
class Foreseen:
    """What is named beside what would be affected, where what has left went, and look-alikes."""

    scope: Scope
    consignees: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]
    beyond: tuple[Beyond, ...]


def foresee(db: Session, suspects: dict[str, Any], *, hold_now: bool) -> Foreseen:
    """Trace the suspects of an accepted answer forward, and look for open cases about them."""
    units = [one["unit_id"] for one in suspects.get("units") or ()]
    lots = [one["lot_id"] for one in suspects.get("lots") or ()]
    parts = reached(trace.contains(db, lots=lots, units=units))
    return Foreseen(
        scope=scope_foreseen(db, suspects, parts, hold_now=hold_now),
        consignees=tuple(sorted({one.party for one in parts if one.has_left and one.party})),
        duplicates=_duplicates(db, units, lots),
        beyond=tuple(_beyond(db, suspects)),
    )


def _beyond(db: Session, suspects: dict[str, Any]) -> Iterator[Beyond]:
    for one in suspects.get("lots") or ():
        recorded = _recorded(db, one["lot_id"]) if one.get("quantity") else Decimal(0)
        if one.get("quantity") and Decimal(one["quantity"]) > recorded:
            yield Beyond(one["lot_number"], Decimal(one["quantity"]), recorded)


def _recorded(db: Session, lot_id: int) -> Decimal:
    """Return how much of a lot there ever was: what was built in or destroyed counts too."""
    stock = select(func.sum(LotStock.quantity)).where(
        LotStock.lot_id == lot_id, LotStock.custody != "never_existed"
    )
    units = select(func.count(Unit.id)).where(
        Unit.lot_id == lot_id, Unit.custody != "never_existed"
    )
    return (db.scalar(stock) or Decimal(0)) + (db.scalar(units) or 0)


def _duplicates(db: Session, units: Sequence[int], lots: Sequence[int]) -> tuple[Duplicate, ...]:
    if not units and not lots:
        return ()
    rows = db.execute(
        select(Case.number, Case.title, Case.subject)
        .join(Subject, Subject.case_id == Case.id)
        .where(
            Case.state == "open",
            or_(Subject.unit_id.in_(units), Subject.lot_id.in_(lots)),
        )
        .distinct()
        .order_by(Case.number)
    )
    return tuple(Duplicate(*row) for row in rows)
