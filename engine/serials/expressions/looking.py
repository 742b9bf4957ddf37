"""What is recorded under the numbers of a text: a fixed number of queries, however many."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.serials import named
from engine.serials.begins import begins
from engine.serials.expressions.ranges import Range, within
from engine.serials.models import (
    Container,
    Event,
    EventFact,
    EventNode,
    ExternalId,
    Location,
    Lot,
    Part,
    Party,
    Segment,
    Shipment,
    Unit,
)
from engine.serials.named import Match, Named
from engine.serials.sets import id_set, text_set
from engine.serials.vocabulary import FACTS as NAMES


@dataclass(frozen=True)
class Place:
    """A place that a text may name by its code or its name."""

    id: int
    code: str
    name: str


@dataclass(frozen=True)
class Group:
    """How many lots or units of one part begin so, or lie in a range."""

    part_id: int
    part_no: str
    maker: str
    count: int


@dataclass
class Recorded:
    """What is recorded under each number."""

    units: Named = field(default_factory=dict)
    lots: Named = field(default_factory=dict)
    parts: Named = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)
    places: dict[str, list[Place]] = field(default_factory=dict)
    facts: set[tuple[str, str]] = field(default_factory=set)
    containers: dict[str, int] = field(default_factory=dict)  # by SSCC
    made_at: set[int] = field(default_factory=set)  # the places at which runs were made
    shipped_to: set[int] = field(default_factory=set)

    def knows(self, number: str) -> bool:
        """Say whether anything at all is recorded under a number."""
        tables = (self.units, self.lots, self.parts, self.places)
        return any(number in table for table in tables) or number in self.orders

    def fact(self, name: str, value: str) -> bool:
        """Say whether an event names this."""
        return (name, value) in self.facts

    def called(self, value: str) -> list[str]:
        """Return what events name by this: equipment, an operator, a document."""
        return [name for name in NAMES if name in NAMED_BY_EVENTS and (name, value) in self.facts]


def recorded(db: Session, numbers: set[str]) -> Recorded:
    """Look every number up as everything it may be."""
    if not numbers:
        return Recorded()
    others = named.others(db, numbers)
    facts = {
        (row.name, row.value)
        for row in db.execute(
            select(EventFact.name, EventFact.value)
            .where(EventFact.value.in_(text_set(db, numbers)), EventFact.name.in_(NAMED_BY_EVENTS))
            .distinct()
        )
    }
    places = _places(db, numbers)
    ids = {one.id for some in places.values() for one in some}
    supplied = _supplied(db, {value for name, value in facts if name == "supplier_lot"})
    return Recorded(
        units=_both(named.units(db, numbers), _of(others, "unit")),
        lots=_both(named.lots(db, numbers), _of(others, "lot"), supplied),
        parts=named.parts(db, numbers),
        orders=_orders(db, numbers) | {value for name, value in facts if name == "work_order"},
        places=places,
        facts=facts,
        containers=_containers(db, numbers),
        made_at=_used(db, Segment.site_id, ids),
        shipped_to=_used(db, Shipment.location_id, ids),
    )


def _used(db: Session, column: InstrumentedAttribute[Any], ids: set[int]) -> set[int]:
    if not ids:
        return set()
    return set(db.scalars(select(column).where(column.in_(id_set(db, ids))).distinct()))


def _containers(db: Session, numbers: set[str]) -> dict[str, int]:
    digits = {one for number in numbers if (one := sscc_in(number))}
    if not digits:
        return {}
    rows = db.execute(
        select(Container.sscc, Container.id).where(Container.sscc.in_(text_set(db, digits)))
    )
    return {row.sscc: row.id for row in rows}


def sscc_in(number: str) -> str | None:
    """Return the 18 digits of an SSCC that stands alone, with its identifier 00 or without."""
    if not number.isascii() or not number.isdigit():
        return None
    digits = number[2:] if len(number) == SSCC + 2 and number.startswith("00") else number
    return digits if len(digits) == SSCC else None


SSCC = 18
# without a name SQLite would look through every event's facts
NAMED_BY_EVENTS = tuple(NAMES)


def _supplied(db: Session, numbers: set[str]) -> Named:
    """Return the lots that were received under these numbers of their suppliers."""
    if not numbers:
        return {}
    rows = db.execute(
        select(EventFact.value, EventNode.node_id)
        .join(EventNode, EventNode.event_id == EventFact.event_id)
        .join(Event, Event.id == EventFact.event_id)
        .where(
            EventFact.name == "supplier_lot",
            EventFact.value.in_(text_set(db, numbers)),
            EventNode.role.in_(("subject", "output")),
        )
    ).all()
    lots = named.lots_by_id(db, {row.node_id for row in rows})
    found: dict[str, list[Match]] = defaultdict(list)
    for value, node_id in rows:
        if node_id in lots and lots[node_id] not in found[value]:
            found[value].append(lots[node_id])
    return found


def _of(others: Named, kind: str) -> Named:
    return {
        number: kept
        for number, matches in others.items()
        if (kept := [one for one in matches if one.kind == kind])
    }


def _both(*tables: Named) -> Named:
    found: dict[str, list[Match]] = {}
    for table in tables:
        for number, matches in table.items():
            known = found.setdefault(number, [])
            known.extend(one for one in matches if one.id not in {k.id for k in known})
    return found


def _orders(db: Session, numbers: set[str]) -> set[str]:
    rows = db.scalars(
        select(Segment.work_order).where(Segment.work_order.in_(text_set(db, numbers))).distinct()
    )
    return {one for one in rows if one is not None}


def _places(db: Session, numbers: set[str]) -> dict[str, list[Place]]:
    listed = text_set(db, numbers)
    found: dict[str, list[Place]] = defaultdict(list)
    rows = db.execute(
        select(Location.id, Location.code, Location.name, Party.code, Party.name)
        .join(Party, Party.id == Location.party_id)
        .where(
            or_(
                Location.code.in_(listed),
                Location.name.in_(listed),
                Party.code.in_(listed),
                Party.name.in_(listed),
            )
        )
        .order_by(Location.code)
    )
    for id_, code, name, party_code, party in rows:
        for said in {code, name, party_code, party} & numbers:
            found[said].append(Place(id_, code, name))
    return found


def lots_within(
    db: Session, *, beginning: str | None = None, range: Range | None = None
) -> list[Group]:
    """Return the lots that begin so or lie in a range, counted by part."""
    counted = (
        select(Lot.part_id, func.count(Lot.id).label("count"))
        .where(Lot.id.in_(lots_of(beginning, range)), ~Lot.is_unknown)
        .group_by(Lot.part_id)
    )
    return _groups(db, counted)


def units_within(
    db: Session, *, beginning: str | None = None, range: Range | None = None
) -> list[Group]:
    """Return the units that begin so or lie in a range, counted by part."""
    counted = (
        select(Unit.part_id, func.count(Unit.id).label("count"))
        .where(Unit.id.in_(units_of(beginning, range)))
        .group_by(Unit.part_id)
    )
    return _groups(db, counted)


def _groups(db: Session, query: Select[int, int]) -> list[Group]:
    counted = query.subquery()
    rows = db.execute(
        select(Part.id, Part.part_no, Party.name, counted.c.count)
        .join(Party, Party.id == Part.manufacturer_id)
        .join(counted, counted.c.part_id == Part.id)
        .order_by(Part.part_no, Part.id)
    )
    return [Group(*row) for row in rows]


def lots_of(beginning: str | None, range: Range | None) -> CompoundSelect[int]:
    """Return the lots whose number, or what another system calls them, begins so or lies in it."""
    # a union: with OR neither database would use both indexes
    own = select(Lot.id).where(_is_named(Lot.lot_no, beginning, range))
    return union(own, _also("lot", beginning, range))


def units_of(beginning: str | None, range: Range | None) -> CompoundSelect[int]:
    """Return the units whose serial, or what another system calls them, begins so or lies in it."""
    own = select(Unit.id).where(_is_named(Unit.serial, beginning, range))
    return union(own, _also("unit", beginning, range))


def _also(kind: str, beginning: str | None, range: Range | None) -> Select[int]:
    # without the function SQLite looks through every name of the entity instead of the range
    is_one = func.coalesce(ExternalId.entity, "") == kind
    return select(ExternalId.entity_id).where(_is_named(ExternalId.value, beginning, range), is_one)


def _is_named(
    column: InstrumentedAttribute[Any], beginning: str | None, range: Range | None
) -> ColumnElement[bool]:
    if beginning is not None:
        return begins(column, beginning)
    if range is None:
        message = "neither a beginning nor a range"
        raise ValueError(message)
    return within(column, range)
