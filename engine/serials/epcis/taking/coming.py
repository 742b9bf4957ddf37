"""Units and lots that a document says came to be."""

from engine.serials import stock
from engine.serials.epcis.names import read
from engine.serials.epcis.taking.case import Case, custody_at, finish, payload_of, serial_of
from engine.serials.epcis.taking.lots import lot_named, lot_of_unit
from engine.serials.events import Links, write_event
from engine.serials.receive import create_units
from engine.serials.record import Effect


def commission(case: Case, units: str, lots: str) -> None:
    """Record units and lots that a document says came to be."""
    case.asks("goods.receive")
    effect = Effect(custody_at(case.place), "unknown", case.place.id if case.place else None)
    new = [u for u in case.uris(units) if u in case.known.parts and u not in case.known.units]
    links = Links()
    for uri in new:
        part_id = case.known.parts[uri]
        lot_id = lot_of_unit(case, part_id, uri)
        made = create_units(case.db, part_id, [serial_of(uri)], effect=effect, lot_id=lot_id)
        links.add(made, effect).about([lot_id] if lot_id else [])
    posted = []
    for uri, quantity in case.quantities(lots):
        if uri in case.known.parts and read(uri).kind == "lot":
            lot = lot_named(case, uri)
            links.about([lot.id])
            if quantity and case.place:
                spot = stock.Spot(lot.id, case.place.id, custody_at(case.place), "unknown")
                posted.append((spot, quantity))
    known = [one for one in case.units(units) if one not in links.units]
    if known:
        case.taken.flag("commissioned_again", count=len(known))
        links.add(known, Effect())
    event = write_event(
        case.db, "received", links, location_id=effect.location_id, payload=payload_of(case),
        **case.how,
    )  # fmt: skip
    stock.post(case.db, event, posted)
    finish(case, event, links)
