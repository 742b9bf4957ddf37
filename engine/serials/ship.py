"""Leaving and coming back: shipping is asked of the gate, a reported shipment is a fact."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.serials import gate, stock
from engine.serials.errors import NotHere, NotUsable
from engine.serials.events import Links, record_events, write_event
from engine.serials.flags import raise_flag
from engine.serials.models import (
    IN_OUR_HANDS,
    Event,
    Location,
    Lot,
    LotStock,
    Shipment,
    ShipmentLine,
    Unit,
)
from engine.serials.packed import let_out, let_out_alone, refuse_torn
from engine.serials.projection import project_units
from engine.serials.receive import place
from engine.serials.record import Effect, How, Mark, Recorded, StockPart
from engine.serials.rules import (
    flag_expired,
    flag_expired_units,
    flag_unusable,
    refuse_expired,
)
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget
from engine.serials.units import (
    contents,
    open_hosts,
    refuse_installed,
    refuse_unusable,
    units_by_id,
)
from engine.serials.vocabulary import CUSTODY, USABILITY, Word

SHIPPABLE = ("conforming",)
AWAY = ("in_transit", "at_consignee", "at_third_party")
CAN_LEAVE = (*IN_OUR_HANDS, "at_third_party")


def ship(
    db: Session,
    *,
    to_location_id: int,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    containers: Sequence[int] = (),
    document_no: str | None = None,
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Ship units and quantities of lots to a consignee's place.

    An intent: refused through the gate when anything is on hold, whoever asks (`OnHold` names the
    holds and what to do), when something is not conforming, and when it has left already
    (`NotHere`: of two who ship one unit at once the second is told). `under_case` lets a case
    return what it holds itself (to the supplier); its usability is then not asked. `containers` are
    the cases and pallets in which it leaves: one thing alone out of a case not named is flagged.
    """
    rows = units_by_id(db, units, lock=True)
    targets = [HoldTarget.unit(key) for key in rows]
    targets += [HoldTarget.stock(part.stock_id) for part in stock_parts]
    gate.refuse_held(db, targets, door="ship", under_case=under_case)
    refuse_installed(db, rows)
    taken = stock.take(db, stock_parts)
    refuse_torn(db, rows, {part.spot.tranche_id for part in taken})
    _refuse_gone(db, rows, taken)
    if under_case is None:
        refuse_unusable(rows.values(), SHIPPABLE)
        _refuse_unusable_stock(db, taken)
        refuse_expired(db, _lots_of(rows, taken), how.get("event_at") or how["at"])
    event = _shipped(db, "shipped", to_location_id, rows, taken, document_no, how)
    let_out_alone(db, event, rows, {part.spot.tranche_id for part in taken}, containers)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(rows))


