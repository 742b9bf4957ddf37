"""Everything that events to be told as EPCIS name, read in one go."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.serials.models import (
    Container,
    Event,
    EventLink,
    EventNode,
    Install,
    Location,
    Lot,
    Packed,
    Part,
    Party,
    Shipment,
    StockPosting,
    Unit,
)
from engine.serials.sets import id_set

HELD = {"hold_placed": "set", "hold_released": "unset"}


@dataclass
class Told:
    """Everything that the events to be told name, read in one go."""

    site: str
    units: Mapping[int, tuple[Unit, Part, str]] = field(default_factory=dict)
    lots: Mapping[int, tuple[Lot, Part, str]] = field(default_factory=dict)
    places: Mapping[int, tuple[Location, Party]] = field(default_factory=dict)
    links: Mapping[int, Sequence[EventLink]] = field(default_factory=dict)
    nodes: Mapping[int, Sequence[EventNode]] = field(default_factory=dict)
    postings: Mapping[int, Sequence[StockPosting]] = field(default_factory=dict)
    inner: Mapping[int, Sequence[str]] = field(default_factory=dict)  # SSCCs by event
    packed: Mapping[int, Mapping[int, Any]] = field(default_factory=dict)  # of lots, by event
    fitted: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)  # host, child
    taken_out: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    covered: Mapping[int, Sequence[int]] = field(default_factory=dict)  # units of held lots, runs
    shipments: Mapping[int, Shipment] = field(default_factory=dict)


def read(db: Session, events: Sequence[Event]) -> Told:
    """Read everything that events name; a few queries, however many events."""
    ids = [one.id for one in events]
    chosen = id_set(db, ids)
    links = _grouped(db.scalars(select(EventLink).where(EventLink.event_id.in_(chosen))))
    nodes = _grouped(db.scalars(select(EventNode).where(EventNode.event_id.in_(chosen))))
    postings = _grouped(
        db.scalars(
            select(StockPosting).where(StockPosting.event_id.in_(chosen)).order_by(StockPosting.id)
        )
    )
    covered = _covered(db, events, nodes)
    unit_ids = {one.unit_id for rows in links.values() for one in rows}
    unit_ids |= {one for ids in covered.values() for one in ids}
    installs = db.scalars(
        select(Install)
        .where(Install.from_event_id.in_(chosen) | Install.to_event_id.in_(chosen))
        .order_by(Install.id)
    ).all()
    unit_ids |= {one for row in installs for one in (row.host_id, row.child_id)}
    units = {
        row[0].id: (row[0], row[1], row[2])
        for row in db.execute(
            select(Unit, Part, Party.code)
            .join(Part, Part.id == Unit.part_id)
            .join(Party, Party.id == Part.manufacturer_id)
            .where(Unit.id.in_(id_set(db, unit_ids)))
        )
    }
    node_ids = {one.node_id for rows in nodes.values() for one in rows}
    packed = _packed_lots(db, ids)
    node_ids |= {lot for quantities in packed.values() for lot in quantities}
    node_ids |= {one.lot_id for rows in postings.values() for one in rows}
    node_ids |= {unit.lot_id for unit, _, _ in units.values() if unit.lot_id}
    lots = {
        row[0].id: (row[0], row[1], row[2])
        for row in db.execute(
            select(Lot, Part, Party.code)
            .join(Part, Part.id == Lot.part_id)
            .join(Party, Party.id == Part.manufacturer_id)
            .where(Lot.id.in_(id_set(db, node_ids)))
        )
    }
    place_ids = {one.location_id for one in events if one.location_id}
    places = {
        row[0].id: (row[0], row[1])
        for row in db.execute(
            select(Location, Party)
            .join(Party, Party.id == Location.party_id)
            .where(Location.id.in_(id_set(db, place_ids)))
        )
    }
    shipments = {
        one.event_id: one
        for one in db.scalars(select(Shipment).where(Shipment.event_id.in_(chosen)))
    }
    return Told(
        site=str(db.info["site_url"]),
        units=units,
        lots=lots,
        places=places,
        links=links,
        nodes=nodes,
        postings=postings,
        inner=_inner(db, ids),
        packed=packed,
        fitted=_pairs((row.from_event_id, row) for row in installs),
        taken_out=_pairs((row.to_event_id, row) for row in installs),
        covered=covered,
        shipments=shipments,
    )


def _covered(
    db: Session, events: Sequence[Event], nodes: Mapping[int, Sequence[EventNode]]
) -> dict[int, list[int]]:
    """Return the units of the lots and runs that a hold or a later input names: all are told."""
    held = {
        one.id: [row.node_id for row in nodes.get(one.id, ()) if row.role != "input"]
        for one in events
        if one.type in HELD or one.type == "input_added"
    }
    wanted = id_set(db, [node for ids in held.values() for node in ids])
    units = db.execute(
        select(Unit.id, Unit.lot_id, Unit.seg_id)
        .where(Unit.lot_id.in_(wanted) | Unit.seg_id.in_(wanted))
        .order_by(Unit.id)
    ).all()
    return {
        event_id: [row[0] for row in units if row[1] in ids or row[2] in ids]
        for event_id, ids in held.items()
    }


def _inner(db: Session, event_ids: Sequence[int]) -> dict[int, list[str]]:
    chosen = id_set(db, event_ids)
    rows = db.execute(
        select(Packed.from_event_id, Packed.to_event_id, Container.sscc)
        .join(Container, Container.id == Packed.inner_id)
        .where(Packed.from_event_id.in_(chosen) | Packed.to_event_id.in_(chosen))
    )
    found: dict[int, list[str]] = defaultdict(list)
    for packed, unpacked, sscc in rows:
        for event_id in event_ids:
            if event_id in (packed, unpacked):
                found[event_id].append(sscc)
    return found


def _packed_lots(db: Session, event_ids: Sequence[int]) -> dict[int, dict[int, Any]]:
    """Return how much of each lot an event packed or took out: what the tranche was by then."""
    found: dict[int, dict[int, Any]] = defaultdict(dict)
    for moment_of in (Packed.from_event_id, Packed.to_event_id):
        rows = db.execute(
            select(moment_of, Packed.lot_id, func.sum(StockPosting.quantity))
            .join(
                StockPosting,
                (StockPosting.lot_id == Packed.lot_id)
                & (StockPosting.tranche_id == Packed.tranche_id)
                & (StockPosting.event_id <= moment_of),
            )
            .where(moment_of.in_(id_set(db, event_ids)))
            .group_by(moment_of, Packed.lot_id)
        )
        for event_id, lot_id, quantity in rows:
            if event_id is not None and lot_id is not None:
                found[event_id][lot_id] = quantity
    return found


def _pairs(rows: Iterable[tuple[int | None, Install]]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for event_id, row in rows:
        if event_id is not None:
            found[event_id].append((row.host_id, row.child_id))
    return found


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.event_id].append(row)
    return found
