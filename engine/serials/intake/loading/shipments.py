"""Shipments: what breaks no rule goes in many at once, the others one by one with their flags."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.serials import ship, stock
from engine.serials.active import holdings_of_lots, holdings_of_units
from engine.serials.errors import StoreChanged
from engine.serials.flags import units_before
from engine.serials.intake import bulk
from engine.serials.intake.loading.staged import Loading, Row, noon
from engine.serials.models import (
    EventLink,
    EventNode,
    Location,
    Lot,
    LotStock,
    Shipment,
    ShipmentLine,
    StockPosting,
    Unit,
)
from engine.serials.packed import packed_of
from engine.serials.projection import project_units
from engine.serials.record import How, StockPart
from engine.serials.sets import id_set
from engine.serials.stock import Spot, spot_of
from engine.serials.units import open_hosts, units_by_id
from engine.serials.walk import INSIDE, reach_each


class Leaving(NamedTuple):
    """One shipment of the file: when, its number, its place, and what left, line by line."""

    on: str
    at: datetime
    number: str
    to_id: int
    rows: list[Row]

    @property
    def units(self) -> list[int]:
        """Return the units that left."""
        return [row.unit_id for row, _ in self.rows if row.unit_id]

    @property
    def lots(self) -> Mapping[int, Decimal]:
        """Return how much of which lots left."""
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for row, said in self.rows:
            if not row.unit_id:
                sums[row.lot_id] += Decimal(said["quantity"])
        return sums


def load_shipments(loading: Loading) -> None:
    """Record shipments as reported: one per day, document and place."""
    db = loading.db
    for groups in loading.several():
        leaving = [_leaving(loading, rows) for rows in groups]
        units = units_by_id(db, [key for one in leaving for key in one.units], lock=True)
        lying = _lying(db, {lot for one in leaving for lot in one.lots})
        strange = _strange(db, leaving, units, lying)
        plain = [one for place, one in enumerate(leaving) if place not in strange]
        if plain:
            _record(loading, plain, lying)
        for place in sorted(strange):
            _report(loading, leaving[place])


def _leaving(loading: Loading, rows: list[Row]) -> Leaving:
    row, said = rows[0]
    day = said.get("shipped_on", "")
    at = noon(day, at=loading.how["at"]) or loading.how["at"]
    return Leaving(day, at, said.get("document_no", ""), row.location_id, rows)


def _lying(db: Session, lot_ids: Collection[int]) -> dict[int, LotStock]:
    """Return the row with the most of each lot in house, locked. Raises `StoreChanged`."""
    rows = db.scalars(
        select(LotStock)
        .where(LotStock.lot_id.in_(id_set(db, lot_ids)), LotStock.custody == "in_house")
        .order_by(LotStock.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    most = {row.lot_id: row for row in sorted(rows, key=lambda row: (row.quantity, row.id))}
    if most.keys() != set(lot_ids):
        raise StoreChanged
    return most


# --- what might break a rule -----------------------------------------------------------------


def _strange(
    db: Session, leaving: Sequence[Leaving], units: dict[int, Unit], lying: dict[int, LotStock]
) -> set[int]:
    """Return the places of shipments of which anything might break a rule: the command decides."""
    twice = [key for key, n in Counter(u for one in leaving for u in one.units).items() if n > 1]
    wrong = {
        *twice,
        *(unit.id for unit in units.values() if unit.usability != "conforming"),
        *(key for key, holds in holdings_of_units(db, units).items() if holds),
        *open_hosts(db, units),
        *(row.unit_id for row, _ in packed_of(db, units=units)),
        *units_before(db, units, min(one.at for one in leaving)),
    }
    wrong_lots = {lot for lot, row in lying.items() if row.tranche_id}
    wrong_lots |= {lot for lot, holds in holdings_of_lots(db, lying).items() if holds}
    ends = _expiry(db, {*lying, *(unit.lot_id for unit in units.values() if unit.lot_id)})
    strange = set()
    for place, one in enumerate(leaving):
        lots = {*one.lots, *(units[key].lot_id for key in one.units)}
        is_late = any(ends[lot] < one.at.date() for lot in lots if lot in ends)
        if is_late or not wrong_lots.isdisjoint(lots) or not wrong.isdisjoint(one.units):
            strange.add(place)
    return strange


def _expiry(db: Session, lot_ids: Collection[int]) -> dict[int | None, date]:
    rows = db.execute(
        select(Lot.id, Lot.expires_on).where(
            Lot.id.in_(id_set(db, lot_ids)), Lot.expires_on.is_not(None)
        )
    )
    return {lot_id: expires_on for lot_id, expires_on in rows if expires_on is not None}


def _report(loading: Loading, one: Leaving) -> None:
    """Record one shipment by the command that flags what it breaks."""
    lying = _lying(loading.db, one.lots.keys())
    how: How = {**loading.how, "source": loading.batch.source}
    if one.on:
        how["event_at"] = one.at
    recorded = ship.report_shipment(
        loading.db,
        to_location_id=one.to_id,
        units=one.units,
        stock_parts=[StockPart(lying[lot].id, quantity) for lot, quantity in one.lots.items()],
        document_no=one.number,
        **how,
    )
    _became(loading, one, recorded.event.id)


def _became(loading: Loading, one: Leaving, event_id: int) -> None:
    loading.became([(row.line, row.unit_id or event_id, event_id) for row, _ in one.rows])


# --- what breaks none ------------------------------------------------------------------------


def _record(loading: Loading, leaving: Sequence[Leaving], lying: dict[int, LotStock]) -> None:
    db = loading.db
    places = id_set(db, {one.to_id for one in leaving})
    owners = db.execute(select(Location.id, Location.party_id).where(Location.id.in_(places)))
    owner = {row[0]: row[1] for row in owners}
    events = loading.write_events(
        "shipment_reported",
        [
            (one.on, one.to_id, {"document_no": one.number, "consignee": owner[one.to_id]})
            for one in leaving
        ],
    )
    shipments = db.scalars(
        insert(Shipment).returning(Shipment.id, sort_by_parameter_order=True),
        [
            {
                "consignee_id": owner[one.to_id],
                "location_id": one.to_id,
                "shipped_at": one.at,
                "document_no": one.number,
                "event_id": event_id,
            }
            for one, event_id in zip(leaving, events, strict=True)
        ],
    ).all()
    _add_lines(db, leaving, events, shipments)
    _move(db, leaving, events, lying)
    _link(db, leaving, events)
    for one, event_id in zip(leaving, events, strict=True):
        _became(loading, one, event_id)


def _add_lines(
    db: Session, leaving: Sequence[Leaving], events: Sequence[int], shipments: Sequence[int]
) -> None:
    units: list[dict[str, Any]] = []
    lots: list[dict[str, Any]] = []
    for one, event_id, shipment_id in zip(leaving, events, shipments, strict=True):
        common = {"shipment_id": shipment_id, "event_id": event_id, "tranche_id": 0}
        units += [{**common, "unit_id": key} for key in sorted(one.units)]
        lots += [{**common, "lot_id": lot, "quantity": n} for lot, n in sorted(one.lots.items())]
    bulk.add(db, ShipmentLine, units)
    bulk.add(db, ShipmentLine, lots)


def _move(
    db: Session, leaving: Sequence[Leaving], events: Sequence[int], lying: dict[int, LotStock]
) -> None:
    spots = {lot: spot_of(row) for lot, row in lying.items()}
    sums: dict[Spot, Decimal] = defaultdict(Decimal)
    postings: list[dict[str, Any]] = []
    for one, event_id in zip(leaving, events, strict=True):
        for lot, quantity in sorted(one.lots.items()):
            there = spots[lot]._replace(custody="at_consignee", location_id=one.to_id)
            for spot, change in ((spots[lot], -quantity), (there, quantity)):
                sums[spot] += change
                postings.append({**spot._asdict(), "event_id": event_id, "quantity": change})
    bulk.add(db, StockPosting, postings)
    stock.add_up(db, sums)


def _link(db: Session, leaving: Sequence[Leaving], events: Sequence[int]) -> None:
    """Link units with what is inside them, and lots; then say where the units are."""
    inside = reach_each(db, [key for one in leaving for key in one.units], INSIDE)
    links: list[dict[str, Any]] = []
    nodes: list[dict[str, Any]] = []
    for one, event_id in zip(leaving, events, strict=True):
        there = {"event_id": event_id, "custody": "at_consignee", "location_id": one.to_id}
        links += [{**there, "unit_id": key, "role": "subject"} for key in sorted(one.units)]
        carried = {key for unit in one.units for key in inside[unit]}.difference(one.units)
        links += [{**there, "unit_id": key, "role": "carried"} for key in sorted(carried)]
        nodes += [
            {"node_id": lot, "event_id": event_id, "role": "subject"} for lot in sorted(one.lots)
        ]
    bulk.add(db, EventLink, links)
    bulk.add(db, EventNode, nodes)
    project_units(db, (link["unit_id"] for link in links))
