"""Goods that were seen: where they are, when the place is one of ours to know."""

from engine.serials import stock
from engine.serials.epcis.taking.case import ARRIVING, Case, custody_at, finish, payload_of
from engine.serials.epcis.taking.lots import seen_stock
from engine.serials.events import Links, write_event
from engine.serials.record import Effect
from engine.serials.units import contents, units_by_id


def observe(case: Case) -> None:
    """Record that goods were seen, and where, when the place is one of ours to know."""
    units = [*case.goods(), *case.units("childEPCs", "inputEPCList", "outputEPCList")]
    if parent := case.known.units.get(str(case.body.get("parentID", ""))):
        units.append(parent)
    if not (units or case.known.lots or (case.known.parts and case.taken.marks)):
        return  # nothing here is about anything of ours: kept word for word only
    arrived = str(case.body.get("bizStep", "")) in ARRIVING and case.place is not None
    place_id = case.place.id if case.place else None
    effect = Effect(custody_at(case.place), None, place_id) if arrived else Effect()
    taken = stock.take(case.db, seen_stock(case), reported=True) if arrived else []
    links = Links().add(units_by_id(case.db, units, lock=True), effect)
    links.add(contents(case.db, units), Effect(effect.custody, None, effect.location_id), "carried")
    links.about({*case.known.lots.values(), *(part.spot.lot_id for part in taken)})
    event = write_event(
        case.db, "observed", links, location_id=place_id, payload=payload_of(case), **case.how
    )
    stock.move(case.db, event, taken, custody=effect.custody, location_id=place_id)
    finish(case, event, links)
