"""One event as it is corrected, and the flags that facts have raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from engine.cases.pages import Page
from engine.people import PersonAccount
from engine.serials.correct import SIZED, WITH_INPUTS
from engine.serials.errors import EventUnknown
from engine.serials.models import (
    RULES,
    Event,
    EventFact,
    EventLink,
    EventNode,
    Flag,
    Location,
    Lot,
    Part,
    Segment,
    StockPosting,
    Unit,
)
from engine.serials.vocabulary import FACTS, FINAL, KINDS

SHOWN = 30
NAMED = 20  # goods of one event that are named


@dataclass(frozen=True)
class Goods:
    """One unit, lot or run."""

    kind: str
    id: int
    label: str


@dataclass(frozen=True)
class Shown:
    """One event with everything a person needs to correct it."""

    event_id: int
    type: str
    label: str
    event_at: datetime
    recorded_at: datetime
    by: str | None
    location: str | None
    goods: tuple[Goods, ...]
    more_goods: int
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    quantity: Decimal | None
    latest_id: int | None  # the version that stands, when it is not this one

    @property
    def has_inputs(self) -> bool:
        """Say whether lots went into what this event made."""
        return self.type in WITH_INPUTS

    @property
    def is_final(self) -> bool:
        """Say whether events of this type are not corrected."""
        return self.type in FINAL

    def words_of(self, name: str) -> str:
        """Return what a fact is called."""
        return FACTS[name]


def event_shown(db: Session, event_id: int) -> Shown:
    """Return one event; raises `EventUnknown`."""
    row = db.execute(
        select(Event, PersonAccount.printed_name, Location.name)
        .outerjoin(PersonAccount, PersonAccount.id == Event.actor_id)
        .outerjoin(Location, Location.id == Event.location_id)
        .where(Event.id == event_id)
    ).one_or_none()
    if row is None:
        raise EventUnknown
    event, by, location = row
    goods, count = _goods(db, event_id)
    return Shown(
        event.id, event.type, KINDS[event.type].label, event.event_at, event.recorded_at, by,
        location, goods, count - len(goods), _facts(db, event_id), _quantity(db, event),
        _latest(db, event_id),
    )  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One lot that an event says went in."""

    lot_id: int
    lot_no: str
    part_no: str


def inputs_of(db: Session, event_id: int) -> list[Input]:
    """Return the lots that an event says went in."""
    rows = db.execute(
        select(Lot.id, Lot.lot_no, Part.part_no)
        .join(EventNode, EventNode.node_id == Lot.id)
        .join(Part, Part.id == Lot.part_id)
        .where(EventNode.event_id == event_id, EventNode.role == "input")
        .order_by(Part.part_no, Lot.lot_no)
    )
    return [Input(*row) for row in rows]


def _goods(db: Session, event_id: int) -> tuple[tuple[Goods, ...], int]:
    units = (
        select(Unit.id, Unit.serial)
        .join(EventLink, EventLink.unit_id == Unit.id)
        .where(EventLink.event_id == event_id)
    )
    found = [
        Goods("unit", key, serial)
        for key, serial in db.execute(units.order_by(EventLink.role, Unit.id).limit(NAMED))
    ]
    for key, role, lot_id, lot_no, work_order in db.execute(
        select(EventNode.node_id, EventNode.role, Lot.id, Lot.lot_no, Segment.work_order)
        .outerjoin(Lot, Lot.id == EventNode.node_id)
        .outerjoin(Segment, Segment.id == EventNode.node_id)
        .where(EventNode.event_id == event_id)
        .order_by(EventNode.role.desc(), EventNode.node_id)
        .limit(NAMED)
    ):
        is_lot = lot_id == key
        one = Goods("lot", key, lot_no) if is_lot else Goods("segment", key, work_order or f"{key}")
        found.insert(0 if role == "output" else len(found), one)
    count = db.scalar(select(func.count()).select_from(units.subquery())) or 0
    nodes = select(func.count()).select_from(EventNode).where(EventNode.event_id == event_id)
    return tuple(found[:NAMED]), count + (db.scalar(nodes) or 0)


def _facts(db: Session, event_id: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    said: dict[str, list[str]] = {}
    for fact in db.scalars(
        select(EventFact).where(EventFact.event_id == event_id).order_by(EventFact.value)
    ):
        said.setdefault(fact.name, []).append(fact.value)
    return tuple((name, tuple(said[name])) for name in FACTS if name in said)


def _quantity(db: Session, event: Event) -> Decimal | None:
    if event.type not in SIZED:
        return None
    sums = db.scalars(
        select(StockPosting.quantity).where(
            StockPosting.event_id == event.id, StockPosting.quantity > 0
        )
    ).all()
    return sums[0] if len(sums) == 1 else None


def _latest(db: Session, event_id: int) -> int | None:
    latest = event_id
    while (later := db.scalar(select(Event.id).where(Event.corrects_id == latest))) is not None:
        latest = later
    return latest if latest != event_id else None


@dataclass(frozen=True)
class FlagRow:
    """One flag as the list shows it."""

    id: int
    rule: str
    label: str
    event: str
    event_at: datetime
    found_at: datetime
    goods: Goods | None
    facts: dict[str, Any]
    by: str | None
    seen_at: datetime | None
    seen_by: str | None
    seen_note: str | None


@dataclass(frozen=True)
class FlagsPage:
    """One page of flags."""

    rows: Sequence[FlagRow]
    page: Page


def flags_page(db: Session, *, is_seen: bool, page: int) -> FlagsPage:
    """Return one page of flags, the newest first: those nobody looked at, or the others."""
    which = Flag.seen_at.is_not(None) if is_seen else Flag.seen_at.is_(None)
    count = db.scalar(select(func.count(Flag.id)).where(which)) or 0
    seer = aliased(PersonAccount)
    rows = db.execute(
        select(Flag, Event, Unit.serial, Lot.lot_no, PersonAccount.printed_name, seer.printed_name)
        .join(Event, Event.id == Flag.event_id)
        .outerjoin(Unit, Unit.id == Flag.unit_id)
        .outerjoin(Lot, Lot.id == Flag.lot_id)
        .outerjoin(PersonAccount, PersonAccount.id == Event.actor_id)
        .outerjoin(seer, seer.id == Flag.seen_by_id)
        .where(which)
        .order_by(Flag.id.desc())
        .limit(SHOWN)
        .offset((page - 1) * SHOWN)
    )
    return FlagsPage(
        [
            FlagRow(
                flag.id, flag.rule, RULES[flag.rule], KINDS[event.type].label, event.event_at,
                flag.found_at, _flagged(flag, serial, lot_no), flag.facts, by, flag.seen_at,
                seen_by, flag.seen_note,
            )
            for flag, event, serial, lot_no, by, seen_by in rows
        ],
        Page(number=page, size=SHOWN, total_count=count),
    )  # fmt: skip


def _flagged(flag: Flag, serial: str | None, lot_no: str | None) -> Goods | None:
    if serial is not None:
        return Goods("unit", flag.unit_id or 0, serial)
    if lot_no is not None:
        return Goods("lot", flag.lot_id or 0, lot_no)
    return None


def open_flag_count(db: Session) -> int:
    """Return how many flags nobody has looked at."""
    return db.scalar(select(func.count(Flag.id)).where(Flag.seen_at.is_(None))) or 0
