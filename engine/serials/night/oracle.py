"""What the raw events around one lot or unit say by themselves: a plain search, breadth first.

It reads events, what they are about and what they say, and the names of things; no edge, install,
root, stock or state, and it shares no line with the store's trace. It reads outwards step by step
and gives up above a bound, so that its memory is bounded whatever was drawn.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.serials.models import Event, EventLink, EventNode, Lot, StockPosting, Unit

Thing: TypeAlias = tuple[str, int]  # ("unit", id) or ("node", id)
AT_ONCE = 500
BECOMES = ("lot_added", "lot_split", "lot_merged", "relabelled")
MAKES = ("received", "built", "kitted")
FROM_INPUTS = ("built", "input_added", "kitted", "lot_split", "lot_merged", "relabelled")
GOES_IN_UNITS = ("reworked", "serviced")
GRAPH = frozenset((*MAKES, *BECOMES, *FROM_INPUTS, *GOES_IN_UNITS))


class TooMuch(Exception):
    """More happened around this than is read in one night."""


@dataclass
class Said:
    """One event with what it is about."""

    id: int
    type: str
    at: datetime
    payload: dict[str, Any]
    corrects: int | None
    units: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    nodes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True)
class Seen:
    """One unit as its events tell it: what it stands in, and where that was last."""

    is_certain: bool
    root_id: int
    custody: str
    location_id: int | None


class Around:
    """The events around what is looked at, as far as they were read."""

    def __init__(self, db: Session, start: Thing, *, is_back: bool, most: int) -> None:
        """Read outwards from `start` until nothing more is reached. Raises `TooMuch`."""
        self.db, self.is_back, self.left = db, is_back, most
        self.events: dict[int, Said] = {}
        self.fates: dict[int, list[tuple[int, str | None, int | None]]] = defaultdict(list)
        self.asked: set[Thing] = set()
        self.born: set[int] = set()  # units whose making was read
        self.lots: dict[int, tuple[int, bool]] = {}
        self.things: dict[int, tuple[int, str]] = {}
        self.after: dict[Thing, set[Thing]] = {}
        self.open: dict[int, int] = {}
        self.start = start
        self.certain: set[Thing] = {start}
        self.reached: set[Thing] = {start}
        while new := self.reached - self.asked:
            self._read(new)
            self._join()
            self.certain = self._search({start})
            self.reached = self.certain | self._with_unknown(set(self.certain))

    # --- reading -------------------------------------------------------------------------------

    def _read(self, new: set[Thing]) -> None:
        self.asked |= new
        units = [key for kind, key in new if kind == "unit"]
        nodes = [key for kind, key in new if kind == "node"]
        found: set[int] = set()
        for some in _chunks(units):
            rows = select(EventLink).where(EventLink.unit_id.in_(some))
            for one in self.db.scalars(rows.limit(self.left + 1)):
                self._spend()
                self.fates[one.unit_id].append((one.event_id, one.custody, one.location_id))
                found.add(one.event_id)
        about = select(EventNode.event_id).distinct()
        if self.is_back:  # what went out of a lot says nothing of what it is of
            about = about.where(EventNode.role != "input")
        for some in _chunks(nodes):
            touched = about.where(EventNode.node_id.in_(some)).limit(self.left + 1)
            found |= set(self.db.scalars(touched))
        self._read_events(found)
        members = {
            unit
            for one in self.events.values()
            if any(one.nodes.values())
            for unit in one.units["subject"]
        }
        self._read_events(self._making(members - self.born))
        self._name()

    def _read_events(self, ids: set[int]) -> None:
        """Read events, those they correct and those that correct them, and what they are about."""
        ids, fresh = ids - self.events.keys(), set[int]()
        while ids:
            more: set[int] = set()
            for some in _chunks(ids):
                kept = select(Event).where(Event.id.in_(some))
                for one in self.db.scalars(kept):
                    self._spend()
                    payload = {
                        name: one.payload[name] for name in ("fittings",) if name in one.payload
                    }
                    self.events[one.id] = Said(
                        one.id, one.type, one.event_at, payload, one.corrects_id
                    )
                    more |= {one.corrects_id} if one.corrects_id else set()
                more |= set(self.db.scalars(select(Event.id).where(Event.corrects_id.in_(some))))
            fresh |= ids
            ids = more - self.events.keys()
        self._read_members(fresh)

    def _read_members(self, ids: set[int]) -> None:
        for some in _chunks(ids):
            about = select(EventNode).where(EventNode.event_id.in_(some)).limit(self.left + 1)
            for node in self.db.scalars(about):
                self._spend()
                self.events[node.event_id].nodes[node.role].add(node.node_id)
        # of a large run only the unit that was asked about is of interest backward
        whole = [
            one
            for one in ids
            if self.events[one].payload.get("fittings") or self.events[one].type in GRAPH
        ]
        if not self.is_back:
            for some in _chunks(whole):
                links = select(EventLink).where(EventLink.event_id.in_(some))
                for link in self.db.scalars(links.limit(self.left + 1)):
                    self._spend()
                    self.events[link.event_id].units[link.role].add(link.unit_id)
        asked = [key for kind, key in self.asked if kind == "unit"]
        for some in _chunks(asked):
            mine = select(EventLink).where(EventLink.unit_id.in_(some))
            for link in self.db.scalars(mine):
                if link.event_id in self.events:
                    self.events[link.event_id].units[link.role].add(link.unit_id)

    def _making(self, units: set[int]) -> set[int]:
        self.born |= units
        found: set[int] = set()
        for some in _chunks(units):
            made = (
                select(EventLink.event_id)
                .join(Event, Event.id == EventLink.event_id)
                .where(EventLink.unit_id.in_(some), Event.type.in_((*MAKES, *BECOMES)))
            )
            found |= set(self.db.scalars(made))
        return found

    def _name(self) -> None:
        """Read what the things are: the part of a lot, the part and the serial of a unit."""
        nodes = {n for one in self.events.values() for those in one.nodes.values() for n in those}
        nodes |= {key for kind, key in self.reached if kind == "node"}
        for some in _chunks(nodes - self.lots.keys()):
            named = select(Lot.id, Lot.part_id, Lot.is_unknown).where(Lot.id.in_(some))
            for key, part, is_unknown in self.db.execute(named):
                self.lots[key] = (part, is_unknown)
        units = {u for one in self.events.values() for those in one.units.values() for u in those}
        for some in _chunks(units - self.things.keys()):
            called = select(Unit.id, Unit.part_id, Unit.serial).where(Unit.id.in_(some))
            self.things |= {key: (part, serial) for key, part, serial in self.db.execute(called)}

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooMuch

    # --- joining -------------------------------------------------------------------------------

    def _versions(self, one: Said) -> list[Said]:
        """Return an event and those it corrects, the newest first."""
        versions = [one]
        while (was := versions[-1].corrects) is not None and was in self.events:
            versions.append(self.events[was])
        return versions

    def _standing(self) -> list[Said]:
        """Return what no later event corrects, in the order in which it was first recorded."""
        wrong = {one.corrects for one in self.events.values()}
        right = [
            one
            for one in self.events.values()
            if one.id not in wrong and one.type != "did_not_occur"
        ]
        return sorted(right, key=lambda one: self._versions(one)[-1].id)

    def _join(self) -> None:
        self.after, self.open = defaultdict(set), {}
        self._came_to_be()
        for one in self._standing():
            self._went_in(one)
            self._was_fitted(one)

    def _came_to_be(self) -> None:
        """Join each unit to the run and lot that its first making which counts names."""
        made_by: dict[int, set[int]] = defaultdict(set)
        of: dict[int, set[int]] = {}
        for _, one in sorted(self.events.items()):
            was = self.events.get(one.corrects or 0)
            for unit in was.units["subject"] if was else ():
                made_by[unit].discard(was.id if was else 0)
            if one.type not in MAKES:
                continue
            for unit in one.units["subject"]:
                if one.corrects is None and not made_by[unit]:
                    of[unit] = one.nodes["subject"] | one.nodes["output"]
                made_by[unit].add(one.id)
        for unit, nodes in of.items():
            self._is_of(nodes, unit)

    def _is_of(self, nodes: Iterable[int], unit: int) -> None:
        part = self.things[unit][0] if unit in self.things else None
        for node in nodes:
            if node not in self.lots or self.lots[node][0] == part:
                self.after["node", node].add(("unit", unit))

    def _went_in(self, one: Said) -> None:
        made = one.nodes["output"]
        if one.type in FROM_INPUTS:
            runs = {node for node in made if node not in self.lots}
            for source in one.nodes["input"]:
                self.after["node", source] |= {("node", node) for node in runs or made}
        if one.type in BECOMES:
            for unit in one.units["subject"]:
                self._is_of(made, unit)
        if one.type in GOES_IN_UNITS:
            for source in one.nodes["input"]:
                self.after["node", source] |= {("unit", unit) for unit in one.units["subject"]}
                if one.type == "reworked":
                    self.after["node", source] |= {("node", node) for node in one.nodes["subject"]}

    def _was_fitted(self, one: Said) -> None:
        for child in one.units["child" if one.type == "removed" else "removed"]:
            self.open.pop(child, None)
        made = {
            self.things[unit][1]: unit
            for version in self._versions(one)
            for unit in version.units["subject"]
            if unit in self.things
        }
        for child, host, _ in one.payload.get("fittings", ()):
            # what is built with the event is named by its serial number
            around = made.get(host) if isinstance(host, str) else host
            if around is not None:
                self.after["unit", child].add(("unit", around))
                self.open[child] = around

    # --- searching -----------------------------------------------------------------------------

    def _search(self, starts: set[Thing]) -> set[Thing]:
        ways = self.after
        if self.is_back:
            ways = defaultdict(set)
            for source, targets in self.after.items():
                for target in targets:
                    ways[target].add(source)
        seen, queue = set(starts), deque(starts)
        while queue:
            for there in ways.get(queue.popleft(), ()):
                if there not in seen:
                    seen.add(there)
                    queue.append(there)
        return seen

    def _with_unknown(self, seen: set[Thing]) -> set[Thing]:
        """Return what cannot be excluded besides: whatever an UNKNOWN lot of a part went into."""
        if self.is_back:
            return set()
        while True:
            parts = {self.lots[key][0] for kind, key in seen if kind == "node" and key in self.lots}
            unknown = {("node", key) for key in self._unknown(parts)}
            more = seen | self._search(unknown)
            if more == seen:
                return seen
            seen = more

    def _unknown(self, parts: set[int]) -> Iterator[int]:
        for some in _chunks(parts):
            blank = select(Lot.id, Lot.part_id).where(Lot.part_id.in_(some), Lot.is_unknown)
            for key, part in self.db.execute(blank):
                self.lots[key] = (part, True)
                yield key

    def seen(self, unit: int) -> Seen:
        """Return one unit as its events tell it."""
        root = unit
        while root in self.open:
            root = self.open[root]
        return Seen(("unit", unit) in self.certain, root, *self._last(unit))

    def _last(self, unit: int) -> tuple[str, int | None]:
        """Return where a unit was last said to be, in the order in which things happened."""
        wrong = {one.corrects for one in self.events.values()}
        said = [(self.events[event], kept, place) for event, kept, place in self.fates[unit]]
        newest = max((one.id for one, kept, place in said if kept or place), default=0)
        custody, location = "unknown", None
        for one, kept, place in sorted(said, key=lambda row: (row[0].at, row[0].id)):
            if one.id in wrong or (kept == "never_existed" and one.id < newest):
                continue
            custody, location = kept or custody, place or location
        return custody, location


def forward(db: Session, start: Thing, *, most: int) -> tuple[dict[int, Seen], dict[int, bool]]:
    """Return every unit that is or ever contained `start`, and each lot and run, if it is certain.

    Raises `TooMuch`.
    """
    around = Around(db, start, is_back=False, most=most)
    units = {key: around.seen(key) for kind, key in around.reached if kind == "unit"}
    nodes = {key: (kind, key) in around.certain for kind, key in around.reached if kind == "node"}
    return units, nodes


def backward(db: Session, start: Thing, *, most: int) -> set[Thing]:
    """Return everything that `start` is made of or ever had in it. Raises `TooMuch`."""
    return Around(db, start, is_back=True, most=most).certain - {start}


def lying(db: Session, nodes: Iterable[int]) -> dict[tuple[int, int, str], Decimal]:
    """Return how much of each lot lies where in which custody, added up from what was posted."""
    sums: dict[tuple[int, int, str], Decimal] = defaultdict(Decimal)
    for some in _chunks(nodes):
        posted = select(
            StockPosting.lot_id,
            StockPosting.location_id,
            StockPosting.custody,
            func.sum(StockPosting.quantity, type_=StockPosting.quantity.type),
        ).where(StockPosting.lot_id.in_(some))
        spots = posted.group_by(StockPosting.lot_id, StockPosting.location_id, StockPosting.custody)
        for lot, place, custody, quantity in db.execute(spots):
            sums[lot, place, custody] += quantity
    return {spot: quantity for spot, quantity in sums.items() if quantity}


def _chunks(ids: Iterable[int]) -> Iterator[Sequence[int]]:
    listed = sorted(ids)
    for begin in range(0, len(listed), AT_ONCE):
        yield listed[begin : begin + AT_ONCE]
