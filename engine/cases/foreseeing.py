"""What a report would open, before it is saved: what has left already, and cases it may repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.cases.balance import LEFT_CONTROL, OF_CUSTODY
from engine.cases.models import Case, Subject
from engine.serials import trace


@dataclass(frozen=True)
class Duplicate:
    """An open case about one of the same suspects."""

    number: str
    title: str
    subject: str


@dataclass(frozen=True)
class Foreseen:
    """How much the suspects reach, how much of that has left, where it went, and look-alikes."""

    affected: Decimal
    left: Decimal
    consignees: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]


def foresee(db: Session, suspects: dict[str, Any]) -> Foreseen:
    """Trace the suspects of an accepted answer forward, and look for open cases about them."""
    units = [one["unit_id"] for one in suspects.get("units") or ()]
    lots = [one["lot_id"] for one in suspects.get("lots") or ()]
    found = trace.contains(db, lots=lots, units=units)
    rows = [(one.custody, Decimal(1), one.party) for one in found.roots]
    rows += [(one.custody, one.quantity, one.party) for one in found.stock if one.quantity > 0]
    known = [row for row in rows if row[0] in OF_CUSTODY]
    left = [row for row in known if OF_CUSTODY[row[0]] in LEFT_CONTROL]
    return Foreseen(
        affected=sum((quantity for _, quantity, _ in known), Decimal(0)),
        left=sum((quantity for _, quantity, _ in left), Decimal(0)),
        consignees=tuple(sorted({party for _, _, party in left if party})),
        duplicates=_duplicates(db, units, lots),
    )


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
