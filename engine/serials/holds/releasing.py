"""Releasing holds, whole or target by target; none frees another case's."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials import stock
from engine.serials.errors import HoldOver, NotOfThisHold, StockUnknown
from engine.serials.events import Links, record_events, write_event
from engine.serials.holds.linking import link_targets
from engine.serials.holds.placing import links_to
from engine.serials.holds.standing import of_case
from engine.serials.holds.tranches import in_tranche, split_keeping_holds
from engine.serials.models import (
    Event,
    Hold,
    HoldExemption,
    HoldTargetRow,
    LotStock,
    Unit,
)
from engine.serials.record import StockPart
from engine.serials.targets import HoldTarget


def release(
    db: Session,
    hold_id: int,
    *,
    reason: str,
    by: Person | None,
    at: datetime,
    targets: Sequence[HoldTarget] | None = None,
    stream: str | None = None,
) -> Hold:
    """Release a hold, or only `targets` of it (units; quantities of held stock). Flushes.

    Out of a hold on a whole lot or run a unit or a quantity is let out as an exemption: the
    rest, and what arrives later, stays held. With its last target the hold itself is released.
    Raises `HoldOver`, `NotOfThisHold`.
    """
    hold = db.scalars(select(Hold).where(Hold.id == hold_id).with_for_update()).one()
    if hold.released_at is not None:
        raise HoldOver

    flat = tuple(one for target in targets for one in target.flat()) if targets else ()
    event = write_event(
        db,
        "hold_released",
        links_to(db, flat) if targets is not None else Links(),
        payload={"case": hold.case_number, "hold": hold.id},
        by=by,
        at=at,
        reason=reason,
    )
    standing = (HoldTargetRow.hold_id == hold_id, HoldTargetRow.release_event_id.is_(None))
    if targets is None:
        link_targets(db, event, *standing)
        db.execute(update(HoldTargetRow).where(*standing).values(release_event_id=event.id))
    else:
        for one in flat:
            _let_out(db, hold, one, event)
    if db.scalar(select(HoldTargetRow.target_id).where(*standing).limit(1)) is None:
        hold.released_at, hold.release_event_id = at, event.id
        hold.released_by_id, hold.release_reason = by.id if by else None, reason
    record_events(db, [event], by=by, at=at, stream=stream or hold.stream)
    return hold


def release_case(
    db: Session, case_number: str, *, reason: str, by: Person | None, at: datetime
) -> list[Hold]:
    """Release every standing hold of one case, and of no other; returns those released."""
    return [release(db, hold.id, reason=reason, by=by, at=at) for hold in of_case(db, case_number)]


def _named(db: Session, hold: Hold, kind: str, target_id: int | None) -> HoldTargetRow | None:
    """Return the row of a hold that names this and stands: a hold may name a million."""
    row = db.get(HoldTargetRow, (hold.id, kind, target_id)) if target_id else None
    return row if row is not None and row.release_event_id is None else None


def _let_out(db: Session, hold: Hold, target: HoldTarget, event: Event) -> None:
    if target.kind == "stock":
        _let_stock_out(db, hold, target, event)
    elif (row := _named(db, hold, target.kind, target.id)) is not None:
        row.release_event_id = event.id
        db.flush()
    elif target.kind == "unit" and _covers_unit(db, hold, target.id):
        _exempt(db, hold, "unit", target.id, event)
    else:
        raise NotOfThisHold(target=f"{target.kind} {target.id}")


def _covers_unit(db: Session, hold: Hold, unit_id: int) -> bool:
    unit = db.get_one(Unit, unit_id)
    by_lot = _named(db, hold, "lot", unit.lot_id)
    return by_lot is not None or _named(db, hold, "segment", unit.seg_id) is not None


def _let_stock_out(db: Session, hold: Hold, target: HoldTarget, event: Event) -> None:
    row = db.get(LotStock, target.id)
    if row is None:
        raise StockUnknown(stock=target.id)
    named = _named(db, hold, "stock", row.tranche_id)
    if named is None and _named(db, hold, "lot", row.lot_id) is None:
        raise NotOfThisHold(target=f"stock {target.id}")

    quantity = row.quantity if target.quantity is None else target.quantity
    tranche_id = row.tranche_id
    is_whole = bool(tranche_id) and quantity == in_tranche(db, tranche_id)
    if named is not None and is_whole:
        named.release_event_id = event.id
        db.flush()
        return

    if not is_whole:
        [taken] = stock.take(db, [StockPart(target.id, quantity)])
        tranche_id = split_keeping_holds(db, taken, event, but=hold.id)
    if named is None:
        _exempt(db, hold, "stock", tranche_id, event)


def _exempt(db: Session, hold: Hold, kind: str, target_id: int, event: Event) -> None:
    db.add(HoldExemption(hold_id=hold.id, kind=kind, target_id=target_id, event_id=event.id))
    db.flush()
