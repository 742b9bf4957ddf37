"""A case follows its units: what the serial store records moves the balance in the same step."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance
from engine.cases import affected, answers as kept, balance, evaluation, holding
from engine.cases.balance import ACCOUNTS, OF_CUSTODY, Holding
from engine.cases.breaches import open_breaches
from engine.cases.flagged import tell_flags
from engine.cases.models import Case, Posting, Subject
from engine.serials import holds
from engine.serials.active import holdings_of_stock
from engine.serials.models import (
    Event,
    EventLink,
    EventNode,
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

HERE = ("in_house", "held", "at_third_party", "held_elsewhere")
# decided on where it was; come back into our hands it is to be decided on again
DECIDED = {
    "in_transit": "left_without_field_action",
    "at_consignee": "left_without_field_action",
    "not_found": "unresolved",
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
    """Post what events mean for open cases, and hold what newly came (a sink of the store)."""
    ids = [event.id for event in events]
    recorded = id_set(db, ids)
    units = set(db.scalars(select(EventLink.unit_id).where(EventLink.event_id.in_(recorded))))
    lots = set(db.scalars(select(StockPosting.lot_id).where(StockPosting.event_id.in_(recorded))))
    at = events[-1].recorded_at
    moved = [case for case in _cases_with(db, units, lots) if case.id != _acting.get()]
    for case in moved:
        _move_units(db, case, units, events[-1])
        _move_stock(db, case, ids, events[-1])
    if any(event.type in BRINGING for event in events):
        nodes = set(db.scalars(select(EventNode.node_id).where(EventNode.event_id.in_(recorded))))
        for case in _open_cases(db):
            _take_in(db, case, units, nodes | lots, at)
    for case in moved:
        _hold_what_came(db, case, at)
    open_breaches(db, ids, at=at)
    tell_flags(db, ids, at=at)
    for case in moved:
        evaluation.ensure(db, case, by=None, at=at)


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
        db.scalars(select(Case).where(Case.state == "open", Case.id.in_(named)).order_by(Case.id))
    )


def _move_units(db: Session, case: Case, units: set[int], event: Event) -> None:
    # a unit inside another goes with its host
    inside = set(
        db.scalars(
            select(UnitRoot.unit_id).where(
                UnitRoot.unit_id.in_(id_set(db, units)), UnitRoot.root_id != UnitRoot.unit_id
            )
        )
    )
    for unit in db.scalars(select(Unit).where(Unit.id.in_(id_set(db, units)))):
        to = balance.SCOPE if unit.id in inside else OF_CUSTODY.get(unit.custody)
        lying = [
            one
            for one in balance.holdings(db, case.id, unit_id=unit.id)
            if _may_move(one.account, to) and not _same_place(one.account, to)
        ]
        if to is not None and lying:
            was_held = lying[0].account in balance.IN_HOUSE
            balance.post(
                db,
                case,
                lying,
                # what comes from elsewhere is held by a hold, never by a posting alone
                to=balance.NOT_HELD.get(to, to) if was_held else to,
                evidence=event.type,
                by=None,
                at=event.recorded_at,
                event_id=event.id,
            )


def _may_move(account: str, to: str | None) -> bool:
    if ACCOUNTS[account].is_open or account == STRUCK_OUT:
        return True  # what is seen somewhere existed after all: a fact is never swallowed
    return account in DECIDED.values() and to in HERE


def _same_place(account: str, to: str | None) -> bool:
    """Say whether an account already says what the custody says, held or not."""
    return to is None or account == to or account == balance.NOT_HELD.get(to)


def _move_stock(db: Session, case: Case, event_ids: list[int], event: Event) -> None:
    """Move held quantities between accounts as the postings of the store say.

    What was already let out of the case's hold is nobody's concern here.
    """
    rows = db.scalars(select(StockPosting).where(StockPosting.event_id.in_(event_ids))).all()
    sums: dict[tuple[int, str], Decimal] = {}
    for row in rows:
        account = OF_CUSTODY.get(row.custody)
        if account is None or not _is_ours(db, case, row):
            continue
        place = balance.NOT_HELD.get(account, account)
        sums[row.lot_id, place] = sums.get((row.lot_id, place), Decimal(0)) + row.quantity
    for lot_id in {lot for lot, _ in sums}:
        change = {p: q for (lot, p), q in sums.items() if lot == lot_id}
        _rebalance(db, case, lot_id, change, event)


def _is_ours(db: Session, case: Case, row: StockPosting) -> bool:
    probe = LotStock(
        id=0, lot_id=row.lot_id, tranche_id=row.tranche_id, location_id=row.location_id
    )
    return any(h.case_number == case.number for h in holdings_of_stock(db, [probe])[0])


def _rebalance(
    db: Session, case: Case, lot_id: int, change: dict[str, Decimal], event: Event
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
            to = NOWHERE.get(event.type, balance.SCOPE)
            _move_quantity(db, case, lot_id, left, place=place, to=to, event=event)


def _move_quantity(
    db: Session, case: Case, lot_id: int, quantity: Decimal, *, place: str, to: str, event: Event
) -> None:
    """Post a quantity out of where it lay; never more than the case has there or struck out."""
    lying = {one.account: one for one in balance.holdings(db, case.id) if one.lot_id == lot_id}
    sources = (place, DECIDED[place]) if to in HERE and place in DECIDED else (place,)
    for account in (*sources, STRUCK_OUT):
        there = lying[account].quantity if account in lying else Decimal(0)
        moved = min(quantity, there)
        if moved > 0:
            part = Holding(account, None, lot_id, moved)
            balance.post(
                db,
                case,
                [part],
                to=to,
                evidence=event.type,
                by=None,
                at=event.recorded_at,
                event_id=event.id,
            )
            quantity -= moved


def _take_in(db: Session, case: Case, units: set[int], nodes: set[int], at: datetime) -> None:
    """Settle and hold when something new turns out to be, or to contain, a suspect."""
    found = affected.trace_of(db, case)
    if not (found.unit_ids & units or set(found.lot_ids) & nodes):
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
