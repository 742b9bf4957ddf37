"""Releasing holds, whole or target by target; none frees another case's."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials import stock
from engine.serials.errors import HoldOver, NotOfThisHold, StockUnknown
from engine.serials.events import Links, record_events, write_event
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
from engine.serials.record import Effect, StockPart
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
    rows = _standing(db, hold_id)
    links = links_to(db, flat) if targets is not None else _links_of(rows)
    event = write_event(
        db,
        "hold_released",
        links,
        payload={"case": hold.case_number, "hold": hold.id},
        by=by,
        at=at,
        reason=reason,
    )
    if targets is None:
        _end_targets(db, hold_id, event)
    else:
        for one in flat:
            _let_out(db, hold, rows, one, event)
    if not _standing(db, hold_id):
        hold.released_at, hold.release_event_id = at, event.id
        hold.released_by_id, hold.release_reason = by.id if by else None, reason
    record_events(db, [event], by=by, at=at, stream=stream or hold.stream)
    return hold


def release_case(
    db: Session, case_number: str, *, reason: str, by: Person | None, at: datetime
) -> list[Hold]:
    """Release every standing hold of one case, and of no other; returns those released."""
    return [release(db, hold.id, reason=reason, by=by, at=at) for hold in of_case(db, case_number)]


def _links_of(rows: Sequence[HoldTargetRow]) -> Links:
    units = [row.target_id for row in rows if row.kind == "unit"]
    nodes = [row.target_id for row in rows if row.kind in ("lot", "segment")]
    return Links().add(units, Effect()).about(nodes)


def _standing(db: Session, hold_id: int) -> list[HoldTargetRow]:
    return list(
        db.scalars(
            select(HoldTargetRow).where(
                HoldTargetRow.hold_id == hold_id, HoldTargetRow.release_event_id.is_(None)
            )
        )
    )


def _end_targets(db: Session, hold_id: int, event: Event) -> None:
    db.execute(
        update(HoldTargetRow)
        .where(HoldTargetRow.hold_id == hold_id, HoldTargetRow.release_event_id.is_(None))
        .values(release_event_id=event.id)
    )


def _let_out(
    db: Session, hold: Hold, rows: Sequence[HoldTargetRow], target: HoldTarget, event: Event
) -> None:
    named = {(row.kind, row.target_id): row for row in rows}
    if target.kind == "stock":
        _let_stock_out(db, hold, named, target, event)
    elif (target.kind, target.id) in named:
        named[target.kind, target.id].release_event_id = event.id
        db.flush()
    elif target.kind == "unit" and _covers_unit(db, named, target.id):
        _exempt(db, hold, "unit", target.id, event)
    else:
        raise NotOfThisHold(target=f"{target.kind} {target.id}")


def _covers_unit(db: Session, named: dict[tuple[str, int], HoldTargetRow], unit_id: int) -> bool:
    unit = db.get_one(Unit, unit_id)
    return ("lot", unit.lot_id) in named or ("segment", unit.seg_id) in named


def _let_stock_out(
    db: Session,
    hold: Hold,
    named: dict[tuple[str, int], HoldTargetRow],
    target: HoldTarget,
    event: Event,
) -> None:
    row = db.get(LotStock, target.id)
    if row is None:
        raise StockUnknown(stock=target.id)
    is_named = ("stock", row.tranche_id) in named
    if not is_named and ("lot", row.lot_id) not in named:
        raise NotOfThisHold(target=f"stock {target.id}")

    quantity = row.quantity if target.quantity is None else target.quantity
    tranche_id = row.tranche_id
    is_whole = bool(tranche_id) and quantity == in_tranche(db, tranche_id)
    if is_named and is_whole:
        named["stock", tranche_id].release_event_id = event.id
        db.flush()
        return

    if not is_whole:
        [taken] = stock.take(db, [StockPart(target.id, quantity)])
        tranche_id = split_keeping_holds(db, taken, event, but=hold.id)
    if not is_named:
        _exempt(db, hold, "stock", tranche_id, event)


def _exempt(db: Session, hold: Hold, kind: str, target_id: int, event: Event) -> None:
    db.add(HoldExemption(hold_id=hold.id, kind=kind, target_id=target_id, event_id=event.id))
    db.flush()
