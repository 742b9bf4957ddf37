"""From the names in an event to what we have: units, lots, parts, containers and places."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.epcis.names import Name, read
from engine.serials.identifiers import own
from engine.serials.models import Container, ExternalId, Location, Lot, Part, Party, Unit
from engine.serials.named import own_parts
from engine.serials.sets import text_set


@dataclass
class Resolved:
    """What the URIs of one event name here, each by the URI as it was written."""

    names: dict[str, Name] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    lots: dict[str, int] = field(default_factory=dict)
    containers: dict[str, int] = field(default_factory=dict)


def resolve(db: Session, uris: Iterable[str]) -> Resolved:
    """Return what is known of these names; a few queries, however many."""
    found = Resolved(names={uri: read(uri) for uri in dict.fromkeys(uris)})
    goods = {u: n for u, n in found.names.items() if n.kind in ("unit", "lot", "part")}
    found.parts = _parts(db, goods)
    _add_units(db, found)
    _add_lots(db, found)
    codes = {name.sscc: uri for uri, name in found.names.items() if name.sscc}
    for row in db.execute(
        select(Container.sscc, Container.id).where(Container.sscc.in_(text_set(db, codes)))
    ):
        found.containers[codes[row[0]]] = row[1]
    return found


def place_of(db: Session, uri: str) -> Location | None:
    """Return the place that a URI names: by our own link, by what a system calls it, by GLN."""
    name = read(uri)
    if name.location is not None:
        is_ours = name.site == db.info.get("site_url")
        found = select(Location).where(Location.code == name.location)
        return db.scalar(found) if is_ours else None
    called = (
        select(Location)
        .join(ExternalId, ExternalId.entity_id == Location.id)
        .where(ExternalId.entity == "location", ExternalId.value == uri)
    )
    if place := db.scalar(called):
        return place
    if name.gln is None:
        return None
    of_party = (
        select(Location)
        .join(Party, Party.id == Location.party_id)
        .where(Party.gln == name.gln)
        .order_by(Location.id)
    )
    return db.scalar(of_party.limit(1))


def descendants(db: Session, uris: Iterable[str]) -> tuple[str, ...]:
    """Return places with all that lie within them, by their canonical names.

    A GLN that a party of ours has stands for every place of that party.
    """
    found = list(uris)
    glns = {name.gln for name in map(read, found) if name.gln and not name.extension}
    codes = db.scalars(
        select(Location.code)
        .join(Party, Party.id == Location.party_id)
        .where(Party.gln.in_(text_set(db, glns)))
        .order_by(Location.code)
    )
    site = str(db.info.get("site_url"))
    return (*found, *(own.link(own.Own(site, location=code)) for code in codes))


def _parts(db: Session, goods: Mapping[str, Name]) -> dict[str, int]:
    codes = {name.gtin for name in goods.values() if name.gtin}
    rows = db.execute(select(Part.di, Part.id).where(Part.di.in_(text_set(db, codes))))
    by_gtin = {di: part_id for di, part_id in rows}  # noqa: C416  rows are not pairs to mypy
    site = db.info.get("site_url")
    ours = {n for n in goods.values() if n.maker and n.site == site}
    by_own = own_parts(db, {(name.maker, name.part_no) for name in ours})
    found = {}
    for uri, name in goods.items():
        if name.gtin in by_gtin:
            found[uri] = by_gtin[name.gtin]
        elif name in ours and (match := by_own.get((name.maker or "", name.part_no or ""))):
            found[uri] = match.part_id
    return found


def _add_units(db: Session, found: Resolved) -> None:
    wanted = {
        (found.parts[uri], name.serial): uri
        for uri, name in found.names.items()
        if name.kind == "unit" and uri in found.parts
    }
    serials = text_set(db, {serial for _, serial in wanted if serial})
    rows = db.execute(select(Unit.part_id, Unit.serial, Unit.id).where(Unit.serial.in_(serials)))
    for part_id, serial, unit_id in rows:
        if (part_id, serial) in wanted:
            found.units[wanted[part_id, serial]] = unit_id


def _add_lots(db: Session, found: Resolved) -> None:
    wanted = {
        (found.parts[uri], name.lot_no): uri
        for uri, name in found.names.items()
        if name.kind == "lot" and uri in found.parts
    }
    numbers = text_set(db, {lot_no for _, lot_no in wanted if lot_no})
    rows = db.execute(
        select(Lot.part_id, Lot.lot_no, Lot.id).where(Lot.lot_no.in_(numbers)).order_by(Lot.id)
    )
    for part_id, lot_no, lot_id in rows:
        if uri := wanted.get((part_id, lot_no)):
            found.lots.setdefault(uri, lot_id)
