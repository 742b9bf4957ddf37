"""Why one unit is in a run, and why another is not: found anew for that one unit."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, union
from sqlalchemy.orm import Session, aliased

from engine.errors import NotFound
from engine.serials.backward import Key, Link, Names, below
from engine.serials.models import (
    Edge,
    Event,
    EventLink,
    Install,
    Lot,
    TraceRun,
    TraceRunNode,
    TraceRunUnit,
    Unit,
    UnitInput,
)
from engine.serials.sets import id_set
from engine.serials.trace.found import Step
from engine.serials.walk import Way, reach
from engine.words import N_

NEAREST = 5  # lots of the same part that are named beside a unit's own
# whatever was ever written, corrected or not
ONCE_OUT_OF = Way("edge", "out", "inp")
ONCE_INSIDE = Way("install", "host_id", "child_id")

REASONS = {
    "recorded_since": N_("It was recorded after this trace was made. Trace again"),
    "corrected": N_("What would have brought it in was corrected: it never was so"),
    "other_lots": N_("It was made from other lots of the same parts"),
    "other_parts": N_("Nothing that it was made of is of a part that this trace touches"),
    "nothing_recorded": N_("Nothing is recorded of what it was made of, so nothing leads to it"),
    "found_since": N_("What leads to it was recorded after this trace was made. Trace again"),
}


class UnitNotInRun(NotFound):
    """This unit is not in the trace. Ask why not."""


@dataclass(frozen=True)
class Why:
    """How one unit came into a run: the shortest way from a suspect, which a person can check.

    The way is empty when a later correction took it away: the run still says what was known then.
    """

    unit_id: int
    how: str
    is_certain: bool
    path: tuple[Step, ...]


@dataclass(frozen=True)
class OwnLot:
    """A lot that a unit was made of, and those of the same part that the run has."""

    lot_id: int
    lot_no: str
    part_no: str
    part_name: str
    part_name_zh: str | None
    in_run: tuple[tuple[int, str], ...] = ()  # ids and numbers, the nearest in order first


@dataclass(frozen=True)
class Struck:
    """A correction that took away what would have brought a unit in."""

    event_id: int
    reason: str | None


@dataclass(frozen=True)
class WhyNot:
    """Why a unit is not in a run: the reason, its own lots beside those that are in."""

    unit_id: int
    reason: str  # of REASONS
    own_lots: tuple[OwnLot, ...] = ()
    struck: tuple[Struck, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the reason in words, a msgid."""
        return REASONS[self.reason]


def why(db: Session, run_id: int, unit_id: int) -> Why:
    """Return the shortest way by which a unit came into a run. Raises `UnitNotInRun`.

    A certain way is preferred to one through an UNKNOWN lot, one that is inside now to one that
    was. A handful of queries over what is below the one unit.
    """
    row = db.get(TraceRunUnit, (run_id, unit_id))
    if row is None:
        raise UnitNotInRun
    named, links = below(db, unit_id=unit_id)
    units, nodes = _in_run(db, run_id, named)
    unknown = _unknown(db, nodes)

    def starts(key: Key) -> str | None:
        """Return how a thing begins a way: suspect, or not to be excluded."""
        if key[0] == "unit":
            return "suspect" if units.get(key[1]) == "named" else None
        if key[1] not in nodes:
            return None
        is_named, is_certain = nodes[key[1]]
        if is_named:
            return "suspect"
        return "cannot_exclude" if not is_certain and key[1] in unknown else None

    for wanted, removed_too in (
        ("suspect", False), ("suspect", True), ("cannot_exclude", False), ("cannot_exclude", True),
    ):  # fmt: skip
        way = _way(
            ("unit", unit_id), links, lambda key, wanted=wanted: starts(key) == wanted,  # type: ignore[misc]  # mypy knows no default of a lambda
            removed_too=removed_too,
        )  # fmt: skip
        if way:
            return Why(unit_id, row.how, row.is_certain, _steps(way, named, wanted))
    return Why(unit_id, row.how, row.is_certain, ())


def _way(
    top: Key,
    links: Mapping[Key, Sequence[Link]],
    is_start: Callable[[Key], bool],
    *,
    removed_too: bool,
) -> list[tuple[Key, Link | None]]:
    """Search breadth first downwards; return the way up: each thing, and its link to the last."""
    came: dict[Key, tuple[Key, Link] | None] = {top: None}
    queue = deque([top])
    while queue:
        key = queue.popleft()
        if is_start(key):
            return _upwards(key, came)
        for link in links.get(key, ()):
            if link[0] not in came and (removed_too or link[1] != "was_in"):
                came[link[0]] = key, link
                queue.append(link[0])
    return []


def _upwards(
    start: Key, came: Mapping[Key, tuple[Key, Link] | None]
) -> list[tuple[Key, Link | None]]:
    way: list[tuple[Key, Link | None]] = [(start, None)]
    while (step := came[way[-1][0]]) is not None:
        way.append(step)
    return way


def _steps(
    way: Iterable[tuple[Key, Link | None]], named: Mapping[Key, Names], start: str
) -> tuple[Step, ...]:
    return tuple(
        Step(key[0], key[1], named[key][0], link[1] if link else start, link[4] if link else None)
        for key, link in way
    )


