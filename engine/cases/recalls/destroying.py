"""What may not be destroyed or altered yet: an authority has to know first, or to be there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.balance import IN_HOUSE, NOT_HELD, Holding
from engine.cases.dispositions import Part
from engine.cases.models import BalanceTotal, BalanceUnit, Case
from engine.cases.names import stock_names
from engine.cases.recalls import gates
from engine.cases.recalls.doings import DESTROYING, REWORKING, Doing, HeldBack, problems_in
from engine.cases.recalls.models import Gate
from engine.errors import Invalid
from engine.serials.flags import raise_flag
from engine.serials.models import (
    Event,
    EventLink,
    Location,
    LotStock,
    Party,
    StockPosting,
    Unit,
)
from engine.serials.record import StockPart
from engine.serials.sets import id_set
from engine.serials.units import contents

HERE = (*IN_HOUSE, *NOT_HELD)
IN_HAND = ("in_house", "returned", "at_third_party")  # the custody of what lies in those accounts
ALTERED_TOO_EARLY = "altered_too_early"
# facts that a gate on destruction would have held back: the rule they broke, and what was done
REPORTED = {
    "destroyed": ("destroyed_too_early", DESTROYING),
    "serviced": (ALTERED_TOO_EARLY, REWORKING),
}
Sites: TypeAlias = dict[int, dict[str | None, Decimal]]  # of each lot, how much in each country


@dataclass(frozen=True)
class Closed:
    """What is closed in one recall: it answers for consignees and sites."""

    db: Session
    case: Case
    doing: Doing
    known: dict[str | None, Gate | None]

    def of(self, country: str | None) -> Gate | None:
        """Return the gate that holds back a country; where none is known, any that is closed."""
        if country not in self.known:
            self.known[country] = gates.destruction_closed(
                self.db, self.case, country, alters=self.doing.alters
            )
        return self.known[country]


def held_back(
    db: Session,
    parts: Iterable[Part],
    *,
    doing: Doing = DESTROYING,
    gone: Iterable[tuple[int, int, Decimal]] = (),
) -> list[HeldBack]:
    """Return what of these nobody may do this to yet: by every open recall in which it is affected.

    A unit, with everything inside it, falls under the country of the consignee that has it or sent
    it back, one that never left us under that of its site; where none is known, under any closed
    gate. Of a lot what may go goes first. `gone` is what of lots just left a place.
    """
    asked = list(parts)
    units = {one.unit_id for one in asked if one.unit_id is not None}
    units |= contents(db, units)
    lots: dict[int, Decimal] = defaultdict(Decimal)
    for one in asked:
        if one.lot_id is not None:
            lots[one.lot_id] += one.quantity
    recalls = _recalls_with(db, units, lots)
    sites = _sites(db, lots, gone) if recalls else {}  # the same for every recall
    found: list[tuple[Case, Found]] = []
    for case in recalls:
        closed = Closed(db, case, doing, {})
        found += [(case, one) for one in _units(closed, units)]
        found += [(case, one) for one in _lots(closed, lots, sites)]
    names = stock_names(db, [(one.unit_id, one.lot_id) for _, one in found])
    return [
        HeldBack(case.number, one.gate, one.unit_id, one.lot_id,
                 names[one.unit_id, one.lot_id].name, one.free, doing)
        for case, one in found
    ]  # fmt: skip


def refuse(
    db: Session,
    *,
    units: Iterable[int] = (),
    stock_parts: Iterable[StockPart] = (),
    doing: Doing = DESTROYING,
) -> None:
    """Raise `Invalid` where a closed gate holds back any of what is about to be destroyed."""
    asked = [(db.get_one(LotStock, one.stock_id), one.quantity) for one in stock_parts]
    taken = [Taken(row.lot_id, row.custody, row.location_id, much) for row, much in asked]
    if problems := problems_in("", _held_of(db, units, taken, doing=doing)):
        raise Invalid(problems)


def flag_reported(db: Session, events: Iterable[Event]) -> None:
    """Flag what was destroyed or altered while a gate was closed: it happened, so it is recorded.

    Asked before the balance follows, for that says where things were. Events of which no recall
    knows anything cost a few queries, however many they are.
    """
    done = [event for event in events if event.type in REPORTED]
    if not done:
        return
    units, taken = _done_by(db, done)
    every = {unit_id for each in units.values() for unit_id in each}
    lots = {one.lot_id for each in taken.values() for one in each}
    if not _recalls_with(db, every | contents(db, every), lots):
        return
    for event in done:
        rule, doing = REPORTED[event.type]
        of_lots = taken[event.id]
        gone = [(one.lot_id, one.location_id, one.quantity) for one in of_lots if one.is_here]
        for held in _held_of(db, units[event.id], of_lots, doing=doing, gone=gone):
            facts = {"cases": [held.case_number], "authority": held.authority}
            raise_flag(
                db, event, rule, unit_id=held.unit_id, lot_id=held.lot_id, facts=facts,
                at=event.recorded_at,
            )  # fmt: skip


def is_too_early(db: Session, case: Case, country: str | None) -> bool:
    """Say whether an authority has to know first of what is destroyed in a country."""
    return not case.is_drill and gates.destruction_closed(db, case, country) is not None


def closed_last(
    db: Session, case: Case, lying: Iterable[Holding], *, doing: Doing = DESTROYING
) -> list[Holding]:
    """Return quantities of lots with what a gate holds back last: what may go is what went."""
    asked = list(lying)
    if case.process != "recall":
        return asked
    closed = Closed(db, case, doing, {})
    countries = _countries(db, {one.party_id for one in asked if one.party_id is not None})
    sites = _sites(db, {one.lot_id for one in asked if one.lot_id is not None})

    def is_held_back(one: Holding) -> bool:
        if one.party_id is not None:
            return closed.of(countries[one.party_id]) is not None
        return any(closed.of(country) for country in sites.get(one.lot_id or 0, {}))

    return sorted(asked, key=is_held_back)


@dataclass(frozen=True)
class Taken:
    """A quantity of a lot, and where it is taken from."""

    lot_id: int
    custody: str
    location_id: int
    quantity: Decimal

    @property
    def is_here(self) -> bool:
        """Say whether it is in our hands: who sent it back, the balance knows."""
        return self.custody in IN_HAND


@dataclass(frozen=True)
class Found:
    """What a gate holds back, without its name."""

    gate: Gate
    unit_id: int | None
    lot_id: int | None
    free: Decimal = Decimal(0)


def _done_by(
    db: Session, events: Iterable[Event]
) -> tuple[defaultdict[int, list[int]], defaultdict[int, list[Taken]]]:
    """Return the units, and the quantities of lots, that each of these events dealt with.

    What a service fitted was altered by nobody before: the device was, and what was taken out.
    """
    asked = list(events)
    ids = id_set(db, [event.id for event in asked])
    serviced = id_set(db, [event.id for event in asked if event.type == "serviced"])
    units: defaultdict[int, list[int]] = defaultdict(list)
    links = select(EventLink.event_id, EventLink.unit_id).where(
        EventLink.event_id.in_(ids),
        EventLink.event_id.not_in(serviced) | EventLink.role.in_(("subject", "removed")),
    )
    for event_id, unit_id in db.execute(links):
        units[event_id].append(unit_id)
    taken: defaultdict[int, list[Taken]] = defaultdict(list)
    row = StockPosting
    postings = select(row.event_id, row.lot_id, row.custody, row.location_id, -row.quantity).where(
        row.event_id.in_(ids), row.event_id.not_in(serviced), row.quantity < 0
    )
    for event_id, lot_id, custody, location_id, quantity in db.execute(postings):
        taken[event_id].append(Taken(lot_id, custody, location_id, quantity))
    return units, taken


def _held_of(
    db: Session,
    units: Iterable[int],
    taken: Sequence[Taken],
    *,
    doing: Doing = DESTROYING,
    gone: Iterable[tuple[int, int, Decimal]] = (),
) -> list[HeldBack]:
    """Return what is held back of units and of quantities, here or with a consignee."""
    here = [Part(None, one.lot_id, one.quantity) for one in taken if one.is_here]
    parts = [*(Part(one, None, Decimal(1)) for one in units), *here]
    found = held_back(db, parts, doing=doing, gone=gone)
    away = [one for one in taken if not one.is_here]
    places = _countries_of_places(db, {one.location_id for one in away})
    names = stock_names(db, [(None, one.lot_id) for one in away])
    for one in away:
        for case in _recalls_with(db, set(), [one.lot_id]):
            place = places[one.location_id]
            gate = gates.destruction_closed(db, case, place, alters=doing.alters)
            if gate is not None:
                name = names[None, one.lot_id].name
                found.append(HeldBack(case.number, gate, None, one.lot_id, name, doing=doing))
    return found


def _recalls_with(db: Session, units: Iterable[int], lots: Iterable[int]) -> list[Case]:
    """Return the open recalls these are affected in; a drill keeps nobody from anything."""
    affected = union(
        select(BalanceUnit.case_id).where(BalanceUnit.unit_id.in_(id_set(db, units))),
        select(BalanceTotal.case_id).where(BalanceTotal.lot_id.in_(id_set(db, lots))),
    )
    return list(
        db.scalars(
            select(Case)
            .where(
                Case.process == "recall",
                Case.state == "open",
                ~Case.is_drill,
                Case.id.in_(affected),
            )
            .order_by(Case.id)
        )
    )


def _units(closed: Closed, units: Iterable[int]) -> Iterator[Found]:
    if not units:
        return
    db = closed.db
    lying = balance.holdings_of(db, closed.case.id, units=units)
    countries = _countries(db, {one.party_id for one in lying if one.party_id is not None})
    at_home = db.execute(
        select(Unit.id, Party.country)
        .join(Location, Location.id == Unit.location_id)
        .join(Party, Party.id == Location.party_id)
        .where(Unit.id.in_(id_set(db, {one.unit_id or 0 for one in lying})))
    )
    sites: dict[int, str | None] = {row[0]: row[1] for row in at_home}
    for one in lying:
        of_party = one.party_id is not None
        country = countries[one.party_id or 0] if of_party else sites.get(one.unit_id or 0)
        if gate := closed.of(country):
            yield Found(gate, one.unit_id, None)


def _lots(closed: Closed, lots: Mapping[int, Decimal], sites: Sites) -> Iterator[Found]:
    """Yield the lots of which more is asked than no gate holds back."""
    if not lots:
        return
    db = closed.db
    rows = balance.holdings_of(db, closed.case.id, lots=lots)
    lying = [one for one in rows if one.account in HERE]
    countries = _countries(db, {one.party_id for one in lying if one.party_id is not None})
    for lot_id, asked in lots.items():
        of_lot = [one for one in lying if one.lot_id == lot_id]
        back = [(countries[one.party_id], one.quantity) for one in of_lot if one.party_id]
        at_home = sum((one.quantity for one in of_lot if not one.party_id), Decimal(0))
        # what never left lies in one of these places, nobody knows how much of it in which
        never_left = [(country, min(at_home, there)) for country, there in sites[lot_id].items()]
        stopping = [
            (gate, quantity)
            for country, quantity in [*back, *never_left]
            if quantity and (gate := closed.of(country))
        ]
        there = at_home + sum((quantity for _, quantity in back), Decimal(0))
        free = max(there - sum((quantity for _, quantity in stopping), Decimal(0)), Decimal(0))
        if stopping and asked > free:
            yield Found(stopping[0][0], None, lot_id, free)


def _countries(db: Session, party_ids: Iterable[int]) -> dict[int, str | None]:
    rows = db.execute(select(Party.id, Party.country).where(Party.id.in_(id_set(db, party_ids))))
    return {row[0]: row[1] for row in rows}


def _countries_of_places(db: Session, location_ids: Iterable[int]) -> dict[int, str | None]:
    rows = db.execute(
        select(Location.id, Party.country)
        .join(Party, Party.id == Location.party_id)
        .where(Location.id.in_(id_set(db, location_ids)))
    )
    return {row[0]: row[1] for row in rows}


def _sites(
    db: Session, lot_ids: Iterable[int], gone: Iterable[tuple[int, int, Decimal]] = ()
) -> Sites:
    """Return how much of each lot is in our hands in each country, and what has just gone."""
    rows = db.execute(
        select(LotStock.lot_id, LotStock.location_id, LotStock.quantity).where(
            LotStock.lot_id.in_(id_set(db, lot_ids)), LotStock.custody.in_(IN_HAND)
        )
    )
    lying = [*((row[0], row[1], row[2]) for row in rows), *gone]
    countries = _countries_of_places(db, {location_id for _, location_id, _ in lying})
    found: Sites = {lot_id: {} for lot_id in lot_ids}
    for lot_id, location_id, quantity in lying:
        at, country = found[lot_id], countries[location_id]
        at[country] = at.get(country, Decimal(0)) + quantity
    return found
