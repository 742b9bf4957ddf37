"""Tracing: who has what contains a suspect lot or unit (forward), what a unit was made of (back).

Lots and runs are followed in the database over `edge` alone; units join through `unit_root` by
run and lot, and former hosts through the install history: the question is "ever contained".
An UNKNOWN lot of an affected part comes in as "cannot exclude": silence is a missed device.
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session, aliased

from engine.people.person import Person
from engine.serials.models import (
    Edge,
    Event,
    Install,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Segment,
    TraceRun,
    Unit,
    UnitInput,
    UnitRoot,
)
from engine.serials.sets import id_set
from engine.serials.walk import EVER_AROUND, INTO, reach


@dataclass(frozen=True)
class Step:
    """One step of the path that brought something in: what it is and how it is called."""

    kind: str  # lot, segment, unit
    id: int
    label: str
    how: str = "suspect"  # suspect, went_into, made_in, of_lot, used_in, installed_in, was_in
    until: datetime | None = None  # for was_in: when it was removed


@dataclass(frozen=True)
class AffectedUnit:
    """One unit that is, or ever contained, something suspect; where it is now."""

    unit_id: int
    serial: str
    part_id: int
    part_no: str
    root_id: int
    custody: str
    usability: str
    location_id: int | None
    location: str | None
    party_id: int | None
    party: str | None
    path: tuple[Step, ...]
    is_certain: bool = True  # False: an UNKNOWN lot, which cannot be excluded

    @property
    def is_root(self) -> bool:
        """Say whether it stands by itself, in no other unit."""
        return self.unit_id == self.root_id

    @property
    def is_former(self) -> bool:
        """Say whether it only once contained the suspect part, which was removed."""
        return any(step.how == "was_in" for step in self.path)


@dataclass(frozen=True)
class AffectedStock:
    """A quantity of an affected lot in one place and state."""

    stock_id: int
    lot_id: int
    lot_no: str
    part_id: int
    part_no: str
    custody: str
    usability: str
    location_id: int
    location: str
    party_id: int
    party: str
    quantity: Decimal
    path: tuple[Step, ...]
    is_certain: bool = True


@dataclass(frozen=True)
class Affected:
    """What a forward trace found: units, stock of lots, and the lots and runs between."""

    units: tuple[AffectedUnit, ...]
    stock: tuple[AffectedStock, ...]
    lot_ids: tuple[int, ...]
    segment_ids: tuple[int, ...]
    last_event_id: int

    @property
    def unit_ids(self) -> frozenset[int]:
        """Return the ids of every affected unit."""
        return frozenset(unit.unit_id for unit in self.units)

    @property
    def roots(self) -> tuple[AffectedUnit, ...]:
        """Return those that stand by themselves: what one can go and fetch."""
        return tuple(unit for unit in self.units if unit.is_root)


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
    paths = _Paths(db, seeds, nodes, certain, suspect_units, everyone)
    return Affected(
        units=tuple(_units(db, everyone, paths)),
        stock=tuple(_stock(db, nodes, paths)),
        lot_ids=tuple(sorted(n for n in nodes if paths.kinds.get(n) == "lot")),
        segment_ids=tuple(sorted(n for n in nodes if paths.kinds.get(n) == "segment")),
        last_event_id=db.scalar(select(func.max(Event.id))) or 0,
    )


def keep_run(
    db: Session,
    affected: Affected,
    *,
    seeds: Mapping[str, list[int]],
    by: Person | None,
    at: datetime,
) -> TraceRun:
    """Store a trace as it was answered, with its fingerprint; flushes."""
    result = {
        "units": [_run_row(unit) for unit in affected.units],
        "stock": [_run_row(row) for row in affected.stock],
    }
    said = json.dumps(result, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    run = TraceRun(
        direction="forward",
        seeds=dict(seeds),
        result=result,
        result_sha256=hashlib.sha256(said.encode()).hexdigest(),
        unit_count=len(affected.units),
        last_event_id=affected.last_event_id,
        by_id=by.id if by else None,
        at=at,
    )
    db.add(run)
    db.flush()
    return run


def _run_row(row: AffectedUnit | AffectedStock) -> dict[str, Any]:
    facts = asdict(row)
    return {k: _plain(v) for k, v in facts.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value


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
                select(UnitInput.unit_id).where(UnitInput.lot_id.in_(listed)),
            )
        )
    )


def _units(db: Session, unit_ids: set[int], paths: "_Paths") -> Iterable[AffectedUnit]:
    rows = db.execute(
        select(Unit, Part.part_no, UnitRoot.root_id, Location.name, Party.id, Party.name)
        .join(Part, Part.id == Unit.part_id)
        .join(UnitRoot, UnitRoot.unit_id == Unit.id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .outerjoin(Party, Party.id == Location.party_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
        .order_by(Unit.part_id, Unit.serial)
    )
    for unit, part_no, root_id, location, party_id, party in rows:
        path, is_certain = paths.to_unit(unit.id)
        yield AffectedUnit(
            unit.id,
            unit.serial,
            unit.part_id,
            part_no,
            root_id,
            unit.custody,
            unit.usability,
            unit.location_id,
            location,
            party_id,
            party,
            path,
            is_certain,
        )


def _stock(db: Session, nodes: set[int], paths: "_Paths") -> Iterable[AffectedStock]:
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


class _Paths:
    """The shortest way in for everything affected, found breadth first over what was fetched."""

    def __init__(
        self,
        db: Session,
        seeds: set[int],
        nodes: set[int],
        certain: set[int],
        suspect_units: set[int],
        everyone: set[int],
    ) -> None:
        """Fetch the edges, memberships and installs among what is affected."""
        self.certain = certain
        self.labels, self.kinds = _node_labels(db, nodes)
        self._node_steps: dict[int, tuple[Step, ...]] = {}
        self._unit_steps: dict[int, tuple[tuple[Step, ...], bool]] = {}
        self._walk_nodes(db, seeds, nodes)
        self._walk_units(db, suspect_units, everyone)

    def to_node(self, node_id: int) -> tuple[tuple[Step, ...], bool]:
        """Return the way to a lot or run, and whether it is certain."""
        return self._node_steps[node_id], node_id in self.certain

    def to_unit(self, unit_id: int) -> tuple[tuple[Step, ...], bool]:
        """Return the way to a unit, and whether it is certain."""
        return self._unit_steps[unit_id]

    def _walk_nodes(self, db: Session, seeds: set[int], nodes: set[int]) -> None:
        after: dict[int, list[int]] = {}
        for inp, out in db.execute(
            select(Edge.inp, Edge.out).where(Edge.inp.in_(id_set(db, nodes))).order_by(Edge.out)
        ):
            after.setdefault(inp, []).append(out)
        unknown = sorted(n for n in nodes - self.certain if self.labels[n][1])
        # certain ways first, so that no path runs through an UNKNOWN lot without need
        for starts, how in ((sorted(seeds & nodes), "suspect"), (unknown, "cannot_exclude")):
            queue = deque(starts)
            for start in starts:
                self._node_steps.setdefault(start, (self._step(start, how),))
            while queue:
                node = queue.popleft()
                for out in after.get(node, ()):
                    if out not in self._node_steps:
                        step = self._step(out, "went_into")
                        self._node_steps[out] = (*self._node_steps[node], step)
                        queue.append(out)

    def _step(self, node_id: int, how: str) -> Step:
        return Step(self.kinds[node_id], node_id, self.labels[node_id][0], how)

    def _walk_units(self, db: Session, suspect: set[int], everyone: set[int]) -> None:
        rows = db.execute(
            select(Unit.id, Unit.serial, Unit.seg_id, Unit.lot_id).where(
                Unit.id.in_(id_set(db, everyone))
            )
        ).all()
        serials = {row.id: row.serial for row in rows}
        used = _used_lots(db, everyone)
        for row in rows:
            ways = [
                (self._node_steps[node], node in self.certain, how)
                for node, how in (
                    (row.seg_id, "made_in"),
                    (row.lot_id, "of_lot"),
                    *((lot_id, "used_in") for lot_id in used.get(row.id, ())),
                )
                if node in self._node_steps
            ]
            if row.id in suspect:
                self._unit_steps[row.id] = (Step("unit", row.id, row.serial),), True
            elif ways:
                steps, is_certain, how = min(ways, key=lambda way: (not way[1], len(way[0])))
                self._unit_steps[row.id] = (
                    (*steps, Step("unit", row.id, row.serial, how)),
                    is_certain,
                )
        self._climb(db, everyone, serials)

    def _climb(self, db: Session, everyone: set[int], serials: Mapping[int, str]) -> None:
        hosts = _ever_hosts(db, everyone)
        # certain units climb first; what they reach is certain too
        for wanted in (True, False):
            queue = deque(sorted(u for u, (_, sure) in self._unit_steps.items() if sure == wanted))
            while queue:
                child = queue.popleft()
                steps, _ = self._unit_steps[child]
                for host, until in hosts.get(child, ()):
                    if host in self._unit_steps and (self._unit_steps[host][1] or not wanted):
                        continue
                    how = "was_in" if until else "installed_in"
                    step = Step("unit", host, serials[host], how, until)
                    self._unit_steps[host] = (*steps, step), wanted
                    queue.append(host)


def _node_labels(
    db: Session, nodes: set[int]
) -> tuple[dict[int, tuple[str, bool]], dict[int, str]]:
    labels: dict[int, tuple[str, bool]] = {}
    kinds: dict[int, str] = {}
    listed = id_set(db, nodes)
    for lot_id, lot_no, is_unknown in db.execute(
        select(Lot.id, Lot.lot_no, Lot.is_unknown).where(Lot.id.in_(listed))
    ):
        labels[lot_id], kinds[lot_id] = (lot_no, is_unknown), "lot"
    for seg_id, work_order in db.execute(
        select(Segment.id, Segment.work_order).where(Segment.id.in_(listed))
    ):
        labels[seg_id], kinds[seg_id] = (work_order or str(seg_id), False), "segment"
    return labels, kinds


def _used_lots(db: Session, units: set[int]) -> dict[int, list[int]]:
    used: dict[int, list[int]] = {}
    for unit_id, lot_id in db.execute(
        select(UnitInput.unit_id, UnitInput.lot_id).where(UnitInput.unit_id.in_(id_set(db, units)))
    ):
        used.setdefault(unit_id, []).append(lot_id)
    return used


def _ever_hosts(db: Session, units: set[int]) -> dict[int, list[tuple[int, datetime | None]]]:
    """Return the hosts each unit is in (first) or was in; an install that never was is left out."""
    never, ended = aliased(Event), aliased(Event)
    hosts: dict[int, list[tuple[int, datetime | None]]] = {}
    for child, host, until in db.execute(
        select(Install.child_id, Install.host_id, ended.event_at)
        .outerjoin(
            never,
            (never.corrects_id == Install.from_event_id) & (never.type == "did_not_occur"),
        )
        .outerjoin(ended, ended.id == Install.to_event_id)
        .where(Install.child_id.in_(id_set(db, units)), never.id.is_(None))
        .order_by(Install.to_event_id.is_not(None), Install.id)
    ):
        hosts.setdefault(child, []).append((host, until))
    return hosts
