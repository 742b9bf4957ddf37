"""Placing and releasing holds. Holds of several cases are a union: none frees another's."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials import stock
from engine.serials.active import (
    Holding,
    holdings_of_lots,
    holdings_of_stock,
    holdings_of_units,
)
from engine.serials.errors import HoldOver, NotOfThisHold, StockUnknown
from engine.serials.events import Links, record_events, write_event
from engine.serials.models import (
    Event,
    Hold,
    HoldDoor,
    HoldExemption,
    HoldTargetRow,
    LotStock,
    Unit,
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
        db, "hold_placed", _links(db, targets), payload={"case": case_number, "basis": basis}, **how
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
    links = _links(db, flat) if targets is not None else _links_of(rows)
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


def of_case(db: Session, case_number: str) -> list[Hold]:
    """Return the standing holds of a case, oldest first."""
    return list(
        db.scalars(
            select(Hold)
            .where(Hold.case_number == case_number, Hold.released_at.is_(None))
            .order_by(Hold.id)
        )
    )


def holds_on(
    db: Session,
    *,
    unit_id: int | None = None,
    lot_id: int | None = None,
    stock_id: int | None = None,
) -> tuple[Holding, ...]:
    """Return the holds that bear on one unit, whole lot or stock row, through whatever they do."""
    if unit_id is not None:
        return holdings_of_units(db, [unit_id])[unit_id]
    if lot_id is not None:
        return holdings_of_lots(db, [lot_id])[lot_id]
    if (row := db.get(LotStock, stock_id)) is None:
        raise StockUnknown(stock=stock_id)
    return holdings_of_stock(db, [row])[row.id]


def acknowledge(db: Session, hold_ids: Iterable[int], *, door: str, at: datetime) -> None:
    """Keep that a door has seen these holds; the first time counts. Flushes."""
    wanted = set(hold_ids)
    seen = set(
        db.scalars(
            select(HoldDoor.hold_id).where(
                HoldDoor.door == door, HoldDoor.hold_id.in_(id_set(db, wanted))
            )
        )
    )
    db.add_all(
        HoldDoor(hold_id=key, door=door, acknowledged_at=at) for key in sorted(wanted - seen)
    )
    db.flush()


def unacknowledged(db: Session, *, door: str, before: datetime) -> list[Hold]:
    """Return standing holds placed before a moment that a door has not acknowledged."""
    seen = select(HoldDoor.hold_id).where(HoldDoor.door == door, HoldDoor.hold_id == Hold.id)
    return list(
        db.scalars(
            select(Hold)
            .where(Hold.released_at.is_(None), Hold.placed_at < before, ~seen.exists())
            .order_by(Hold.placed_at)
        )
    )


def _links(db: Session, targets: Sequence[HoldTarget]) -> Links:
    unit_ids = [one.id for one in targets if one.kind == "unit"]
    units_by_id(db, unit_ids)
    stock_ids = [one.id for one in targets if one.kind == "stock"]
    lots = db.scalars(select(LotStock.lot_id).where(LotStock.id.in_(id_set(db, stock_ids))))
    nodes = [one.id for one in targets if one.kind in ("lot", "segment")]
    return Links().add(unit_ids, Effect()).about([*nodes, *lots])


def _links_of(rows: Sequence[HoldTargetRow]) -> Links:
    units = [row.target_id for row in rows if row.kind == "unit"]
    nodes = [row.target_id for row in rows if row.kind in ("lot", "segment")]
    return Links().add(units, Effect()).about(nodes)


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
    if row.tranche_id and quantity == _in_tranche(db, row.tranche_id):
        return row.tranche_id
    # what is told apart stays under every hold it was under
    return split_keeping_holds(db, taken, event)


def _in_tranche(db: Session, tranche_id: int) -> object:
    return sum(
        db.scalars(select(LotStock.quantity).where(LotStock.tranche_id == tranche_id)),
    )


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
    is_whole = bool(tranche_id) and quantity == _in_tranche(db, tranche_id)
    if is_named and is_whole:
        named["stock", tranche_id].release_event_id = event.id
        db.flush()
        return

    if not is_whole:
        [taken] = stock.take(db, [StockPart(target.id, quantity)])
        tranche_id = split_keeping_holds(db, taken, event, but=hold.id)
    if not is_named:
        _exempt(db, hold, "stock", tranche_id, event)


def split_keeping_holds(
    db: Session,
    taken: stock.Taken,
    event: Event,
    *,
    but: int | None = None,
    grade: str | None = None,
) -> int:
    """Tell a quantity apart and name the new tranche in every hold on the old one, `but` one."""
    old = taken.spot.tranche_id
    new = stock.split(db, event, taken, grade=grade)
    others = db.scalars(
        select(HoldTargetRow.hold_id).where(
            HoldTargetRow.kind == "stock",
            HoldTargetRow.target_id == old,
            HoldTargetRow.release_event_id.is_(None),
            HoldTargetRow.hold_id != (but or 0),
        )
    ).all()
    db.add_all(HoldTargetRow(hold_id=key, kind="stock", target_id=new) for key in others if old)
    exempted = db.scalars(
        select(HoldExemption.hold_id).where(
            HoldExemption.kind == "stock", HoldExemption.target_id == old
        )
    ).all()
    db.add_all(
        HoldExemption(hold_id=key, kind="stock", target_id=new, event_id=event.id)
        for key in exempted
        if old
    )
    db.flush()
    return new


def _exempt(db: Session, hold: Hold, kind: str, target_id: int, event: Event) -> None:
    db.add(HoldExemption(hold_id=hold.id, kind=kind, target_id=target_id, event_id=event.id))
    db.flush()
