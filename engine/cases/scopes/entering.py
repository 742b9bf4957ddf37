"""Bringing a frozen scope into the unit balance: a million postings inside the database."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import FromClause, Select, case as when, func, literal, null, select
from sqlalchemy.orm import Session, aliased

from engine.cases import balance
from engine.cases.balance import LEFT_CONTROL, LET_OUT, NOT_HELD, OF_CUSTODY, SCOPE, Holding
from engine.cases.models import BalanceUnit, Case, Posting
from engine.cases.reach import NEVER_EXISTED
from engine.people.person import Person
from engine.serials.active import holdings_of_stock
from engine.serials.models import Location, LotStock, TraceRunStock, TraceRunUnit, Unit
from engine.serials.sets import id_set, is_sqlite

RELEASED = "released_not_affected"
# what is frozen is held in the same step: nothing lies open in our hands in between
PLACES = {
    custody: NOT_HELD.get(account, account)
    for custody, account in OF_CUSTODY.items()
    if custody != NEVER_EXISTED
}
AWAY = tuple(custody for custody, account in PLACES.items() if account in LEFT_CONTROL)


def enter(
    db: Session,
    case: Case,
    run_id: int,
    *,
    beside: int | None,
    evidence: str,
    by: Person | None,
    at: datetime,
) -> tuple[int, Decimal]:
    """Post what a run found, where it is now, and return how many units and how much of lots.

    What the case has already stays where it lies. What a scope before let go, and this one takes
    up again, comes back out of `released_not_affected`.
    """
    units = _units(case, run_id, beside, sqlite=is_sqlite(db))
    count = balance.post_set(db, case, units, evidence=evidence, by=by, at=at)
    quantity = _enter_lots(db, case, run_id, beside, evidence=evidence, by=by, at=at)
    return count, quantity


def _units(
    case: Case, run_id: int, beside: int | None, *, sqlite: bool
) -> Select[*tuple[Any, ...]]:
    """Choose the units that come in, in the columns of `balance.post_set`."""
    kept, before = TraceRunUnit, aliased(TraceRunUnit)
    now = _where_now(kept, sqlite=sqlite)
    lying = BalanceUnit
    account = func.coalesce(lying.account, SCOPE)
    was_in = (
        select(before.unit_id)
        .where(
            before.run_id == (beside or 0),
            before.unit_id == kept.unit_id,
            before.unit_id == before.root_id,
        )
        .exists()
    )
    with_whom = when((now.c.custody.in_(AWAY), Location.party_id), else_=null())
    return (
        select(
            account.label("account"),
            kept.unit_id,
            literal(None, Posting.lot_id.type).label("lot_id"),
            literal(Decimal(1), Posting.quantity.type).label("quantity"),
            literal(None, Posting.subject_id.type).label("subject_id"),
            lying.party_id,
            when(*((now.c.custody == word, to) for word, to in PLACES.items())).label("to_account"),
            with_whom.label("to_party_id"),
        )
        .select_from(kept)
        .join(now, now.c.id == kept.unit_id)
        .outerjoin(lying, lying.is_of(case.id) & (lying.unit_id == kept.unit_id))
        .outerjoin(Location, Location.id == now.c.location_id)
        .where(
            kept.run_id == run_id,
            kept.unit_id == kept.root_id,
            (account == SCOPE) | ((account == RELEASED) & ~was_in),
        )
    )


def _where_now(kept: type[TraceRunUnit], *, sqlite: bool) -> FromClause:
    """Look the units up one by one: a small run in a large store must not read all of it."""
    now = select(Unit.id, Unit.custody, Unit.location_id).where(Unit.custody.in_(list(PLACES)))
    if sqlite:  # which looks up whatever is joined by its key
        return now.subquery()
    return now.where(Unit.id == kept.unit_id).offset(0).lateral()


# --- quantities of lots: lots are few ---------------------------------------------------------


def _enter_lots(
    db: Session,
    case: Case,
    run_id: int,
    beside: int | None,
    *,
    evidence: str,
    by: Person | None,
    at: datetime,
) -> Decimal:
    """Post each affected quantity; of a lot the case has already, only what came since."""
    rows = _lying(db, run_id)
    again = _lots_of(db, run_id) - (_lots_of(db, beside) if beside else set())
    entered = _entered(db, case, {row.lot_id for row in rows})
    parties = _parties(db, rows)
    by_lot: dict[int, list[LotStock]] = {}
    for row in rows:
        by_lot.setdefault(row.lot_id, []).append(row)
    moves: list[tuple[Holding, str, int | None]] = []
    for lot_id, lying in sorted(by_lot.items()):
        come = sum((row.quantity for row in lying), Decimal(0))
        if lot_id in entered:
            come = _more(db, case, lying, entered[lot_id])
        moves += [
            (Holding(SCOPE, None, lot_id, quantity), PLACES[row.custody], parties.get(row.id))
            for row, quantity in _spread(lying, come)
        ]
        if lot_id in again:
            moves += _back(entered.get(lot_id, ()), lying, parties)
    for part, to, with_whom in moves:
        balance.post(
            db, case, [part], to=to, evidence=evidence, by=by, at=at, party_id=with_whom
        )  # fmt: skip
    return sum((part.quantity for part, _, _ in moves), Decimal(0))


def _lots_of(db: Session, run_id: int) -> set[int]:
    kept = select(TraceRunStock.lot_id).where(TraceRunStock.run_id == run_id)
    return set(db.scalars(kept.distinct()))


def _lying(db: Session, run_id: int) -> list[LotStock]:
    """Return where the affected lots lie now; what was built into something lies nowhere."""
    lots = select(TraceRunStock.lot_id).where(TraceRunStock.run_id == run_id)
    return list(
        db.scalars(
            select(LotStock)
            .where(
                LotStock.lot_id.in_(lots), LotStock.quantity > 0, LotStock.custody.in_(list(PLACES))
            )
            .order_by(LotStock.id)
        )
    )


def _parties(db: Session, rows: list[LotStock]) -> dict[int, int]:
    """Return with whom each row lies that is out of our hands."""
    away = {row.location_id: row.id for row in rows if row.custody in AWAY}
    found = select(Location.id, Location.party_id).where(Location.id.in_(id_set(db, away)))
    at = dict(db.execute(found).all()) if away else {}
    return {row.id: at[row.location_id] for row in rows if row.custody in AWAY}


def _entered(db: Session, case: Case, lots: set[int]) -> dict[int, list[Holding]]:
    """Return what of each lot lies in which account; a lot that never came in is not there."""
    known = select(Posting.lot_id).where(
        Posting.case_id == case.id, Posting.lot_id.in_(id_set(db, lots))
    )
    entered: dict[int, list[Holding]] = {
        lot_id: [] for lot_id in db.scalars(known.distinct()) if lot_id is not None
    }
    for one in balance.holdings_of(db, case.id, lots=entered) if entered else ():
        entered[one.lot_id or 0].append(one)
    return entered


def _more(db: Session, case: Case, lying: list[LotStock], entered: list[Holding]) -> Decimal:
    """Return how much more lies there than the case has; what was let go is nobody's concern."""
    bearing = holdings_of_stock(db, lying)
    there = sum(
        (
            row.quantity
            for row in lying
            if any(hold.case_number == case.number for hold in bearing[row.id])
        ),
        Decimal(0),
    )
    return there - sum((one.quantity for one in entered if one.account not in LET_OUT), Decimal(0))


def _spread(lying: list[LotStock], quantity: Decimal) -> list[tuple[LotStock, Decimal]]:
    """Take a quantity out of the rows, first what lies with us."""
    parts = []
    for row in sorted(lying, key=lambda row: (row.custody in AWAY, row.id)):
        taken = min(quantity, row.quantity)
        if taken > 0:
            parts.append((row, taken))
            quantity -= taken
    return parts


def _back(
    entered: Iterable[Holding], lying: list[LotStock], parties: Mapping[int, int]
) -> list[tuple[Holding, str, int | None]]:
    """Bring back what was let go: to whoever has it now, and what nobody has to us."""
    there: dict[int, Decimal] = {}
    for row in lying:
        if row.custody == "at_consignee":
            there[parties[row.id]] = there.get(parties[row.id], Decimal(0)) + row.quantity
    moves: list[tuple[Holding, str, int | None]] = []
    for one in entered:
        if one.account != RELEASED:
            continue
        with_them = min(one.quantity, there.get(one.party_id or 0, Decimal(0)))
        for quantity, to in ((with_them, "at_consignee"), (one.quantity - with_them, "held")):
            if quantity > 0:
                moves.append((replace(one, quantity=quantity), to, one.party_id))
    return moves
