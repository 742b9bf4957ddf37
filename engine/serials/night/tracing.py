"""One trace of the night: how much of it the store can answer for, and whether the events agree."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from engine.serials import trace
from engine.serials.backward import below
from engine.serials.models import Edge, Lot, NightTrace, Part, Party, Segment, Unit
from engine.serials.night import oracle
from engine.serials.night.oracle import Seen, Thing, TooMuch
from engine.serials.night.sampling import Drawn
from engine.serials.sets import id_set
from engine.serials.trace import Seeds
from engine.words import N_

MOST = 20_000  # rows that are read to compare one trace with the raw events
NAMED = 20  # places of each kind where the record breaks off that are kept by name
LIES = ("in_house", "in_transit", "at_third_party", "at_consignee", "returned")
OWN_MAKES = ("device", "component")

BROKEN = {
    "unknown_lot": N_("A lot that nobody noted"),
    "cannot_exclude": N_("Cannot be excluded because of a lot that nobody noted"),
    "no_custody": N_("Nobody knows where it is"),
    "no_place": N_("In somebody's custody, at no known place"),
    "below_zero": N_("Stock below zero"),
    "orphan_unit": N_("A serial without run and lot"),
    "run_without_inputs": N_("A run without inputs"),
    "lot_without_inputs": N_("An own lot without inputs"),
}
Answer = TypeVar("Answer")
Difference: TypeAlias = dict[str, Any]
TOO_MUCH: Difference = {"kind": "too_much"}


@dataclass
class Answered:
    """What the store could say."""

    unit_count: int = 0
    resolved_count: int = 0
    input_count: int = 0
    known_input_count: int = 0
    broken_count: int = 0
    broken: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Say whether every unit has a custody, every input a lot, and nothing breaks off."""
        return (
            self.unit_count == self.resolved_count
            and self.input_count == self.known_input_count
            and not self.broken_count
        )

    def breaks(self, kind: str, what: str, places: Iterable[tuple[int, str]], count: int) -> None:
        """Note where the record breaks off: how often, and the first places."""
        if not count:
            return
        self.broken_count += count
        self.broken += [
            {"kind": kind, "what": what, "id": id_, "label": label, "count": count}
            for id_, label in places
        ]


def trace_one(db: Session, drawn: Drawn, *, night_id: int, number: int) -> NightTrace:
    """Trace one that was drawn and hold it against the raw events; flushes."""
    label, part_no = _named(db, drawn)
    making = _forward if drawn.direction == "forward" else _backward
    answered, compared, difference, took_us = making(db, drawn)
    made = NightTrace(
        night_id=night_id,
        number=number,
        direction=drawn.direction,
        what=drawn.what,
        what_id=drawn.id,
        label=label,
        part_no=part_no,
        unit_count=answered.unit_count,
        resolved_count=answered.resolved_count,
        input_count=answered.input_count,
        known_input_count=answered.known_input_count,
        broken_count=answered.broken_count,
        broken=answered.broken,
        compared=compared,
        difference=difference,
        is_complete=answered.is_complete,
        took_us=took_us,
    )
    db.add(made)
    db.flush()
    return made


def _named(db: Session, drawn: Drawn) -> tuple[str, str]:
    if drawn.what == "unit":
        query = select(Unit.serial, Part.part_no).join(Part, Part.id == Unit.part_id)
        row = db.execute(query.where(Unit.id == drawn.id)).one()
    else:
        of_lot = select(Lot.lot_no, Part.part_no).join(Part, Part.id == Lot.part_id)
        row = db.execute(of_lot.where(Lot.id == drawn.id)).one()
    return row[0], row[1]


def _timed(ask: Callable[[], Answer]) -> tuple[Answer, int]:
    begun = time.perf_counter()
    answer = ask()
    return answer, round(1_000_000 * (time.perf_counter() - begun))


def _start(drawn: Drawn) -> Thing:
    return ("unit" if drawn.what == "unit" else "node", drawn.id)


