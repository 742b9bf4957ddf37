"""What a unit or a lot was made of, as a tree, fetched level by level."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Executable, select
from sqlalchemy.orm import Session, aliased

from engine.serials.models import Edge, Event, Install, Lot, Part, Party, Segment, Unit, UnitInput
from engine.serials.sets import id_param, id_value, is_sqlite
from engine.serials.walk import OUT_OF, Way, reach

EVER_INSIDE = Way("install", "host_id", "child_id", "AND n.never_event_id IS NULL")


@dataclass(frozen=True)
class Made:
    """One node of the tree: a unit, run or lot, how it got in, and what it was made of itself."""

    kind: str  # unit, segment, lot
    id: int
    label: str
    part_no: str
    part_name: str
    part_name_zh: str | None
    maker: str
    how: str  # itself, made_in, of_lot, went_into, used_in, installed_in, was_in
    quantity: Decimal | None = None
    position: str | None = None
    until: datetime | None = None
    parts: tuple["Made", ...] = ()


Key: TypeAlias = tuple[str, int]
# number, part number, part name, part name in Chinese, maker
Names: TypeAlias = tuple[str, str, str, str | None, str]
Link: TypeAlias = tuple[Key, str, Decimal | None, str | None, datetime | None]


def composition(db: Session, *, unit_id: int | None = None, lot_id: int | None = None) -> Made:
    """Return the tree of what a unit or a lot was made of, former contents included.

    A fixed number of queries: the small closure first, then everything in it at once.
    """
    top: Key = ("unit", unit_id) if unit_id is not None else ("lot", lot_id or 0)
    named, links = below(db, unit_id=unit_id, lot_id=lot_id)
    return _grow(top, "itself", (None, None, None), links, named, ())


def below(
    db: Session, *, unit_id: int | None = None, lot_id: int | None = None
) -> tuple[dict[Key, Names], dict[Key, list[Link]]]:
    """Return everything below a unit or a lot by name, and each thing's links to what it is of."""
    units = reach(db, [unit_id], EVER_INSIDE) if unit_id is not None else set()
    links = _unit_links(db, units)
    starts = {key[1] for linked in links.values() for key, *_ in linked if key[0] != "unit"}
    nodes = reach(db, starts | ({lot_id} if lot_id is not None else set()), OUT_OF)
    named = _named(db, units, nodes)
    _edge_links(db, nodes, named, links)
    return named, links


def _grow(
    key: Key,
    how: str,
    more: tuple[Decimal | None, str | None, datetime | None],
    links: dict[Key, list[Link]],
    named: dict[Key, Names],
    above: tuple[Key, ...],
) -> Made:
    # a unit may have been inside what it now contains: that branch ends where it meets itself
    below = (
        ()
        if key in above
        else tuple(
            _grow(there, way, (qty, position, until), links, named, (*above, key))
            for there, way, qty, position, until in links.get(key, ())
        )
    )
    quantity, position, until = more
    label, part_no, name, name_zh, maker = named[key]
    return Made(
        key[0], key[1], label, part_no, name, name_zh, maker, how, quantity, position, until, below
    )


def _unit_links(db: Session, units: set[int]) -> dict[Key, list[Link]]:
    links: dict[Key, list[Link]] = {}
    for unit in _rows(db, "of", units):
        for node, kind, how in (
            (unit.seg_id, "segment", "made_in"),
            (unit.lot_id, "lot", "of_lot"),
        ):
            if node is not None:
                link: Link = ((kind, node), how, None, None, None)
                links.setdefault(("unit", unit.id), []).append(link)
    for used in _rows(db, "used", units):
        link = (("lot", used.lot_id), "used_in", used.qty, None, None)
        links.setdefault(("unit", used.unit_id), []).append(link)
    for child, host, position, until, is_open in _rows(db, "inside", units):
        how = "installed_in" if is_open else "was_in"
        link = (("unit", child), how, None, position, until)
        links.setdefault(("unit", host), []).append(link)
    return links


def _edge_links(
    db: Session,
    nodes: set[int],
    named: dict[Key, Names],
    links: dict[Key, list[Link]],
) -> None:
    for edge in _rows(db, "went_into", nodes):
        out = ("lot", edge.out) if ("lot", edge.out) in named else ("segment", edge.out)
        links.setdefault(out, []).append((("lot", edge.inp), "went_into", edge.qty, None, None))


def _named(db: Session, units: set[int], nodes: set[int]) -> dict[Key, Names]:
    named: dict[Key, Names] = {}
    for kind, ids in (("unit", units), ("lot", nodes), ("segment", nodes)):
        for key, label, *made_by in _rows(db, kind, ids):
            named[kind, key] = (label or str(key), *made_by)
    return named


def _rows(db: Session, what: str, ids: set[int]) -> Sequence[Any]:
    return db.execute(_queries(is_sqlite(db))[what], {"ids": id_value(db, ids)}).all()


@cache
def _queries(sqlite: bool) -> dict[str, Executable]:  # noqa: FBT001 - one of two kinds of database
    """Return what is asked about a set of ids; building these took longer than answering them."""
    ids, ended = id_param(sqlite), aliased(Event)
    made_by = (Part.part_no, Part.name, Part.name_zh, Party.name)
    return {
        "of": select(Unit.id, Unit.seg_id, Unit.lot_id).where(Unit.id.in_(ids)),
        "used": select(UnitInput.unit_id, UnitInput.lot_id, UnitInput.qty).where(
            UnitInput.unit_id.in_(ids), UnitInput.never_event_id.is_(None)
        ),
        "inside": select(
            Install.child_id,
            Install.host_id,
            Install.position,
            ended.event_at,
            Install.to_event_id.is_(None),
        )
        .outerjoin(ended, ended.id == Install.to_event_id)
        .where(Install.host_id.in_(ids), Install.never_event_id.is_(None))
        .order_by(Install.id),
        "went_into": select(Edge.inp, Edge.out, Edge.qty)
        .where(Edge.out.in_(ids), Edge.never_event_id.is_(None))
        .order_by(Edge.inp),
        "unit": select(Unit.id, Unit.serial, *made_by)
        .join(Part, Part.id == Unit.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .where(Unit.id.in_(ids)),
        "lot": select(Lot.id, Lot.lot_no, *made_by)
        .join(Part, Part.id == Lot.part_id)
        .join(Party, Party.id == Lot.manufacturer_id)
        .where(Lot.id.in_(ids)),
        "segment": select(Segment.id, Segment.work_order, *made_by)
        .join(Part, Part.id == Segment.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .where(Segment.id.in_(ids)),
    }
