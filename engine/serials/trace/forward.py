"""Tracing forward: who has what contains a suspect lot or unit.

Lots and runs are followed in the database over `edge` alone; units join through `unit_root` by
run and lot, and former hosts through the install history: the question is "ever contained".
An UNKNOWN lot of an affected part comes in as "cannot exclude": silence is a missed device.
"""

from collections.abc import Iterable

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from engine.serials.models import (
    Event,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Unit,
    UnitInput,
    UnitRoot,
)
from engine.serials.sets import id_set
from engine.serials.trace.found import Affected, AffectedStock, AffectedUnit
from engine.serials.trace.paths import Paths
from engine.serials.walk import EVER_AROUND, INTO, reach


def contains(
    db: Session,
    *,
    lots: Iterable[int] = (),
    units: Iterable[int] = (),
    segments: Iterable[int] = (),
) -> Affected:
    """Return everything that is, or ever contained, these lots, runs and units.

    A fixed number of queries, whatever the depth; the work follows the size of the answer.
    """
    seeds, suspect_units = {*lots, *segments}, set(units)
    certain = reach(db, seeds, INTO)
    nodes = _with_unknowns(db, certain)
    direct = _direct_units(db, nodes) | suspect_units
    everyone = reach(db, direct, EVER_AROUND)
    paths = Paths(db, seeds, nodes, certain, suspect_units, everyone)
    return Affected(
        units=tuple(_units(db, everyone, paths)),
        stock=tuple(_stock(db, nodes, paths)),
        lot_ids=tuple(sorted(n for n in nodes if paths.kinds.get(n) == "lot")),
        segment_ids=tuple(sorted(n for n in nodes if paths.kinds.get(n) == "segment")),
        last_event_id=db.scalar(select(func.max(Event.id))) or 0,
    )


def _with_unknowns(db: Session, certain: set[int]) -> set[int]:
    """Add the UNKNOWN lots of every part of which a lot is affected, and what they went into."""
    nodes = set(certain)
    while True:
        of_parts = select(Lot.part_id).where(Lot.id.in_(id_set(db, nodes)))
        unknown = set(db.scalars(select(Lot.id).where(Lot.is_unknown, Lot.part_id.in_(of_parts))))
        if unknown <= nodes:
            return nodes
        nodes = reach(db, nodes | unknown, INTO)


def _direct_units(db: Session, nodes: set[int]) -> set[int]:
    if not nodes:
        return set()
    listed = id_set(db, nodes)
    return set(
        db.scalars(
            union_all(
                select(UnitRoot.unit_id).where(UnitRoot.seg_id.in_(listed)),
                select(UnitRoot.unit_id).where(UnitRoot.lot_id.in_(listed)),
                select(UnitInput.unit_id).where(
                    UnitInput.lot_id.in_(listed), UnitInput.never_event_id.is_(None)
                ),
            )
        )
    )


def _units(db: Session, unit_ids: set[int], paths: "Paths") -> Iterable[AffectedUnit]:
    # columns, not rows of the session: an answer of 100,000 units is read, never changed
    rows = db.execute(
        select(
            Unit.id,
            Unit.serial,
            Unit.part_id,
            Part.part_no,
            UnitRoot.root_id,
            Unit.custody,
            Unit.usability,
            Unit.location_id,
            Location.name,
            Party.id,
            Party.name,
        )
        .join(Part, Part.id == Unit.part_id)
        .join(UnitRoot, UnitRoot.unit_id == Unit.id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .outerjoin(Party, Party.id == Location.party_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
        .order_by(Unit.part_id, Unit.serial)
    )
    for row in rows:
        path, is_certain = paths.to_unit(row[0])
        yield AffectedUnit(*row, path, is_certain)


def _stock(db: Session, nodes: set[int], paths: "Paths") -> Iterable[AffectedStock]:
    rows = db.execute(
        select(LotStock, Lot.lot_no, Part.id, Part.part_no, Location.name, Party.id, Party.name)
        .join(Lot, Lot.id == LotStock.lot_id)
        .join(Part, Part.id == Lot.part_id)
        .join(Location, Location.id == LotStock.location_id)
        .join(Party, Party.id == Location.party_id)
        .where(LotStock.lot_id.in_(id_set(db, nodes)), LotStock.quantity != 0)
        .order_by(LotStock.lot_id, LotStock.id)
    )
    for row, lot_no, part_id, part_no, location, party_id, party in rows:
        path, is_certain = paths.to_node(row.lot_id)
        yield AffectedStock(
            row.id,
            row.lot_id,
            lot_no,
            part_id,
            part_no,
            row.custody,
            row.usability,
            row.location_id,
            location,
            party_id,
            party,
            row.quantity,
            path,
            is_certain,
        )