# --- forward ---------------------------------------------------------------------------------


def _forward(db: Session, drawn: Drawn) -> tuple[Answered, str, Difference | None, int]:
    ids = frozenset({drawn.id})
    seeds = Seeds(units=ids) if drawn.what == "unit" else Seeds(lots=ids)
    counts, took_us = _timed(lambda: trace.counted(db, seeds))
    answered = _placed(counts, _device_parts(db, counts))
    _break_forward(db, drawn, counts, answered)
    if counts.root_count > MOST:
        return answered, "not_compared", TOO_MUCH, took_us
    try:
        units, nodes = oracle.forward(db, _start(drawn), most=MOST)
    except TooMuch:
        return answered, "not_compared", TOO_MUCH, took_us
    difference = _forward_differs(db, seeds, units, nodes)
    return answered, "differs" if difference else "equal", difference, took_us


def _device_parts(db: Session, counts: trace.Counts) -> set[int]:
    """Return which of these parts are finished devices: their lots are counted by the piece."""
    parts = {row.part_id for row in counts.placed if row.quantity}
    devices = select(Part.id).where(Part.id.in_(id_set(db, parts)), Part.kind == "device")
    return set(db.scalars(devices))


def _placed(counts: trace.Counts, devices: set[int]) -> Answered:
    """Count what is in scope, and of it what certainly is affected and lies in a known place."""
    answered = Answered()
    for row in counts.placed:
        pieces = row.unit_count
        if row.part_id in devices:
            pieces += int(max(row.quantity, Decimal(0)).to_integral_value(ROUND_CEILING))
        answered.unit_count += pieces
        if row.is_certain and row.custody != "unknown" and not _is_nowhere(row):
            answered.resolved_count += pieces
    return answered


def _is_nowhere(row: trace.Placed) -> bool:
    return row.custody in LIES and row.location_id is None


def _break_forward(db: Session, drawn: Drawn, counts: trace.Counts, answered: Answered) -> None:
    here = [(drawn.id, _named(db, drawn)[0])]
    if drawn.what == "lot" and counts.placed and db.get_one(Lot, drawn.id).is_unknown:
        answered.breaks("unknown_lot", "lot", here, 1)
    for kind, rows in (
        ("cannot_exclude", [row for row in counts.placed if not row.is_certain]),
        ("no_custody", [row for row in counts.placed if row.custody == "unknown"]),
        ("no_place", [row for row in counts.placed if _is_nowhere(row)]),
        ("below_zero", [row for row in counts.placed if row.quantity < 0]),
    ):
        parts = {row.part_id: row.part_no for row in rows}
        places = [(part, parts[part]) for part in sorted(parts)[:NAMED]]
        count = sum(row.unit_count or 1 for row in rows)
        answered.breaks(kind, "part", places, count)


def _forward_differs(
    db: Session, seeds: Seeds, units: dict[int, Seen], nodes: dict[int, bool]
) -> Difference | None:
    """Return the first thing that the store and the raw events say otherwise of each other."""
    found = trace.contains(db, lots=seeds.lots, units=seeds.units)
    stored = {
        one.unit_id: Seen(one.is_certain, one.root_id, one.custody, one.location_id)
        for one in found.units
    }
    there = {*found.lot_ids, *found.segment_ids}
    lies: dict[tuple[int, int, str], Decimal] = defaultdict(Decimal)
    for one in found.stock:
        lies[one.lot_id, one.location_id, one.custody] += one.quantity
    lying = {spot: quantity for spot, quantity in lies.items() if quantity}
    return (
        _differs("unit", stored, units)
        or _differs("node", dict.fromkeys(there), dict.fromkeys(nodes))
        or _differs("stock", lying, oracle.lying(db, nodes))
    )


