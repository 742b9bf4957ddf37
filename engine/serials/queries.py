"""What the look-up pages show: one unit, one lot; each a fixed number of queries."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from engine.serials.active import Holding, holdings_of_lots, holdings_of_stock, holdings_of_units
from engine.serials.backward import Made, composition
from engine.serials.errors import LotUnknown, UnitUnknown
from engine.serials.models import (
    Event,
    EventLink,
    EventNode,
    Install,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Shipment,
    ShipmentLine,
    Unit,
    UnitRoot,
)
from engine.serials.vocabulary import KINDS


@dataclass(frozen=True)
class Moment:
    """One line of a timeline."""

    event_id: int
    type: str
    label: str
    event_at: datetime
    recorded_at: datetime
    actor_id: int | None
    source: str
    location: str | None
    role: str
    reason: str | None
    payload: dict[str, Any]
    corrects_id: int | None
    corrected_by_id: int | None

    @property
    def stands(self) -> bool:
        """Say whether no later event corrects it."""
        return self.corrected_by_id is None


@dataclass(frozen=True)
class Host:
    """One unit around another: now, or until when."""

    unit_id: int
    serial: str
    part_no: str
    until: datetime | None


@dataclass(frozen=True)
class Sent:
    """One shipment: to whom, when, on which document."""

    shipment_id: int
    consignee_id: int
    consignee: str
    country: str | None
    location: str
    shipped_at: datetime
    document_no: str | None
    quantity: Decimal
    did_occur: bool = True


@dataclass(frozen=True)
class UnitPage:
    """Everything the page of a unit shows."""

    unit_id: int
    serial: str
    part_id: int
    part_no: str
    part_name: str
    part_name_zh: str | None
    di: str | None
    maker: str
    lot_id: int | None
    lot_no: str | None
    expires_on: date | None
    custody: str
    usability: str
    grade: str | None
    location: str | None
    party: str | None
    root_id: int
    holds: tuple[Holding, ...]
    hosts: tuple[Host, ...]
    made_of: Made
    shipments: tuple[Sent, ...]
    timeline: tuple[Moment, ...]


@dataclass(frozen=True)
class StockRow:
    """A quantity of a lot in one place and state, with the holds on it."""

    stock_id: int
    location_id: int
    location: str
    party: str
    custody: str
    usability: str
    tranche_id: int
    quantity: Decimal
    holds: tuple[Holding, ...]


@dataclass(frozen=True)
class LotPage:
    """Everything the page of a lot shows."""

    lot_id: int
    lot_no: str
    is_unknown: bool
    part_id: int
    part_no: str
    part_name: str
    part_name_zh: str | None
    control: str
    uom: str
    di: str | None
    maker: str
    made_on: date | None
    expires_on: date | None
    holds: tuple[Holding, ...]
    stock: tuple[StockRow, ...]
    units: tuple[tuple[str, str, int], ...]  # custody, usability, count
    made_of: Made
    shipments: tuple[Sent, ...]
    timeline: tuple[Moment, ...]


def unit_page(db: Session, unit_id: int) -> UnitPage:
    """Return the page of a unit; raises `UnitUnknown`."""
    row = db.execute(
        select(Unit, Part, Party.name, Lot, Location.name, UnitRoot.root_id)
        .join(Part, Part.id == Unit.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .join(UnitRoot, UnitRoot.unit_id == Unit.id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(Unit.id == unit_id)
    ).one_or_none()
    if row is None:
        raise UnitUnknown(unit=unit_id)

    unit, part, maker, joined, location, root_id = row
    lot: Lot | None = joined
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
        party=_party_of(db, unit.location_id),
        root_id=root_id,
        holds=holdings_of_units(db, [unit.id])[unit.id],
        hosts=_hosts(db, unit.id),
        made_of=composition(db, unit_id=unit.id),
        shipments=_shipments(db, ShipmentLine.unit_id.in_({unit.id, root_id})),
        timeline=_timeline(db, _of_unit(unit.id)),
    )


def lot_page(db: Session, lot_id: int) -> LotPage:
    """Return the page of a lot; raises `LotUnknown`."""
    row = db.execute(
        select(Lot, Part, Party.name)
        .join(Part, Part.id == Lot.part_id)
        .join(Party, Party.id == Lot.manufacturer_id)
        .where(Lot.id == lot_id)
    ).one_or_none()
    if row is None:
        raise LotUnknown(lot=lot_id)

    lot, part, maker = row
    counted = db.execute(
        select(Unit.custody, Unit.usability, func.count())
        .where(Unit.lot_id == lot_id)
        .group_by(Unit.custody, Unit.usability)
        .order_by(Unit.custody, Unit.usability)
    )
    return LotPage(
        lot_id=lot.id,
        lot_no=lot.lot_no,
        is_unknown=lot.is_unknown,
        part_id=part.id,
        part_no=part.part_no,
        part_name=part.name,
        part_name_zh=part.name_zh,
        control=part.control,
        uom=part.uom,
        di=part.di,
        maker=maker,
        made_on=lot.made_on,
        expires_on=lot.expires_on,
        holds=holdings_of_lots(db, [lot_id])[lot_id],
        stock=stock_of_lot(db, lot_id),
        units=tuple((custody, usability, count) for custody, usability, count in counted),
        made_of=composition(db, lot_id=lot_id),
        shipments=_shipments(db, ShipmentLine.lot_id == lot_id),
        timeline=_timeline(db, _of_node(lot_id)),
    )


def stock_of_lot(db: Session, lot_id: int) -> tuple[StockRow, ...]:
    """Return the stock rows of a lot that are not empty, with their holds."""
    rows = db.execute(
        select(LotStock, Location.name, Party.name)
        .join(Location, Location.id == LotStock.location_id)
        .join(Party, Party.id == Location.party_id)
        .where(LotStock.lot_id == lot_id, LotStock.quantity != 0)
        .order_by(LotStock.id)
    ).all()
    holds = holdings_of_stock(db, [row for row, *_ in rows])
    return tuple(
        StockRow(
            row.id,
            row.location_id,
            location,
            party,
            row.custody,
            row.usability,
            row.tranche_id,
            row.quantity,
            holds[row.id],
        )
        for row, location, party in rows
    )


def _party_of(db: Session, location_id: int | None) -> str | None:
    if location_id is None:
        return None
    return db.scalar(
        select(Party.name)
        .join(Location, Location.party_id == Party.id)
        .where(Location.id == location_id)
    )


def _hosts(db: Session, unit_id: int) -> tuple[Host, ...]:
    never, ended = aliased(Event), aliased(Event)
    rows = db.execute(
        select(Unit.id, Unit.serial, Part.part_no, ended.event_at)
        .select_from(Install)
        .join(Unit, Unit.id == Install.host_id)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(
            never, (never.corrects_id == Install.from_event_id) & (never.type == "did_not_occur")
        )
        .outerjoin(ended, ended.id == Install.to_event_id)
        .where(Install.child_id == unit_id, never.id.is_(None))
        .order_by(Install.id.desc())
    )
    return tuple(Host(*row) for row in rows)


def _shipments(db: Session, where: ColumnElement[bool]) -> tuple[Sent, ...]:
    later = aliased(Event)
    rows = db.execute(
        select(
            Shipment, Party.name, Party.country, Location.name, ShipmentLine.quantity, later.type
        )
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .join(Party, Party.id == Shipment.consignee_id)
        .join(Location, Location.id == Shipment.location_id)
        .outerjoin(later, later.corrects_id == Shipment.event_id)
        .where(where)
        .order_by(Shipment.shipped_at, Shipment.id)
    )
    return tuple(
        Sent(
            shipment.id,
            shipment.consignee_id,
            consignee,
            country,
            location,
            shipment.shipped_at,
            shipment.document_no,
            quantity or Decimal(1),
            corrected_by != "did_not_occur",
        )
        for shipment, consignee, country, location, quantity, corrected_by in rows
    )


def _of_unit(unit_id: int) -> Select[int, str]:
    return select(EventLink.event_id, EventLink.role).where(EventLink.unit_id == unit_id)


def _of_node(node_id: int) -> Select[int, str]:
    return select(EventNode.event_id, EventNode.role).where(EventNode.node_id == node_id)


def _timeline(db: Session, links: Select[int, str]) -> tuple[Moment, ...]:
    linked, later = links.subquery(), aliased(Event)
    rows = db.execute(
        select(Event, linked.c.role, Location.name, later.id)
        .join(linked, linked.c.event_id == Event.id)
        .outerjoin(Location, Location.id == Event.location_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .order_by(Event.event_at, Event.id)
    )
    return tuple(
        Moment(
            event.id,
            event.type,
            KINDS[event.type].label,
            event.event_at,
            event.recorded_at,
            event.actor_id,
            event.source,
            location,
            role,
            event.reason,
            event.payload,
            event.corrects_id,
            corrected_by,
        )
        for event, role, location, corrected_by in rows
    )
