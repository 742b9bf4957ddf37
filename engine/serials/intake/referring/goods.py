"""Rows of goods: units, stock, and the shipments that took them away."""

from collections.abc import Sequence

from sqlalchemy import func, select

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known, UnitFound
from engine.serials.intake.referring.naming import (
    JOIN,
    Groups,
    keep_parts,
    location_of,
    lots_of,
    number_events,
    parts_of,
    refuse_future,
    refuse_unprintable,
    units_of,
)
from engine.serials.models import Event, EventLink, LotStock
from engine.serials.sets import id_set


def of_units(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer units to their part, lot and place; those that come alike are one group."""
    parts = parts_of(c, known, control="serial")
    keep_parts(c, parts)
    lots_of(c, known, parts)
    location_of(c, known, "location")
    refuse_future(c, known, "received_on")
    serials = c.column("serial")
    c.keys = [serial or None for serial in serials]
    there = known.units(serials)
    never_came = known.never_came(there.values())
    ids = c.refers["part_id"]
    lots, places = c.refers["lot_id"], c.refers["location_id"]
    usability, days = c.column("usability"), c.column("received_on")
    for place in c.sound():
        found = there.get((ids[place] or 0, serials[place]))
        if found is not None and found.id not in never_came:
            _same_unit(c, place, found)
            continue
        c.refers["other_id"][place] = found.id if found else None
        refuse_unprintable(c, place, parts[place])
        key = (ids[place], lots[place], places[place], usability[place], days[place])
        c.groups[place] = groups.number(key)


def _same_unit(c: Chunk, place: int, found: UnitFound) -> None:
    """Hold a row against the unit that is recorded; where it is and may be used, events say."""
    c.refers["other_id"][place] = found.id
    lot_id, differing = c.refers["lot_id"][place], []
    fills = lot_id is not None and found.lot_id is None and not found.is_released
    if lot_id is not None and lot_id != found.lot_id and not fills:
        differing.append("lot_no")
    if c.refers["location_id"][place] not in (None, found.location_id):
        differing.append("location")
    if c.column("usability")[place] not in ("", found.usability):
        differing.append("usability")
    if differing:
        serial = c.column("serial")[place]
        c.wrong(place, differing[0], "differs", value=serial, fields=", ".join(differing))
    else:
        c.states[place] = "fill" if fills else "same"


def of_stock(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer quantities of lots to part, lot and place."""
    parts = parts_of(c, known, control="lot")
    keep_parts(c, parts)
    lots_of(c, known, parts)
    location_of(c, known, "location")


def of_shipments(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer what left to its unit or lot and to where it went."""
    location_of(c, known, "to")
    parts = parts_of(c, known)
    keep_parts(c, parts)
    lots_of(c, known, parts)
    units = units_of(c, known, parts)
    serials, lots, amounts = c.column("serial"), c.column("lot_no"), c.column("quantity")
    documents = c.column("document_no")
    for place, unit in enumerate(units):
        lot_id = c.refers["lot_id"][place]
        if unit is not None:
            c.keys[place] = f"{documents[place]}{JOIN}{unit.id}"
            if lot_id and unit.lot_id and lot_id != unit.lot_id:
                c.wrong(place, "lot_no", "other_lot", value=serials[place])
        elif not serials[place] and not (lots[place] and amounts[place]):
            c.wrong(place, "serial", "serial_or_lot")
    refuse_future(c, known, "shipped_on")
    _need_stock(c, known, units)
    _refuse_before_receipt(c, known)
    # one shipment: what left on a day under a number for a place
    number_events(c, groups, c.column("shipped_on"), documents, c.refers["location_id"])


def _need_stock(c: Chunk, known: Known, units: Sequence[UnitFound | None]) -> None:
    lot_ids = {one for one in c.refers["lot_id"] if one}
    rows = select(LotStock.lot_id).where(
        LotStock.lot_id.in_(id_set(known.db, lot_ids)), LotStock.custody == "in_house"
    )
    stocked = set(known.db.scalars(rows)) if lot_ids else set()
    for place in c.sound():
        lot_id = c.refers["lot_id"][place]
        if units[place] is None and lot_id and lot_id not in stocked:
            c.wrong(place, "lot_no", "no_stock", value=c.column("lot_no")[place])


def _refuse_before_receipt(c: Chunk, known: Known) -> None:
    ids = {one for one in c.refers["unit_id"] if one}
    if not ids:
        return
    came = {
        unit_id: at.date().isoformat()
        for unit_id, at in known.db.execute(
            select(EventLink.unit_id, func.min(Event.event_at))
            .join(Event, Event.id == EventLink.event_id)
            .where(EventLink.unit_id.in_(id_set(known.db, ids)))
            .group_by(EventLink.unit_id)
        )
    }
    for place in c.sound():
        left = c.column("shipped_on")[place]
        there = came.get(c.refers["unit_id"][place] or 0)
        if left and there and left < there:
            serial = c.column("serial")[place]
            c.wrong(place, "shipped_on", "before_receipt", value=serial, day=there)