def report_shipment(
    db: Session,
    *,
    to_location_id: int | None,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    containers: Sequence[int] = (),
    unknown: Sequence[str] = (),
    document_no: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record a shipment that someone outside says happened; never refused.

    What broke a hold is a breach (`record_events`): custody moves, the hold stays. `unknown` keeps
    the numbers nobody could find here. Without a place (nobody here knows where it went) the goods
    are in transit until they are seen again.
    """
    rows = units_by_id(db, units, lock=True)
    taken = stock.take(db, stock_parts, reported=True)
    not_usable = [unit for unit in rows.values() if unit.usability not in SHIPPABLE]
    event = _shipped(
        db, "shipment_reported", to_location_id, rows, taken, document_no, how, unknown
    )
    _flag(db, event, rows, taken, not_usable)
    let_out_alone(db, event, rows, {part.spot.tranche_id for part in taken}, containers)
    broken = record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(rows), breach_ids=broken)


def _flag(
    db: Session,
    event: Event,
    units: dict[int, Unit],
    taken: Sequence[stock.Taken],
    not_usable: Sequence[Unit],
) -> None:
    """Flag what a reported shipment broke beside holds."""
    flag_unusable(db, event, not_usable)
    flag_expired_units(db, event, "expired_shipped", units.values())
    flag_expired(db, event, "expired_shipped", {part.spot.lot_id for part in taken})
    for child, host in open_hosts(db, units).items():
        if host not in units:
            facts = {"host": db.get_one(Unit, host).serial}
            raise_flag(
                db, event, "inside_another", unit_id=child, facts=facts, at=event.recorded_at
            )
    let_out(db, event, units, {part.spot.tranche_id for part in taken}, is_flagged=True)


def deliver(
    db: Session,
    *,
    location_id: int,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    **how: Unpack[How],
) -> Recorded:
    """Record that a consignment arrived: from in transit to at the consignee."""
    return _arrive(db, "delivered", "at_consignee", location_id, units, stock_parts, how)


def receive_return(
    db: Session,
    *,
    location_id: int,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    **how: Unpack[How],
) -> Recorded:
    """Record goods that came back; they are nonconforming until someone has looked at them."""
    return _arrive(
        db, "returned", "returned", location_id, units, stock_parts, how, usability="nonconforming"
    )


def _arrive(
    db: Session,
    type: str,
    custody: str,
    location_id: int,
    units: Sequence[int],
    stock_parts: Sequence[StockPart],
    how: How,
    usability: str | None = None,
) -> Recorded:
    place(db, location_id)
    rows = units_by_id(db, units, lock=True)
    was = {unit.id: (unit.custody, unit.location_id) for unit in rows.values()}
    taken = stock.take(db, stock_parts, reported=True)
    links = Links().add(rows, Effect(custody, usability, location_id))
    links.add(contents(db, rows), Effect(custody, None, location_id), "carried")
    links.about({part.spot.lot_id for part in taken})
    event = write_event(db, type, links, location_id=location_id, **how)
    stock.move(db, event, taken, custody=custody, location_id=location_id, usability=usability)
    _flag_astray(db, event, was, taken)
    let_out(db, event, rows, {part.spot.tranche_id for part in taken})
    project_units(db, links.units)
    broken = record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(rows), breach_ids=broken)


def _flag_astray(
    db: Session,
    event: Event,
    was: Mapping[int, tuple[str, int | None]],
    taken: Sequence[stock.Taken],
) -> None:
    """Flag what arrived or came back though it was not away, not for here, or not so much of it."""
    for unit_id, (custody, place_id) in was.items():
        if broken := _astray(db, event, custody, place_id):
            raise_flag(
                db, event, broken.rule, unit_id=unit_id, facts=broken.facts, at=event.recorded_at
            )
    ids = id_set(db, [part.stock_id for part in taken])
    short = set(db.scalars(select(LotStock.id).where(LotStock.id.in_(ids), LotStock.quantity < 0)))
    for part in taken:
        lot_id, at = part.spot.lot_id, event.recorded_at
        if broken := _astray(db, event, part.spot.custody, part.spot.location_id):
            raise_flag(db, event, broken.rule, lot_id=lot_id, facts=broken.facts, at=at)
        if part.stock_id in short:
            raise_flag(db, event, "more_than_away", lot_id=lot_id, at=at)


def _astray(db: Session, event: Event, custody: str, was_at: int | None) -> Mark | None:
    """Return the rule that an arrival or a return breaks by where the goods were until then."""
    if custody not in AWAY:
        return Mark("not_away", {"custody": custody})
    if event.type != "delivered" or custody != "in_transit" or was_at in (None, event.location_id):
        return None
    return Mark("arrived_elsewhere", {"place": db.get_one(Location, was_at).name})


def _shipped(
    db: Session,
    type: str,
    to_location_id: int | None,
    units: dict[int, Unit],
    taken: Sequence[stock.Taken],
    document_no: str | None,
    how: How,
    unknown: Sequence[str] = (),
) -> Event:
    to = place(db, to_location_id) if to_location_id is not None else None
    custody = "at_consignee" if to is not None and type == "shipment_reported" else "in_transit"
    effect = Effect(custody=custody, location_id=to.id if to else None)
    links = Links().add(units, effect).add(contents(db, units), effect, "carried")
    links.about({part.spot.lot_id for part in taken})
    payload: dict[str, object] = {"document_no": document_no}
    if to is not None:
        payload["consignee"] = to.party_id
    if unknown:
        payload["unknown"] = list(unknown)
    event = write_event(db, type, links, location_id=effect.location_id, payload=payload, **how)
    stock.move(db, event, taken, custody=custody, location_id=effect.location_id)
    if to is not None:
        _add_shipment(db, event, to.party_id, to.id, document_no, units, taken)
    project_units(db, links.units)
    return event


def _add_shipment(
    db: Session,
    event: Event,
    consignee_id: int,
    location_id: int,
    document_no: str | None,
    units: dict[int, Unit],
    taken: Sequence[stock.Taken],
) -> None:
    shipment = Shipment(
        consignee_id=consignee_id,
        location_id=location_id,
        shipped_at=event.event_at,
        document_no=document_no,
        event_id=event.id,
    )
    db.add(shipment)
    db.flush()
    common = {"shipment_id": shipment.id, "event_id": event.id}
    if units:
        db.execute(
            insert(ShipmentLine),
            [{**common, "unit_id": key, "tranche_id": 0} for key in sorted(units)],
        )
    if taken:
        db.execute(
            insert(ShipmentLine),
            [
                {
                    **common,
                    "lot_id": part.spot.lot_id,
                    "tranche_id": part.spot.tranche_id,
                    "quantity": part.quantity,
                }
                for part in taken
            ],
        )


def _lots_of(units: dict[int, Unit], taken: Sequence[stock.Taken]) -> set[int]:
    return {part.spot.lot_id for part in taken} | {
        unit.lot_id for unit in units.values() if unit.lot_id is not None
    }


def _refuse_gone(db: Session, units: dict[int, Unit], taken: Sequence[stock.Taken]) -> None:
    for unit in units.values():
        if unit.custody not in CAN_LEAVE:
            raise NotHere(what=unit.serial, custody=Word((CUSTODY[unit.custody],)))
    for part in taken:
        if part.spot.custody not in CAN_LEAVE:
            lot = db.get_one(Lot, part.spot.lot_id)
            raise NotHere(what=lot.lot_no, custody=Word((CUSTODY[part.spot.custody],)))


def _refuse_unusable_stock(db: Session, taken: Sequence[stock.Taken]) -> None:
    for part in taken:
        if part.spot.usability not in SHIPPABLE:
            lot = db.get_one(Lot, part.spot.lot_id)
            word = Word((USABILITY[part.spot.usability],))
            raise NotUsable(unit=lot.lot_no, usability=word)
