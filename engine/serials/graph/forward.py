"""What a run found, as a picture; where there is too much for one, alike things stand as one.

First the units of one run or lot are drawn together, then everything of one part. The database
counts; what is not drawn one by one is never fetched.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, cast, func, literal, select
from sqlalchemy.orm import Session, aliased

from engine.serials.graph.drawn import Graph, Link, Node, laid_out
from engine.serials.models import (
    Edge,
    Install,
    Location,
    Lot,
    Part,
    Party,
    Segment,
    TraceNode,
    TraceRun,
    TraceRunNode,
    TraceRunStock,
    TraceRunUnit,
    Unit,
    UnitInput,
)

MOST_NODES = 1_500
FIELD = ("at_consignee", "in_transit")


def run_graph(db: Session, run: TraceRun) -> Graph:
    """Return the picture of a run, of at most some `MOST_NODES` nodes."""
    parties = _party_count(db, run.id)
    whole = run.unit_count + run.node_count + parties
    if whole <= MOST_NODES:
        grouped = ""
    elif _origins(db, run.id) + run.node_count + parties <= MOST_NODES:
        grouped = "runs"
    else:
        grouped = "parts"
    way = _Way(run.id, grouped)
    nodes = [*_nodes(db, way), *_units(db, way), *_parties(db, way)]
    links = [
        *_edges(db, way),
        *_origin_links(db, way),
        *_input_links(db, way),
        *_installs(db, way),
        *_sent(db, way),
    ]
    return laid_out(nodes, links, whole_count=whole, grouped=grouped)


class _Way:
    """How things are grouped: the expressions that give the key of what a row belongs to."""

    def __init__(self, run_id: int, grouped: str) -> None:
        self.run_id, self.grouped = run_id, grouped

    def node_key(self, node: Any, part_id: Any) -> ColumnElement[str]:
        """Return the key of a lot or run."""
        letter = func.substr(node.kind, 1, 1, type_=String())
        which = part_id if self.grouped == "parts" else node.id
        mark = literal("p") if self.grouped == "parts" else literal("")
        return letter + mark + cast(which, String)

    def unit_key(self, unit: Any) -> ColumnElement[str]:
        """Return the key of a unit."""
        if self.grouped == "":
            return literal("u") + cast(unit.id, String)
        if self.grouped == "parts":
            return literal("up") + cast(unit.part_id, String)
        origin = func.coalesce(unit.seg_id, unit.lot_id, 0)
        return literal("uo") + cast(origin, String) + literal("-") + cast(unit.part_id, String)


def _party_count(db: Session, run_id: int) -> int:
    return len(list(db.scalars(_party_ids(run_id))))


def _party_ids(run_id: int) -> Select[int]:
    units = (
        select(Location.party_id)
        .join(TraceRunUnit, TraceRunUnit.location_id == Location.id)
        .where(TraceRunUnit.run_id == run_id, TraceRunUnit.custody.in_(FIELD))
    )
    stock = (
        select(Location.party_id)
        .join(TraceRunStock, TraceRunStock.location_id == Location.id)
        .where(TraceRunStock.run_id == run_id, TraceRunStock.custody.in_(FIELD))
    )
    return units.union(stock)  # type: ignore[return-value]  # a union is asked like a select


def _origins(db: Session, run_id: int) -> int:
    groups = (
        select(Unit.seg_id, Unit.lot_id, Unit.part_id)
        .join(TraceRunUnit, TraceRunUnit.unit_id == Unit.id)
        .where(TraceRunUnit.run_id == run_id)
        .distinct()
        .subquery()
    )
    return db.scalar(select(func.count()).select_from(groups)) or 0


def _numbered(node: Any) -> tuple[Any, Any]:
    """Return a lot's number or a run's work order, and the part of either."""
    label = func.coalesce(Lot.lot_no, Segment.work_order, cast(node.id, String))
    return label, func.coalesce(Lot.part_id, Segment.part_id)


def _nodes(db: Session, way: _Way) -> Iterable[Node]:
    label, part_id = _numbered(TraceNode)
    key = way.node_key(TraceNode, part_id).label("key")
    rows = db.execute(
        select(
            key,
            func.min(TraceNode.kind),
            func.min(TraceNode.id),
            func.min(label),
            func.min(Part.part_no),
            func.count(),
            func.max(case((TraceRunNode.is_named, 1), else_=0)),
            func.max(case((TraceRunNode.is_certain, 1), else_=0)),
        )
        .join(TraceRunNode, TraceRunNode.node_id == TraceNode.id)
        .outerjoin(Lot, Lot.id == TraceNode.id)
        .outerjoin(Segment, Segment.id == TraceNode.id)
        .join(Part, Part.id == part_id)
        .where(TraceRunNode.run_id == way.run_id)
        .group_by(key)
    )
    return _as_nodes(rows)


def _units(db: Session, way: _Way) -> Iterable[Node]:
    key = way.unit_key(Unit).label("key")
    rows = db.execute(
        select(
            key,
            literal("unit"),
            func.min(Unit.id),
            func.min(Unit.serial),
            func.min(Part.part_no),
            func.count(),
            func.max(case((TraceRunUnit.how == "named", 1), else_=0)),
            func.max(case((TraceRunUnit.is_certain, 1), else_=0)),
        )
        .join(TraceRunUnit, TraceRunUnit.unit_id == Unit.id)
        .join(Part, Part.id == Unit.part_id)
        .where(TraceRunUnit.run_id == way.run_id)
        .group_by(key)
    )
    return _as_nodes(rows)


def _as_nodes(rows: Iterable[Any]) -> list[Node]:
    found = []
    for key, kind, id_, label, part_no, count, named, certain in rows:
        is_one = count == 1
        found.append(
            Node(
                key,
                kind,
                id_ if is_one else None,
                label if is_one else part_no,
                part_no if is_one else "",
                count,
                is_named=bool(named),
                is_certain=bool(certain),
            )
        )
    return found


def _parties(db: Session, way: _Way) -> Iterable[Node]:
    rows = db.execute(
        select(Party.id, Party.name, Party.country).where(Party.id.in_(_party_ids(way.run_id)))
    )
    return [Node(f"c{id_}", "party", id_, name, country or "") for id_, name, country in rows]


def _links(rows: Sequence[Any], how: str) -> list[Link]:
    return [Link(source, target, how, count) for source, target, count in rows if source != target]


def _edges(db: Session, way: _Way) -> list[Link]:
    (a, lot_a, seg_a), (b, lot_b, seg_b) = (
        (aliased(TraceNode), aliased(Lot), aliased(Segment)) for _ in range(2)
    )
    into, out_of = aliased(TraceRunNode), aliased(TraceRunNode)
    source = way.node_key(a, func.coalesce(lot_a.part_id, seg_a.part_id)).label("source")
    target = way.node_key(b, func.coalesce(lot_b.part_id, seg_b.part_id)).label("target")
    rows = db.execute(
        select(source, target, func.count())
        .select_from(Edge)
        .join(out_of, (out_of.node_id == Edge.inp) & (out_of.run_id == way.run_id))
        .join(into, (into.node_id == Edge.out) & (into.run_id == way.run_id))
        .join(a, a.id == Edge.inp)
        .join(b, b.id == Edge.out)
        .outerjoin(lot_a, lot_a.id == a.id)
        .outerjoin(seg_a, seg_a.id == a.id)
        .outerjoin(lot_b, lot_b.id == b.id)
        .outerjoin(seg_b, seg_b.id == b.id)
        .group_by(source, target)
    ).all()
    return _links(rows, "went_into")


def _origin_links(db: Session, way: _Way) -> list[Link]:
    """Return what leads from runs and lots to their units."""
    found = []
    for column, how in ((Unit.seg_id, "made_in"), (Unit.lot_id, "of_lot")):
        label, part_id = _numbered(TraceNode)
        del label
        source = way.node_key(TraceNode, part_id).label("source")
        target = way.unit_key(Unit).label("target")
        rows = db.execute(
            select(source, target, func.count())
            .select_from(TraceRunUnit)
            .join(Unit, Unit.id == TraceRunUnit.unit_id)
            .join(TraceNode, TraceNode.id == column)
            .join(
                TraceRunNode,
                (TraceRunNode.node_id == TraceNode.id) & (TraceRunNode.run_id == way.run_id),
            )
            .outerjoin(Lot, Lot.id == TraceNode.id)
            .outerjoin(Segment, Segment.id == TraceNode.id)
            .where(TraceRunUnit.run_id == way.run_id)
            .group_by(source, target)
        ).all()
        found += _links(rows, how)
    return found


def _input_links(db: Session, way: _Way) -> list[Link]:
    """Return what leads from lots to the units they went into after their run."""
    source = way.node_key(TraceNode, Lot.part_id).label("source")
    target = way.unit_key(Unit).label("target")
    rows = db.execute(
        select(source, target, func.count())
        .select_from(UnitInput)
        .join(Lot, Lot.id == UnitInput.lot_id)
        .join(TraceNode, TraceNode.id == Lot.id)
        .join(
            TraceRunNode,
            (TraceRunNode.node_id == Lot.id) & (TraceRunNode.run_id == way.run_id),
        )
        .join(Unit, Unit.id == UnitInput.unit_id)
        .group_by(source, target)
    ).all()
    return _links(rows, "used_in")


def _installs(db: Session, way: _Way) -> list[Link]:
    """Return what leads from a unit to the units it is in or was in."""
    child, host = aliased(Unit), aliased(Unit)
    inside, around = aliased(TraceRunUnit), aliased(TraceRunUnit)
    source, target = way.unit_key(child).label("source"), way.unit_key(host).label("target")
    found = []
    for is_open, how in ((True, "installed_in"), (False, "was_in")):
        ended = Install.to_event_id.is_(None) if is_open else Install.to_event_id.is_not(None)
        rows = db.execute(
            select(source, target, func.count())
            .select_from(inside)
            .join(Install, Install.child_id == inside.unit_id)
            .join(around, (around.unit_id == Install.host_id) & (around.run_id == way.run_id))
            .join(child, child.id == Install.child_id)
            .join(host, host.id == Install.host_id)
            .where(inside.run_id == way.run_id, ended)
            .group_by(source, target)
        ).all()
        found += _links(rows, how)
    return found


def _sent(db: Session, way: _Way) -> list[Link]:
    """Return what leads from units that stand by themselves, and from lots, to who has them."""
    source = way.unit_key(Unit).label("source")
    rows = db.execute(
        select(source, literal("c") + cast(Location.party_id, String), func.count())
        .select_from(TraceRunUnit)
        .join(Unit, Unit.id == TraceRunUnit.unit_id)
        .join(Location, Location.id == TraceRunUnit.location_id)
        .where(
            TraceRunUnit.run_id == way.run_id,
            TraceRunUnit.unit_id == TraceRunUnit.root_id,
            TraceRunUnit.custody.in_(FIELD),
        )
        .group_by(source, Location.party_id)
    ).all()
    lot_key = way.node_key(TraceNode, Lot.part_id).label("source")
    stock = db.execute(
        select(lot_key, literal("c") + cast(Location.party_id, String), func.count())
        .select_from(TraceRunStock)
        .join(Lot, Lot.id == TraceRunStock.lot_id)
        .join(TraceNode, TraceNode.id == Lot.id)
        .join(Location, Location.id == TraceRunStock.location_id)
        .where(TraceRunStock.run_id == way.run_id, TraceRunStock.custody.in_(FIELD))
        .group_by(lot_key, Location.party_id)
    ).all()
    return [*_links(rows, "sent_to"), *_links(stock, "sent_to")]
