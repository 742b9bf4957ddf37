"""Placing the holds of a case, and letting out what its disposition decided."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.affected import Settled
from engine.cases.dispositions import Part
from engine.cases.models import Case
from engine.cases.segregated import held_stock
from engine.errors import Refused
from engine.people import Person
from engine.serials import holds
from engine.serials.models import Hold, HoldTargetRow, LotStock, Unit
from engine.serials.record import StockPart
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget
from engine.serials.units import contents


class NotEnoughHeld(Refused):
    """Only %(there)s of the %(asked)s decided on are still held here. Count the stock again."""


def place(
    db: Session,
    case: Case,
    settled: Settled,
    *,
    by: Person | None,
    at: datetime,
    again: bool = False,
) -> int:
    """Hold every affected lot and unit that this case has not held before; return how many.

    `again` holds also what the case held before and let go: it was reopened.
    A lot is held as a whole, with what arrives later. What has reached a consignee is not ours to
    hold; it is held when it comes back.
    """
    before = set() if again else _ever_held(db, case)
    lots = [HoldTarget.lot(lot_id) for lot_id in settled.affected.lot_ids]
    units = [
        HoldTarget.unit(unit.unit_id)
        for unit in settled.affected.roots
        if unit.custody not in ("at_consignee", "destroyed", "consumed")
    ]
    new = [one for one in [*lots, *units] if (one.kind, one.id) not in before]
    if new:
        holds.place(
            db,
            stream=case.stream,
            case_number=case.number,
            reason=case.title,
            basis="forward trace",
            target=HoldTarget.scope(new),
            by=by,
            at=at,
        )
    for free, held in balance.NOT_HELD.items():
        lying = balance.holdings(db, case.id, accounts=(free,))
        balance.post(db, case, lying, to=held, evidence="hold placed", by=by, at=at)
    return len(new)


def _ever_held(db: Session, case: Case) -> set[tuple[str, int]]:
    rows = db.execute(
        select(HoldTargetRow.kind, HoldTargetRow.target_id)
        .join(Hold, Hold.id == HoldTargetRow.hold_id)
        .where(Hold.case_number == case.number)
    )
    return {(kind, target_id) for kind, target_id in rows}


def stock_parts(db: Session, case: Case, parts: Iterable[Part]) -> list[StockPart]:
    """Return the rows of held stock that quantities of lots come out of; raises `NotEnoughHeld`."""
    found = []
    for part in parts:
        if part.lot_id is None:
            continue
        left = part.quantity
        rows = [row[0] for row in held_stock(db, case, {part.lot_id})]
        for row in rows:
            taken = min(left, row.quantity)
            if taken > 0:
                found.append(StockPart(row.id, taken))
                left -= taken
        if left > 0:
            raise NotEnoughHeld(there=part.quantity - left, asked=part.quantity)
    return found


def let_out_units(
    db: Session,
    case: Case,
    unit_ids: Sequence[int],
    *,
    reason: str,
    by: Person | None,
    at: datetime,
) -> None:
    """Release the holds of this case, and of no other, on units and everything inside them."""
    members = {*unit_ids, *contents(db, unit_ids)}
    of_units = {
        unit_id: (lot_id, seg_id)
        for unit_id, lot_id, seg_id in db.execute(
            select(Unit.id, Unit.lot_id, Unit.seg_id).where(Unit.id.in_(id_set(db, members)))
        )
    }
    for hold in holds.of_case(db, case.number):
        named = _named(db, hold.id)
        targets = [
            HoldTarget.unit(unit_id)
            for unit_id, (lot_id, seg_id) in sorted(of_units.items())
            if named & {("unit", unit_id), ("lot", lot_id), ("segment", seg_id)}
        ]
        if targets:
            holds.release(db, hold.id, reason=reason, targets=targets, by=by, at=at)


def let_out_stock(
    db: Session,
    case: Case,
    parts: Sequence[tuple[LotStock, Decimal]],
    *,
    reason: str,
    by: Person | None,
    at: datetime,
) -> None:
    """Release the holds of this case on quantities of stock rows."""
    for hold in holds.of_case(db, case.number):
        named = _named(db, hold.id)
        targets = [
            HoldTarget.stock(row.id, quantity)
            for row, quantity in parts
            if named & {("lot", row.lot_id), ("stock", row.tranche_id)}
        ]
        if targets:
            holds.release(db, hold.id, reason=reason, targets=targets, by=by, at=at)


def _named(db: Session, hold_id: int) -> set[tuple[str, int | None]]:
    rows = db.execute(
        select(HoldTargetRow.kind, HoldTargetRow.target_id).where(
            HoldTargetRow.hold_id == hold_id, HoldTargetRow.release_event_id.is_(None)
        )
    )
    return {(kind, target_id) for kind, target_id in rows}
