"""The way in of everything affected: the path that a person can check step by step."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.serials.models import (
    Edge,
    Event,
    Install,
    Lot,
    Segment,
    Unit,
    UnitInput,
)
from engine.serials.sets import id_set
from engine.serials.trace.found import Step


class Paths:
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
            select(Edge.inp, Edge.out)
            .where(Edge.inp.in_(id_set(db, nodes)), Edge.never_event_id.is_(None))
            .order_by(Edge.out)
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
        select(UnitInput.unit_id, UnitInput.lot_id).where(
            UnitInput.unit_id.in_(id_set(db, units)), UnitInput.never_event_id.is_(None)
        )
    ):
        used.setdefault(unit_id, []).append(lot_id)
    return used


def _ever_hosts(db: Session, units: set[int]) -> dict[int, list[tuple[int, datetime | None]]]:
    """Return the hosts each unit is in (first) or was in; an install that never was is left out."""
    ended = aliased(Event)
    hosts: dict[int, list[tuple[int, datetime | None]]] = {}
    for child, host, until in db.execute(
        select(Install.child_id, Install.host_id, ended.event_at)
        .outerjoin(ended, ended.id == Install.to_event_id)
        .where(Install.child_id.in_(id_set(db, units)), Install.never_event_id.is_(None))
        .order_by(Install.to_event_id.is_not(None), Install.id)
    ):
        hosts.setdefault(child, []).append((host, until))
    return hosts
