"""A case follows its units: what the serial store records moves the balance in the same step."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance
from engine.cases import affected, answers as kept, balance, evaluation, holding
from engine.cases.balance import ACCOUNTS, OF_CUSTODY, Holding
from engine.cases.breaches import open_breaches
from engine.cases.flagged import tell_flags
from engine.cases.models import Case, Posting, Subject
from engine.cases.recalls.destroying import closed_last, flag_reported
from engine.cases.scopes import following as recalled
from engine.serials import holds
from engine.serials.active import holdings_of_stock
from engine.serials.models import (
    Event,
    EventLink,
    EventNode,
    Location,
    LotStock,
    StockPosting,
    Unit,
    UnitRoot,
)
from engine.serials.sets import id_set

# these bring new things into the world or back to us: they may be affected
BRINGING = frozenset(
    {
        "received",
        "built",
        "kitted",
        "input_added",
        "lot_added",
        "lot_split",
        "lot_merged",
        "relabelled",
        "installed",
        "removed",
        "serviced",
        "returned",
    }
)

HOLDING = ("hold_placed", "hold_released")
HERE = ("in_house", "held", "at_third_party", "held_elsewhere")
# decided on where it was; come back into our hands it is to be decided on again
DECIDED = {
    "in_transit": ("left_without_field_action", "unresolved", "lost"),
    "at_consignee": (
        "left_without_field_action",
        "unresolved",
        "lost",
        "used",
        "destroyed_at_consignee",
    ),
    "not_found": ("unresolved", "lost"),
}
DECIDED_AWAY = frozenset(account for accounts in DECIDED.values() for account in accounts)
# what comes out of a custody comes out of these accounts, what was promised to come first
OUT_OF = {
    "at_consignee": (
        "return_announced",
        "confirmed_at_consignee",
        "in_use_until_corrected",
        "at_consignee",
        "passed_on",
        "not_received",
    ),
    "in_transit": ("in_transit", "return_announced"),
}
STRUCK_OUT = "recorded_in_error"
# what a quantity that lies nowhere any more has become; else it is in what it was built into
NOWHERE = {"stock_adjusted": "not_found", "never_existed": STRUCK_OUT}

# the case whose own disposition is acting: it posts what it does itself, under its own words
_acting: ContextVar[int | None] = ContextVar("acting", default=None)


@contextmanager
def acting(case: Case) -> Iterator[None]:
    """Keep `follow` from posting for this case what its own disposition posts."""
    token = _acting.set(case.id)
    try:
        yield
    finally:
        _acting.reset(token)


def follow(db: Session, events: list[Event]) -> None:
    """Post what events mean for open cases, and hold what newly came (a sink of the store).

    What a correction drops from the event it corrects is followed too. The cases are locked, by
    ascending id: of two who move one unit at once the second sees where the first put it.
    """
    ids = [event.id for event in events]
    unit_events = _unit_events(db, events)
    postings = list(
        db.scalars(
            select(StockPosting)
            .where(StockPosting.event_id.in_(id_set(db, ids)))
            .order_by(StockPosting.id)
        )
    )
    units, lots = set(unit_events), {row.lot_id for row in postings}
    at = events[-1].recorded_at
    flag_reported(db, events)
    moved = [
        case
        for case in _cases_with(db, units, lots)
        if case.id != _acting.get() and balance.lock(db, case)
    ]
    for case in moved:
        _move_units(db, case, unit_events)
        _move_stock(db, case, postings)
    if any(event.type in BRINGING for event in events):
        nodes = _nodes(db, events)
        for case in _open_cases(db):
            _take_in(db, case, units, nodes | lots, at)
        recalled.take_in(db, units, at=at)
    for case in moved:
        if case.process == "recall":  # it holds what its frozen scope names
            recalled.hold_what_came(db, case, units, at=at)
        else:
            _hold_what_came(db, case, at)
    open_breaches(db, ids, at=at)
    tell_flags(db, ids, at=at)
    for case in moved:
        evaluation.ensure(db, case, by=None, at=at)


def lock_cases(db: Session, *, units: Collection[int], lots: Collection[int]) -> None:
    """Lock the open cases that follow these goods, before the goods themselves are locked.

    Whoever works on a case has it and wants its goods; whoever moves goods would have them and
    want the case. One order everywhere, the case first, by ascending id: nobody waits in a ring.
    """
    for case in _cases_with(db, set(units), set(lots)):
        if case.id != _acting.get():
            balance.lock(db, case)


def _unit_events(db: Session, events: list[Event]) -> dict[int, Event]:
    """Return the units that events are about, each with the last one that moved it, or named it."""
    last: dict[int, tuple[bool, int]] = {}
    # a hold moves nothing, and may be on a million
    told = {event.id: event for event in events if event.type not in HOLDING}
    corrected = {event.corrects_id: event.id for event in events if event.corrects_id is not None}
    rows = db.execute(
        select(EventLink.unit_id, EventLink.event_id, EventLink.custody)
        .where(EventLink.event_id.in_(id_set(db, {*told, *corrected})))
        .order_by(EventLink.event_id)
    )
    for unit_id, event_id, custody in rows:
        by = corrected.get(event_id, event_id)
        last[unit_id] = max(last.get(unit_id, (False, 0)), (custody is not None, by))
    return {unit_id: told[event_id] for unit_id, (_, event_id) in last.items()}


def _nodes(db: Session, events: list[Event]) -> set[int]:
    """Return the lots and runs that events, and those they correct, are about."""
    ids = {event.id for event in events} | {event.corrects_id or 0 for event in events}
    return set(db.scalars(select(EventNode.node_id).where(EventNode.event_id.in_(id_set(db, ids)))))


def _cases_with(db: Session, units: set[int], lots: set[int]) -> list[Case]:
    """Return the open cases in whose balance any of these is."""
    touched = select(Posting.case_id).where(
        Posting.unit_id.in_(id_set(db, units)) | Posting.lot_id.in_(id_set(db, lots))
    )
    return list(
        db.scalars(select(Case).where(Case.state == "open", Case.id.in_(touched)).order_by(Case.id))
    )


def _open_cases(db: Session) -> list[Case]:
    named = select(Subject.case_id).where(
        Subject.unit_id.is_not(None) | Subject.lot_id.is_not(None)
    )
    return list(
        db.scalars(
            select(Case)
            .where(Case.state == "open", Case.process != "recall", Case.id.in_(named))
            .order_by(Case.id)
        )
    )


def _move_units(db: Session, case: Case, unit_events: dict[int, Event]) -> None:
    listed = id_set(db, unit_events)
    # a unit inside another goes with its host
    inside = set(
        db.scalars(
            select(UnitRoot.unit_id).where(
                UnitRoot.unit_id.in_(listed), UnitRoot.root_id != UnitRoot.unit_id
            )
        )
    )
    rows = db.execute(
        select(Unit.id, Unit.custody, Location.party_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(Unit.id.in_(listed))
    )
    custody = {unit_id: (word, party_id) for unit_id, word, party_id in rows}
    moves: dict[tuple[str, int, int], list[Holding]] = {}
    for one in balance.holdings_of(db, case.id, units=unit_events):
        unit_id = one.unit_id or 0
        word, there = custody.get(unit_id, ("", None))
        to = balance.SCOPE if unit_id in inside else OF_CUSTODY.get(word)
        with_whom = (there or 0) if to in OUT_OF else balance.SAME
        if (
            to is None
            or not _may_move(one.account, to)
            or _same_place(one, to, with_whom or one.party_id)
        ):
            continue
        # what comes from elsewhere is held by a hold, never by a posting alone
        if one.account in balance.IN_HOUSE:
            to = balance.NOT_HELD.get(to, to)
        moves.setdefault((to, unit_events[unit_id].id, with_whom), []).append(one)
    events = {event.id: event for event in unit_events.values()}
    for (to, event_id, with_whom), lying in sorted(moves.items()):
        event = events[event_id]
        balance.post(
            db, case, lying, to=to, evidence=event.type, by=None, at=event.recorded_at,
            event_id=event_id, party_id=with_whom,
        )  # fmt: skip


def _may_move(account: str, to: str | None) -> bool:
    if ACCOUNTS[account].is_open or account == STRUCK_OUT:
        return True  # what is seen somewhere existed after all: a fact is never swallowed
    return account in DECIDED_AWAY and to in HERE


def _same_place(one: Holding, to: str, party_id: int | None) -> bool:
    """Say whether an account already says what the custody says, held or not, and with whom.

    What a consignee has said of what is with it says more than its custody.
    """
    if one.account in OUT_OF.get(to, ()):
        return one.party_id == party_id
    return one.account in (to, balance.NOT_HELD.get(to))


Place: TypeAlias = tuple[str, int | None]  # an account, and the consignee where it is with one


def _move_stock(db: Session, case: Case, postings: Sequence[StockPosting]) -> None:
    """Move held quantities between accounts as the postings of the store say.

    What was already let out of the case's hold is nobody's concern here.
    """
    bearing = holdings_of_stock(
        db,
        [
            LotStock(id=p.id, lot_id=p.lot_id, tranche_id=p.tranche_id, location_id=p.location_id)
            for p in postings
        ],
    )
    parties = dict(
        db.execute(
            select(Location.id, Location.party_id).where(
                Location.id.in_(id_set(db, {row.location_id for row in postings}))
            )
        ).all()
    )
    changes: dict[int, dict[Place, Decimal]] = {}
    last: dict[int, int] = {}
    for row in postings:
        account = OF_CUSTODY.get(row.custody)
        # a drill places no hold: what it would hold is what lies in its balance
        is_held = case.is_drill or any(h.case_number == case.number for h in bearing[row.id])
        if account is None or not is_held:
            continue
        with_whom = parties[row.location_id] if account in OUT_OF else None
        place = (balance.NOT_HELD.get(account, account), with_whom)
        change = changes.setdefault(row.lot_id, {})
        change[place] = change.get(place, Decimal(0)) + row.quantity
        last[row.lot_id] = max(last.get(row.lot_id, 0), row.event_id)
    for lot_id, change in changes.items():
        _rebalance(db, case, lot_id, change, db.get_one(Event, last[lot_id]))


def _rebalance(
    db: Session, case: Case, lot_id: int, change: dict[Place, Decimal], event: Event
) -> None:
    come = {place: quantity for place, quantity in change.items() if quantity > 0}
    for place, quantity in change.items():
        left = -quantity
        for to, room in list(come.items()):
            moved = min(left, room)
            if moved > 0:
                _move_quantity(db, case, lot_id, moved, place=place, to=to, event=event)
                come[to] -= moved
                left -= moved
        if left > 0:
            to = (NOWHERE.get(event.type, balance.SCOPE), None)
            _move_quantity(db, case, lot_id, left, place=place, to=to, event=event)


def _move_quantity(
    db: Session,
    case: Case,
    lot_id: int,
    quantity: Decimal,
    *,
    place: Place,
    to: Place,
    event: Event,
) -> None:
    """Post a quantity out of where it lay; never more than the case has there or struck out."""
    (account, with_whom), (goes, to_whom) = place, to
    sources = OUT_OF.get(account, (account,))
    if goes in HERE:
        sources = (*sources, *DECIDED.get(account, ()))
    lying = [
        one
        for one in balance.holdings_of(db, case.id, lots=[lot_id])
        if one.account == STRUCK_OUT
        or (one.account in sources and (with_whom is None or one.party_id in (None, with_whom)))
    ]
    order = (*sources, STRUCK_OUT)
    # of what is here that comes first which never left; of what is away, theirs
    lying.sort(key=lambda one: (order.index(one.account), one.party_id != with_whom))
    if event.type == "destroyed":
        lying = closed_last(db, case, lying)
    balance.post(
        db,
        case,
        balance.taken(lying, quantity),
        to=goes,
        evidence=event.type,
        by=None,
        at=event.recorded_at,
        event_id=event.id,
        party_id=to_whom or balance.SAME,
    )


def _take_in(db: Session, case: Case, units: set[int], nodes: set[int], at: datetime) -> None:
    """Settle and hold when something new turns out to be, or to contain, a suspect."""
    found = affected.trace_of(db, case)
    if not (found.unit_ids & units or set(found.lot_ids) & nodes) or not balance.lock(db, case):
        return
    settled = affected.settle(db, case, by=None, at=at)
    if _is_to_hold(db, case):
        holding.place(db, case, settled, by=None, at=at)


def _hold_what_came(db: Session, case: Case, at: datetime) -> None:
    """Hold what is in our hands again by whatever event, where the case wants it held."""
    if balance.holdings(db, case.id, accounts=tuple(balance.NOT_HELD)) and _is_to_hold(db, case):
        holding.place(db, case, affected.settle(db, case, by=None, at=at), by=None, at=at)


def _is_to_hold(db: Session, case: Case) -> bool:
    """Say whether what comes into our hands is held: by what people want, not by what was held.

    All of it may have been out of our hands until now. What was screened out goes free.
    """
    here = case.instance_id
    triage = kept.latest(db, case, case.process, "triage", instance_id=here)
    if triage is not None and triage.answers.get("outcome") == "confirmed":
        return True
    if kept.latest(db, case, case.process, "confirm_screening", instance_id=here) is not None:
        return False

    report = kept.latest(db, case, case.process, "report")
    asked = report is not None and bool(report.answers.get("hold_now"))
    return asked or _was_reopened(db, case) or bool(holds.of_case(db, case.number))


def _was_reopened(db: Session, case: Case) -> bool:
    earlier = select(Instance.id).where(
        Instance.business_key == case.number,
        Instance.process == case.process,
        Instance.id != case.instance_id,
    )
    return db.scalar(earlier.limit(1)) is not None