def _in_run(
    db: Session, run_id: int, named: Iterable[Key]
) -> tuple[dict[int, str], dict[int, tuple[bool, bool]]]:
    """Return which of these units and nodes a run has: how, and (named, certain)."""
    keys = list(named)
    units = db.execute(
        select(TraceRunUnit.unit_id, TraceRunUnit.how).where(
            TraceRunUnit.run_id == run_id,
            TraceRunUnit.unit_id.in_(id_set(db, [key for kind, key in keys if kind == "unit"])),
        )
    )
    nodes = db.execute(
        select(TraceRunNode.node_id, TraceRunNode.is_named, TraceRunNode.is_certain).where(
            TraceRunNode.run_id == run_id,
            TraceRunNode.node_id.in_(id_set(db, [key for kind, key in keys if kind != "unit"])),
        )
    )
    return {row[0]: row[1] for row in units}, {row[0]: (row[1], row[2]) for row in nodes}


def _unknown(db: Session, nodes: Iterable[int]) -> set[int]:
    return set(db.scalars(select(Lot.id).where(Lot.id.in_(id_set(db, nodes)), Lot.is_unknown)))


def why_not(db: Session, run_id: int, unit_id: int) -> WhyNot:
    """Return why a unit is not in a run: its own lots beside the run's, corrections, or when."""
    run = db.get_one(TraceRun, run_id)
    known_until = run.as_of_event_id if run.as_of_event_id is not None else run.last_event_id
    first = db.scalar(
        select(EventLink.event_id)
        .where(EventLink.unit_id == unit_id)
        .order_by(EventLink.event_id)
        .limit(1)
    )
    if first is not None and first > known_until:
        return WhyNot(unit_id, "recorded_since")

    named, _ = below(db, unit_id=unit_id)
    units, nodes = _in_run(db, run_id, [key for key in named if key != ("unit", unit_id)])
    own = _own_lots(db, run_id, named)
    if units or nodes:
        return WhyNot(unit_id, "found_since", own)
    struck = _struck(db, run_id, unit_id)
    if struck:
        return WhyNot(unit_id, "corrected", own, struck)
    if not any(kind != "unit" for kind, _ in named):
        return WhyNot(unit_id, "nothing_recorded")
    beside = any(one.in_run for one in own)
    return WhyNot(unit_id, "other_lots" if beside else "other_parts", own)


def _own_lots(db: Session, run_id: int, named: Mapping[Key, Names]) -> tuple[OwnLot, ...]:
    """Return the lots a unit was made of; first those of parts that the run has other lots of."""
    own = [key for kind, key in named if kind == "lot"]
    mine, theirs = aliased(Lot), aliased(Lot)
    beside: dict[int, list[tuple[int, str]]] = {}
    rows = db.execute(
        select(mine.id, theirs.id, theirs.lot_no)
        .join(theirs, theirs.part_id == mine.part_id)
        .join(TraceRunNode, TraceRunNode.node_id == theirs.id)
        .where(mine.id.in_(id_set(db, own)), TraceRunNode.run_id == run_id)
        .order_by(theirs.lot_no)
    )
    for lot_id, other_id, other_no in rows:
        beside.setdefault(lot_id, []).append((other_id, other_no))
    lots = [
        OwnLot(key, *named["lot", key][:4], _nearest(named["lot", key][0], beside.get(key, ())))
        for key in own
    ]
    return tuple(sorted(lots, key=lambda one: (not one.in_run, one.part_no, one.lot_no)))


def _nearest(number: str, others: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Return the few whose numbers stand around one in order."""
    here = sum(other < number for _, other in others)
    first = max(0, min(here - NEAREST // 2, len(others) - NEAREST))
    return tuple(others[first : first + NEAREST])


def _struck(db: Session, run_id: int, unit_id: int) -> tuple[Struck, ...]:
    """Return the corrections of what would have led from the run to a unit."""
    units = reach(db, [unit_id], ONCE_INSIDE)
    of_units = id_set(db, units)
    starts = set(
        db.scalars(
            union(
                select(Unit.seg_id).where(Unit.id.in_(of_units), Unit.seg_id.is_not(None)),
                select(Unit.lot_id).where(Unit.id.in_(of_units), Unit.lot_id.is_not(None)),
                select(UnitInput.lot_id).where(UnitInput.unit_id.in_(of_units)),
            )
        )
    )
    nodes = reach(db, starts, ONCE_OUT_OF)
    found_units, found_nodes = _in_run(
        db, run_id, [*(("unit", key) for key in units), *(("lot", key) for key in nodes)]
    )
    if not found_units and not found_nodes:
        return ()

    of_nodes = id_set(db, nodes)
    events = union(
        select(Edge.never_event_id).where(Edge.out.in_(of_nodes)),
        select(Install.never_event_id).where(Install.host_id.in_(of_units)),
        select(UnitInput.never_event_id).where(UnitInput.unit_id.in_(of_units)),
    )
    rows = db.execute(select(Event.id, Event.reason).where(Event.id.in_(events)).order_by(Event.id))
    return tuple(Struck(row[0], row[1]) for row in rows)