def _differs(what: str, stored: dict[Any, Any], said: dict[Any, Any]) -> Difference | None:
    for key in sorted(stored.keys() | said.keys()):
        id_ = key[0] if isinstance(key, tuple) else key
        if key not in said or key not in stored:
            kind = "only_in_store" if key in stored else "only_in_events"
            return {"kind": kind, "what": what, "id": id_}
        if stored[key] != said[key]:
            told = {"stored": str(stored[key]), "said": str(said[key])}
            return {"kind": "otherwise", "what": what, "id": id_, **told}
    return None


# --- backward --------------------------------------------------------------------------------


def _backward(db: Session, drawn: Drawn) -> tuple[Answered, str, Difference | None, int]:
    is_unit = drawn.what == "unit"
    (named, _), took_us = _timed(
        lambda: below(
            db, unit_id=drawn.id if is_unit else None, lot_id=None if is_unit else drawn.id
        )
    )
    stored = {("unit" if kind == "unit" else "node", id_) for kind, id_ in named} | {_start(drawn)}
    answered = Answered(unit_count=1)
    _break_backward(db, stored, answered)
    if not answered.broken_count and answered.input_count == answered.known_input_count:
        answered.resolved_count = 1
    try:
        said = oracle.backward(db, _start(drawn), most=MOST) | {_start(drawn)}
    except TooMuch:
        return answered, "not_compared", TOO_MUCH, took_us
    difference = next(
        (
            _differs(kind, _of(stored, kind), _of(said, kind))
            for kind in ("unit", "node")
            if _of(stored, kind) != _of(said, kind)
        ),
        None,
    )
    return answered, "differs" if difference else "equal", difference, took_us


def _of(things: set[Thing], kind: str) -> dict[int, None]:
    return {id_: None for of, id_ in things if of == kind}


def _break_backward(db: Session, stored: set[Thing], answered: Answered) -> None:
    units = id_set(db, (key for kind, key in stored if kind == "unit"))
    nodes = id_set(db, (key for kind, key in stored if kind == "node"))
    bought = Party.kind != "site"
    lots = select(Lot.id, Lot.lot_no).where(Lot.id.in_(nodes))
    of_lot = lots.join(Party, Party.id == Lot.manufacturer_id)
    pieces = (
        select(Unit.id, Unit.serial)
        .join(Part, Part.id == Unit.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .where(Unit.id.in_(units))
    )
    # a serial number of its maker says more than a lot would
    answered.input_count = _count(db, of_lot.where(bought)) + _count(db, pieces.where(bought))
    answered.known_input_count = answered.input_count - _count(
        db, of_lot.where(bought, Lot.is_unknown)
    )
    nothing_in = ~exists().where(Edge.out == Lot.id, Edge.never_event_id.is_(None))
    made_here = of_lot.join(Part, Part.id == Lot.part_id).where(
        ~bought, Part.kind.in_(OWN_MAKES), Part.control == "lot", ~Lot.is_unknown, nothing_in
    )
    runs = select(Segment.id, func.coalesce(Segment.work_order, "–")).where(
        Segment.id.in_(nodes),
        ~exists().where(Edge.out == Segment.id, Edge.never_event_id.is_(None)),
    )
    orphans = pieces.where(~bought, Unit.seg_id.is_(None), Unit.lot_id.is_(None))
    for kind, what, query in (
        ("unknown_lot", "lot", lots.where(Lot.is_unknown)),
        ("lot_without_inputs", "lot", made_here),
        ("run_without_inputs", "segment", runs),
        ("orphan_unit", "unit", orphans),
        ("no_custody", "unit", pieces.where(Unit.custody == "unknown")),
        (
            "no_place",
            "unit",
            pieces.where(Unit.custody.in_(LIES), Unit.location_id.is_(None)),
        ),
    ):
        count = _count(db, query)
        places = db.execute(query.order_by(query.selected_columns[0]).limit(NAMED)).all()
        answered.breaks(kind, what, [(id_, label) for id_, label in places], count)


def _count(db: Session, query: Any) -> int:
    return db.scalar(select(func.count()).select_from(query.subquery())) or 0
