"""Tracing forward: who has what contains a suspect lot or unit.

What is found is what `engine.serials.trace.search` finds; here each unit and quantity comes with
the path that brought it in. For the units of a case: a trace of a million is kept by `run`.
"""

# ruff: noqa: S608  names and steps come from `search`, values are bound

from collections.abc import Iterable
from functools import cache

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.orm import Session

from engine.serials.models import (
    Event,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Unit,
    UnitRoot,
)
from engine.serials.sets import id_set, id_value, is_sqlite
from engine.serials.trace.found import Affected, AffectedStock, AffectedUnit
from engine.serials.trace.paths import Paths
from engine.serials.trace.search import Search
from engine.serials.trace.seeds import Seeds


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
    seeds = Seeds(frozenset(lots), frozenset(segments), frozenset(units))
    given = {"nodes": id_value(db, seeds.nodes), "units": id_value(db, seeds.units)}
    nodes_found, units_found = _statements(is_sqlite(db))
    db.flush()
    nodes = {row.id: bool(row.certain) for row in db.execute(nodes_found, given)}
    certain = {node for node, is_certain in nodes.items() if is_certain}
    everyone = set(db.scalars(units_found, given))
    paths = Paths(db, set(seeds.nodes), set(nodes), certain, set(seeds.units), everyone)
    return Affected(
        units=tuple(_units(db, everyone, paths)),
        stock=tuple(_stock(db, set(nodes), paths)),
        lot_ids=tuple(sorted(n for n in nodes if paths.kinds.get(n) == "lot")),
        segment_ids=tuple(sorted(n for n in nodes if paths.kinds.get(n) == "segment")),
        last_event_id=db.scalar(select(func.max(Event.id))) or 0,
    )


def reached_by(db: Session, seeds: Seeds) -> tuple[frozenset[int], frozenset[int]]:
    """Return the lots and runs, and the units, that a trace reaches: ids alone, nothing kept."""
    given = {"nodes": id_value(db, seeds.nodes), "units": id_value(db, seeds.units)}
    nodes_found, units_found = _statements(is_sqlite(db))
    db.flush()
    nodes = frozenset(row.id for row in db.execute(nodes_found, given))
    return nodes, frozenset(db.scalars(units_found, given))


@cache
def _statements(sqlite: bool) -> tuple[TextClause, TextClause]:  # noqa: FBT001 - one of two kinds
    search = Search(sqlite)
    return (
        text(f"WITH RECURSIVE {search.nodes()} SELECT id, certain FROM node"),
        text(
            f"WITH RECURSIVE {search.nodes()}, {search.units()}, {search.everyone()}"
            " SELECT id FROM everyone"
        ),
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
