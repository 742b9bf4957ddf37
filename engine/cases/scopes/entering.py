"""Bringing a frozen scope into the unit balance: a million postings inside the database."""

# ruff: noqa: S608  the parts of a statement come from here, values are bound

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache

from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.balance import LET_OUT, NOT_HELD, OF_CUSTODY, SCOPE, Holding
from engine.cases.models import Case, Posting
from engine.cases.reach import NEVER_EXISTED
from engine.db import SCALE, UtcDateTime
from engine.people.person import Person
from engine.serials.active import holdings_of_stock
from engine.serials.models import CUSTODY, LotStock, TraceRunStock
from engine.serials.sets import id_set, is_sqlite
from engine.serials.trace.search import Search

RELEASED = "released_not_affected"
# what is frozen is held in the same step: nothing lies open in our hands in between
PLACES = {
    custody: NOT_HELD.get(account, account)
    for custody, account in OF_CUSTODY.items()
    if custody != NEVER_EXISTED
}


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
    given = {
        "run": run_id, "beside": beside or 0, "case": case.id, "evidence": evidence,
        "by": by.id if by else None, "at": at,
    }  # fmt: skip
    count = db.execute(_units(is_sqlite(db)), given).rowcount  # type: ignore[attr-defined]  # a statement that writes has a count
    balance.forget_lying(db, case)
    quantity = _enter_lots(db, case, run_id, beside, evidence=evidence, by=by, at=at)
    return int(count), quantity


@cache
def _units(sqlite: bool) -> TextClause:  # noqa: FBT001 - one of two kinds of database
    search = Search(sqlite)
    words = " ".join(f"WHEN {CUSTODY.code(c)} THEN '{account}'" for c, account in PLACES.items())
    custodies = ", ".join(str(CUSTODY.code(name)) for name in PLACES)
    last = (
        "coalesce((SELECT p.to_account FROM posting p WHERE p.unit_id = w.unit_id"
        " AND p.case_id = :case ORDER BY p.id DESC LIMIT 1), 'scope')"
    )
    found = search.step(
        f"w.unit_id, {{custody}} AS custody, {last} AS account",
        "trace_run_unit w",
        "unit n",
        f"n.id = w.unit_id AND n.custody IN ({custodies})",
        custody="n.custody",
    )
    found += " AND " if sqlite else " WHERE "
    found += "w.run_id = :run AND w.unit_id = w.root_id"
    before = (
        "EXISTS (SELECT 1 FROM trace_run_unit b WHERE b.run_id = :beside"
        " AND b.unit_id = f.unit_id AND b.root_id = b.unit_id)"
    )
    return text(
        "INSERT INTO posting (case_id, from_account, to_account, unit_id, quantity, evidence,"
        " by_id, at)"
        f" SELECT :case, f.account, CASE f.custody {words} END, f.unit_id, {SCALE}, :evidence,"
        " CAST(:by AS bigint), :at"
        f" FROM ({found}) f WHERE f.account = '{SCOPE}'"
        f" OR (f.account = '{RELEASED}' AND NOT {before})"
    ).bindparams(bindparam("at", type_=UtcDateTime()))


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
    by_lot: dict[int, list[LotStock]] = {}
    for row in rows:
        by_lot.setdefault(row.lot_id, []).append(row)
    total = Decimal(0)
    for lot_id, lying in sorted(by_lot.items()):
        if lot_id not in entered:
            parts = [(row, row.quantity, SCOPE) for row in lying]
        elif lot_id in again and (released := entered[lot_id].get(RELEASED, Decimal(0))):
            parts = _spread(lying, released, RELEASED)
        else:
            parts = _spread(lying, _more(db, case, lying, entered[lot_id]), SCOPE)
        total += _post(db, case, lot_id, parts, evidence=evidence, by=by, at=at)
    return total


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


def _entered(db: Session, case: Case, lots: set[int]) -> dict[int, dict[str, Decimal]]:
    """Return what of each lot lies in which account; a lot that never came in is not there."""
    known = select(Posting.lot_id).where(
        Posting.case_id == case.id, Posting.lot_id.in_(id_set(db, lots))
    )
    entered: dict[int, dict[str, Decimal]] = {
        lot_id: {} for lot_id in db.scalars(known.distinct()) if lot_id is not None
    }
    for one in balance.holdings_of(db, case.id, lots=entered) if entered else ():
        accounts = entered[one.lot_id or 0]
        accounts[one.account] = accounts.get(one.account, Decimal(0)) + one.quantity
    return entered


def _more(
    db: Session, case: Case, lying: list[LotStock], entered: Mapping[str, Decimal]
) -> Decimal:
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
    return there - sum((q for name, q in entered.items() if name not in LET_OUT), Decimal(0))


def _spread(
    lying: list[LotStock], quantity: Decimal, account: str
) -> list[tuple[LotStock, Decimal, str]]:
    """Take a quantity out of the rows, first what lies with us."""
    parts = []
    for row in sorted(lying, key=lambda row: (row.custody not in ("in_house", "returned"), row.id)):
        taken = min(quantity, row.quantity)
        if taken > 0:
            parts.append((row, taken, account))
            quantity -= taken
    return parts


def _post(
    db: Session,
    case: Case,
    lot_id: int,
    parts: list[tuple[LotStock, Decimal, str]],
    *,
    evidence: str,
    by: Person | None,
    at: datetime,
) -> Decimal:
    for row, quantity, account in parts:
        came = [Holding(account, None, lot_id, quantity)]
        balance.post(db, case, came, to=PLACES[row.custody], evidence=evidence, by=by, at=at)
    return sum((quantity for _, quantity, _ in parts), Decimal(0))
