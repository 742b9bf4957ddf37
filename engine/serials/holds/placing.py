"""Placing holds on units, lots, runs and parts of a stock."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials import stock
from engine.serials.errors import StockUnknown
from engine.serials.events import Links, record_events, write_event
from engine.serials.holds.tranches import in_tranche, split_keeping_holds
from engine.serials.models import (
    Event,
    Hold,
    HoldTargetRow,
    LotStock,
)
from engine.serials.record import Effect, How, StockPart
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget
from engine.serials.units import units_by_id


def place(
    db: Session,
    *,
    stream: str,
    case_number: str,
    reason: str,
    basis: str,
    target: HoldTarget,
    by: Person | None,
    at: datetime,
    review_by: datetime | None = None,
    event_at: datetime | None = None,
    source: str = "holdfast",
) -> Hold:
    """Put a target on hold for a case; a part of a stock is told apart from the rest. Flushes.

    A scope may name thousands: they are one hold, released together or one by one.
    """
    targets = target.flat()
    how = How(by=by, at=at, event_at=event_at, source=source, reason=reason)
    event = write_event(
        db,
        "hold_placed",
        links_to(db, targets),
        payload={"case": case_number, "basis": basis},
        **how,
    )
    hold = Hold(
        stream=stream,
        case_number=case_number,
        reason=reason,
        basis=basis,
        target_kind=target.kind,
        target_count=len(targets),
        review_by=review_by,
        placed_at=at,
        placed_by_id=by.id if by else None,
        placed_event_id=event.id,
    )
    db.add(hold)
    db.flush()
    keys = {(one.kind, _target_id(db, event, one)) for one in targets}
    db.execute(
        insert(HoldTargetRow),
        [{"hold_id": hold.id, "kind": kind, "target_id": key} for kind, key in sorted(keys)],
    )
    record_events(db, [event], by=by, at=at, stream=stream)
    return hold


def links_to(db: Session, targets: Sequence[HoldTarget]) -> Links:
    """Return what an event about these targets is linked to. Raises `UnitUnknown`."""
    unit_ids = [one.id for one in targets if one.kind == "unit"]
    units_by_id(db, unit_ids, keep=True)
    stock_ids = [one.id for one in targets if one.kind == "stock"]
    lots = db.scalars(select(LotStock.lot_id).where(LotStock.id.in_(id_set(db, stock_ids))))
    nodes = [one.id for one in targets if one.kind in ("lot", "segment")]
    return Links().add(unit_ids, Effect()).about([*nodes, *lots])


def _target_id(db: Session, event: Event, target: HoldTarget) -> int:
    """Return what the hold names: a stock's tranche, told apart now unless it already is one."""
    if target.kind != "stock":
        return target.id

    row = db.get(LotStock, target.id)
    if row is None:
        raise StockUnknown(stock=target.id)
    quantity = row.quantity if target.quantity is None else target.quantity
    [taken] = stock.take(db, [StockPart(target.id, quantity)])
    # the whole of a tranche that lies in one place needs no splitting; the rest of a lot does
    if row.tranche_id and quantity == in_tranche(db, row.tranche_id):
        return row.tranche_id
    # what is told apart stays under every hold it was under
    return split_keeping_holds(db, taken, event)
