"""Breaches: what was on hold and, by what somebody reports, has left our hands all the same.

A breach belongs to the change of custody, whoever tells of it: every recording is looked at here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from engine.serials.active import Holding, holdings_of_stock, holdings_of_units
from engine.serials.flags import BEGINNINGS, raise_flag
from engine.serials.models import Event, EventLink, Flag, HoldBreach, LotStock, StockPosting
from engine.serials.projection import State, fold
from engine.serials.sets import id_set

# how far each custody is from our hands; what is not named is in them, or nowhere
FAR = {"at_third_party": 1, "in_transit": 2, "at_consignee": 2}
DOORS = {1: "transfer", 2: "ship"}
NO_MOVE = (*BEGINNINGS, "did_not_occur")
ASKED = ("shipped", "sent_out")  # intents of ours: the gate let them pass
RULE = "held_shipped"
SAID_ALREADY = (RULE, "held_installed", "held_moved", "held_put_into_use")


class _Left(NamedTuple):
    """One unit, or a quantity of a lot, that an event says went further from our hands."""

    event_id: int
    far: int
    unit_id: int | None = None
    lot_id: int | None = None
    tranche_id: int = 0
    quantity: Decimal = Decimal(1)


@dataclass
class Broken:
    """What one event broke: the breaches, and the cases whose holds they are."""

    event: Event
    breaches: list[HoldBreach] = field(default_factory=list)
    cases: set[str] = field(default_factory=set)


def find(db: Session, event_ids: Select[int]) -> list[Broken]:
    """Record and flag what these events say left our hands though it was on hold. Flushes.

    Once for each event, unit and hold. A correction breaks nothing by what its event had said
    already.
    """
    left = {**_held_units(db, event_ids), **_held_stock(db, event_ids)}
    if not left:
        return []

    ids = id_set(db, {one.event_id for one in left})
    events = {event.id: event for event in db.scalars(select(Event).where(Event.id.in_(ids)))}
    flagged = _flagged(db, ids)
    broken: dict[int, Broken] = {}
    for one, holds in sorted(left.items(), key=lambda pair: pair[0][0]):
        event = events[one.event_id]
        found = broken.setdefault(event.id, Broken(event))
        found.breaches += _breaches(event, one, holds)
        cases = {hold.case_number for hold in holds}
        found.cases |= cases
        if (event.id, one.unit_id, one.lot_id) in flagged:
            continue
        flagged.add((event.id, one.unit_id, one.lot_id))
        raise_flag(
            db, event, RULE, unit_id=one.unit_id, lot_id=one.lot_id,
            facts={"cases": sorted(cases)}, at=event.recorded_at,
        )  # fmt: skip
    for found in broken.values():
        db.add_all(found.breaches)
    db.flush()
    return list(broken.values())


def _breaches(event: Event, one: _Left, holds: Iterable[Holding]) -> list[HoldBreach]:
    return [
        HoldBreach(
            hold_id=holding.hold_id,
            unit_id=one.unit_id,
            lot_id=one.lot_id,
            tranche_id=one.tranche_id,
            quantity=one.quantity,
            door=DOORS[one.far],
            event_id=event.id,
            found_at=event.recorded_at,
        )
        for holding in holds
    ]


def _flagged(db: Session, event_ids: Select[int]) -> set[tuple[int, int | None, int | None]]:
    rows = db.execute(
        select(Flag.event_id, Flag.unit_id, Flag.lot_id).where(
            Flag.event_id.in_(event_ids), Flag.rule.in_(SAID_ALREADY)
        )
    )
    return {(event_id, unit_id, lot_id) for event_id, unit_id, lot_id in rows}


def _is_told() -> ColumnElement[bool]:
    """Return the rule for an event that moves something and did not ask the gate first."""
    told = or_(Event.type.not_in(ASKED), Event.source != "holdfast", Event.corrects_id.is_not(None))
    return Event.type.not_in(NO_MOVE) & told


# --- units -----------------------------------------------------------------------------------


def _held_units(db: Session, event_ids: Select[int]) -> dict[_Left, tuple[Holding, ...]]:
    moved = _moved_units(db, event_ids)
    parts = {one.unit_id or 0 for one, is_part in moved if is_part}
    others = {one.unit_id or 0 for one, is_part in moved if not is_part}
    # a part does not take over the hold on what it is put into
    held = {
        False: holdings_of_units(db, others),
        True: holdings_of_units(db, parts, is_alone=True),
    }
    holds = {one: held[is_part][one.unit_id or 0] for one, is_part in moved}
    by_event: dict[int, list[_Left]] = defaultdict(list)
    for one, bearing in holds.items():
        if bearing:
            by_event[one.event_id].append(one)
    left: dict[_Left, tuple[Holding, ...]] = {}
    for event_id, ones in by_event.items():
        event = db.get_one(Event, event_id)
        before = fold(db, [one.unit_id or 0 for one in ones], before=event)
        for one in ones:
            if _went_further(one, before):
                left[one] = holds[one]
    return left


def _moved_units(db: Session, event_ids: Select[int]) -> list[tuple[_Left, bool]]:
    """Return the units that events put out of our hands, and whether as a part of another.

    What lies inside another goes with it, and is not told of by itself.
    """
    said = aliased(EventLink)
    rows = db.execute(
        select(
            EventLink.event_id, EventLink.unit_id, EventLink.role, EventLink.custody, said.custody
        )
        .join(Event, Event.id == EventLink.event_id)
        .outerjoin(said, (said.event_id == Event.corrects_id) & (said.unit_id == EventLink.unit_id))
        .where(
            EventLink.event_id.in_(event_ids),
            EventLink.custody.in_(FAR),
            EventLink.role != "carried",
            _is_told(),
        )
    )
    return [
        (_Left(event_id, FAR[custody], unit_id), role == "child")
        for event_id, unit_id, role, custody, said_before in rows
        if custody is not None and FAR.get(said_before or "", 0) < FAR[custody]
    ]


def _went_further(one: _Left, before: Mapping[int, State]) -> bool:
    """Say whether it was nearer when it happened; what came to be out there never left us."""
    was = before.get(one.unit_id or 0)
    return was is not None and FAR.get(was.custody, 0) < one.far


# --- quantities ------------------------------------------------------------------------------


def _held_stock(db: Session, event_ids: Select[int]) -> dict[_Left, tuple[Holding, ...]]:
    moved = _moved_stock(db, event_ids)
    probes = [
        LotStock(id=number, lot_id=one.lot_id, tranche_id=one.tranche_id, location_id=0)
        for number, one in enumerate(moved)
    ]
    held = holdings_of_stock(db, probes)
    return {one: held[number] for number, one in enumerate(moved) if held[number]}


def _moved_stock(db: Session, event_ids: Select[int]) -> Sequence[_Left]:
    """Return the quantities that went further: out of nearer rows into ones further away."""
    moving = (
        select(StockPosting.event_id)
        .join(Event, Event.id == StockPosting.event_id)
        .where(
            StockPosting.event_id.in_(event_ids),
            StockPosting.custody.in_(FAR),
            StockPosting.quantity > 0,
            Event.corrects_id.is_(None),
            _is_told(),
        )
    )
    sums: dict[tuple[int, int, int], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in db.scalars(select(StockPosting).where(StockPosting.event_id.in_(moving))):
        sums[row.event_id, row.lot_id, row.tranche_id][FAR.get(row.custody, 0)] += row.quantity
    left = []
    for (event_id, lot_id, tranche_id), by_far in sorted(sums.items()):
        for far in DOORS:
            quantity = min(by_far[far], -sum(by_far[:far], Decimal(0)))
            if quantity > 0:
                left.append(_Left(event_id, far, None, lot_id, tranche_id, quantity))
    return left
