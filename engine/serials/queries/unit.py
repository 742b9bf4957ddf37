"""The page of one unit: a fixed number of queries."""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from engine.serials.active import holdings_of_units
from engine.serials.backward import composition
from engine.serials.errors import UnitUnknown
from engine.serials.models import (
    Event,
    Install,
    Location,
    Lot,
    Part,
    Party,
    ShipmentLine,
    Unit,
    UnitRoot,
)
from engine.serials.queries.history import (
    count_moments,
    count_shipments,
    of_unit,
    shipments,
    timeline,
)
from engine.serials.queries.shown import Host, Pages, UnitPage

FIRST = Pages()


def unit_page(db: Session, unit_id: int, pages: Pages = FIRST) -> UnitPage:
    """Return the page of a unit; raises `UnitUnknown`."""
    row = db.execute(_head(), {"unit": unit_id}).one_or_none()
    if row is None:
        raise UnitUnknown(unit=unit_id)

    unit, part, maker, joined, location, party, root_id = row
    lot: Lot | None = joined
    sent = ShipmentLine.unit_id.in_({unit.id, root_id})
    return UnitPage(
        unit_id=unit.id,
        serial=unit.serial,
        part_id=part.id,
        part_no=part.part_no,
        part_name=part.name,
        part_name_zh=part.name_zh,
        di=part.di,
        maker=maker,
        lot_id=unit.lot_id,
        lot_no=lot.lot_no if lot else None,
        expires_on=lot.expires_on if lot else None,
        custody=unit.custody,
        usability=unit.usability,
        grade=unit.grade,
        location=location,
        party=party,
        root_id=root_id,
        root=_root(db, root_id) if root_id != unit.id else None,
        holds=holdings_of_units(db, [unit.id])[unit.id],
        hosts=_hosts(db, unit.id),
        made_of=composition(db, unit_id=unit.id),
        shipments=shipments(db, sent, page=pages.shipments),
        timeline=timeline(db, of_unit(unit.id), page=pages.timeline),
        shipment_count=count_shipments(db, sent),
        timeline_count=count_moments(db, of_unit(unit.id)),
    )


@cache
def _head() -> Select[*tuple[Any, ...]]:
    """Return the query; it takes longer to build than to answer, as the one below."""
    owner = aliased(Party)
    return (
        select(Unit, Part, Party.name, Lot, Location.name, owner.name, UnitRoot.root_id)
        .join(Part, Part.id == Unit.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .join(UnitRoot, UnitRoot.unit_id == Unit.id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .outerjoin(owner, owner.id == Location.party_id)
        .where(Unit.id == bindparam("unit"))
    )


def _root(db: Session, root_id: int) -> Host:
    row = db.execute(
        select(Unit.id, Unit.serial, Part.part_no)
        .join(Part, Part.id == Unit.part_id)
        .where(Unit.id == root_id)
    ).one()
    return Host(*row, until=None)


def _hosts(db: Session, unit_id: int) -> tuple[Host, ...]:
    return tuple(Host(*row) for row in db.execute(_around(), {"unit": unit_id}))


@cache
def _around() -> Select[*tuple[Any, ...]]:
    ended = aliased(Event)
    return (
        select(Unit.id, Unit.serial, Part.part_no, ended.event_at)
        .select_from(Install)
        .join(Unit, Unit.id == Install.host_id)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(ended, ended.id == Install.to_event_id)
        .where(Install.child_id == bindparam("unit"), Install.never_event_id.is_(None))
        .order_by(Install.id.desc())
    )
