"""The names of units, lots, places and documents of ours as EPCIS writes them, with quantities."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from engine.serials.epcis import names
from engine.serials.epcis.documents import Json
from engine.serials.epcis.told import Told
from engine.serials.identifiers import gs1, own
from engine.serials.models import Event, Location, Lot, Part, Unit

# UN/ECE recommendation 20, which EPCIS writes units of measure in; pieces go without one
UOM = {"kg": "KGM", "g": "GRM", "l": "LTR", "ml": "MLT", "m": "MTR", "cm": "CMT", "mm": "MMT"}


def unit_uri(site: str, unit: Unit, part: Part, maker: str) -> str:
    """Return the EPC of a unit."""
    if part.issuer == "gs1" and part.di and gs1.is_allowed("21", unit.serial):
        return names.link_of(part.di, serial=unit.serial)
    return own.link(own.Own(site, maker, part.part_no, None, unit.serial))


def lot_uri(site: str, lot: Lot, part: Part, maker: str) -> str:
    """Return the EPC class of a lot."""
    if part.issuer == "gs1" and part.di and gs1.is_allowed("10", lot.lot_no):
        return names.link_of(part.di, lot_no=lot.lot_no)
    return own.link(own.Own(site, maker, part.part_no, lot.lot_no))


def place_uri(site: str, location: Location) -> str:
    """Return the id of a place: ours, for a party has one GLN and many places."""
    return own.link(own.Own(site, location=location.code))


def document_uri(site: str, number: str) -> str:
    """Return the id of a document by its number."""
    return f"{site}/document/{quote(number, safe='')}"


def epcs_of(told: Told, unit_ids: Iterable[int]) -> list[str]:
    """Return the EPCs of units."""
    return [unit_uri(told.site, *told.units[one]) for one in unit_ids if one in told.units]


def moved_by_lot(told: Told, event: Event) -> dict[int, Any]:
    """Return how much of each lot came to lie somewhere (or, with nothing gained, left)."""
    gained: dict[int, Any] = {}
    for row in told.postings.get(event.id, ()):
        if row.quantity > 0:
            gained[row.lot_id] = gained.get(row.lot_id, 0) + row.quantity
    for row in told.postings.get(event.id, ()):
        if row.lot_id not in gained:
            gained[row.lot_id] = row.quantity
    return gained


def quantities_of(told: Told, event: Event) -> list[Json]:
    """Return the lots that an event is about, with how much of each moved."""
    moved = moved_by_lot(told, event)
    lots = [one.node_id for one in told.nodes.get(event.id, ()) if one.node_id in told.lots]
    named = [one for one in lots if one in moved or not told.links.get(event.id)]
    return [quantity_of(told, lot, moved.get(lot)) for lot in dict.fromkeys([*named, *moved])]


def quantity_of(told: Told, lot_id: int, quantity: Any) -> Json:
    """Return an EPC class with its quantity, where one is known."""
    lot, part, maker = told.lots[lot_id]
    found: Json = {"epcClass": lot_uri(told.site, lot, part, maker)}
    if quantity is not None:
        number = abs(quantity)
        found["quantity"] = int(number) if number == int(number) else float(number)
        if part.uom in UOM:
            found["uom"] = UOM[part.uom]
    return found


def ilmd_of(told: Told, unit_ids: Sequence[int], lot_ids: Sequence[int]) -> Json:
    """Return the master data of the one lot that something is of; none when it is of several."""
    lots = {told.units[one][0].lot_id for one in unit_ids if one in told.units} | set(lot_ids)
    known = [told.lots[one][0] for one in lots if one is not None and one in told.lots]
    if len(known) != 1 or known[0].is_unknown:
        return {}
    [lot] = known
    found: Json = {"cbvmda:lotNumber": lot.lot_no}
    if lot.expires_on:
        found["cbvmda:itemExpirationDate"] = lot.expires_on.isoformat()
    return found
