"""The unit balance: every affected unit is in exactly one account, by double entry.

A posting moves a unit, or a quantity of a lot, from one account to another; the first comes from
`scope`. Nothing is rewritten: a mistake is undone by a second posting. Unknown is never zero.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Select, Subquery, bindparam, func, select, union_all
from sqlalchemy.orm import Session

from engine.cases.models import Case, Posting
from engine.cases.once import forget, once
from engine.errors import Refused
from engine.people.person import Person
from engine.serials.sets import id_param, id_value, is_sqlite
from engine.words import N_

SCOPE = "scope"
_LYING = "lying"


@dataclass(frozen=True)
class Account:
    """One account: its words, whether what lies in it waits for a decision, and is affected."""

    label: str
    is_open: bool
    is_affected: bool = True


# the order is the order of every table that shows a balance
ACCOUNTS: dict[str, Account] = {
    "in_house": Account(N_("In house, not on hold yet"), is_open=True),
    "held": Account(N_("On hold in house"), is_open=True),
    "at_third_party": Account(N_("At a third party, not on hold yet"), is_open=True),
    "held_elsewhere": Account(N_("On hold at a third party"), is_open=True),
    "in_transit": Account(N_("In transit"), is_open=True),
    "at_consignee": Account(N_("At a consignee"), is_open=True),
    "not_found": Account(N_("Not found"), is_open=True),
    "released_under_concession": Account(N_("Released under concession"), is_open=False),
    "released_no_fault": Account(N_("Released, no fault found"), is_open=False),
    "released_after_sorting": Account(N_("Released after sorting"), is_open=False),
    "released_not_affected": Account(N_("Released as not affected"), is_open=False),
    "reworked": Account(N_("Reworked and released"), is_open=False),
    "repaired": Account(N_("Repaired and released"), is_open=False),
    "regraded": Account(N_("Regraded and released"), is_open=False),
    "returned_to_supplier": Account(N_("Returned to the supplier"), is_open=False),
    "destroyed": Account(N_("Destroyed"), is_open=False),
    "kept_as_sample": Account(N_("Kept as samples"), is_open=False),
    "in_other_case": Account(N_("In the case this one duplicates"), is_open=False),
    "transferred_to_recall": Account(N_("Transferred to a recall"), is_open=False),
    "left_without_field_action": Account(N_("Left control, no field action"), is_open=False),
    "unresolved": Account(N_("Unresolved after documented effort"), is_open=False),
    "recorded_in_error": Account(
        N_("Never existed, recorded in error"), is_open=False, is_affected=False
    ),
}
IN_HOUSE = ("held", "held_elsewhere")
NOT_HELD = {"in_house": "held", "at_third_party": "held_elsewhere"}  # what a hold moves where
# what went back into use or was never there: no hold of the case bears on it any more
LET_OUT = (
    "released_under_concession",
    "released_no_fault",
    "released_after_sorting",
    "released_not_affected",
    "reworked",
    "repaired",
    "regraded",
    "recorded_in_error",
)
LEFT_CONTROL = ("in_transit", "at_consignee", "not_found")
# where a unit's custody puts it, while nothing is decided about it
OF_CUSTODY = {
    "in_house": "in_house",
    "returned": "in_house",
    "at_third_party": "at_third_party",
    "in_transit": "in_transit",
    "at_consignee": "at_consignee",
    "destroyed": "destroyed",
    "never_existed": "recorded_in_error",
    "unknown": "not_found",
}


class BalanceIncomplete(Refused):
    """%(quantity)s affected units are still open (%(accounts)s). Account for them first."""


@dataclass(frozen=True)
class Holding:
    """What lies in an account now: one unit (quantity 1), or a quantity of a lot.

    What nobody could identify lies there by its description, the subject of the case.
    """

    account: str
    unit_id: int | None
    lot_id: int | None
    quantity: Decimal
    subject_id: int | None = None


def post(
    db: Session,
    case: Case,
    parts: Iterable[Holding],
    *,
    to: str,
    evidence: str,
    by: Person | None,
    at: datetime,
    event_id: int | None = None,
) -> int:
    """Move `parts`, each out of its own account, into `to`; return how many moved. Flushes."""
    postings = [
        Posting(
            case_id=case.id,
            from_account=part.account,
            to_account=to,
            unit_id=part.unit_id,
            lot_id=part.lot_id,
            subject_id=part.subject_id,
            quantity=part.quantity,
            event_id=event_id,
            evidence=evidence,
            by_id=by.id if by else None,
            at=at,
        )
        for part in parts
        if part.account != to
    ]
    if postings:
        db.add_all(postings)
        db.flush()
        forget(db, (_LYING, case.id))
    return len(postings)


def holdings(db: Session, case_id: int, *, accounts: Sequence[str] | None = None) -> list[Holding]:
    """Return what lies in each account of a case; `accounts` narrows it."""
    lying = once(db, (_LYING, case_id), lambda: _read(db, {"case_id": case_id}))
    return [one for one in lying if accounts is None or one.account in accounts]


def holdings_of(
    db: Session, case_id: int, *, units: Iterable[int] = (), lots: Iterable[int] = ()
) -> tuple[Holding, ...]:
    """Return what lies in the accounts of a case of these units, or of these lots; read anew."""
    of = "unit_id" if units else "lot_id"
    return _read(db, {"case_id": case_id, "ids": id_value(db, units or lots)}, of=of)


def forget_lying(db: Session, case: Case) -> None:
    """Read the balance of a case anew: postings were written inside the database."""
    forget(db, (_LYING, case.id))


def lock(db: Session, case: Case) -> bool:
    """Lock a case to the end of the transaction; say whether it is still open.

    What was read of its balance before the lock may be a colleague's past: it is read anew.
    """
    return once(db, ("locked", case.id), lambda: _lock(db, case))


def _lock(db: Session, case: Case) -> bool:
    db.flush()
    db.refresh(case, with_for_update=True)
    forget(db, (_LYING, case.id))
    return case.state == "open"


def _read(db: Session, asked: dict[str, Any], *, of: str = "") -> tuple[Holding, ...]:
    rows = db.execute(_holdings(is_sqlite(db), of), asked)
    return tuple(Holding(*row) for row in rows)


@cache
def _holdings(sqlite: bool, of: str) -> Select[Any]:  # noqa: FBT001 - the key of the cache
    """Return the query; it takes longer to build than to run."""
    moves = _moves(sqlite, of)
    total = func.sum(moves.c.quantity)
    return (
        select(moves.c.account, moves.c.unit_id, moves.c.lot_id, total, moves.c.subject_id)
        .where(moves.c.account != SCOPE)
        .group_by(moves.c.account, moves.c.unit_id, moves.c.lot_id, moves.c.subject_id)
        .having(total != 0)
        .order_by(moves.c.lot_id, moves.c.unit_id, moves.c.subject_id)
    )


def _moves(sqlite: bool, of: str) -> Subquery:  # noqa: FBT001 - one of two kinds
    where = [Posting.case_id == bindparam("case_id")]
    if of:
        where.append(getattr(Posting, of).in_(id_param(sqlite)))
    what = (Posting.unit_id, Posting.lot_id, Posting.subject_id)
    ins = select(Posting.to_account.label("account"), *what, Posting.quantity).where(*where)
    outs = select(Posting.from_account, *what, (-Posting.quantity).label("quantity")).where(*where)
    return union_all(ins, outs).subquery()


def totals(db: Session, case_id: int) -> dict[str, Decimal]:
    """Return the quantity in every account that is not empty, in the order of `ACCOUNTS`."""
    sums: dict[str, Decimal] = {}
    for holding in holdings(db, case_id):
        sums[holding.account] = sums.get(holding.account, Decimal(0)) + holding.quantity
    return {name: sums[name] for name in ACCOUNTS if name in sums}


def affected(sums: Mapping[str, Decimal]) -> Decimal:
    """Return how much of these totals is affected: what never existed is shown, not counted."""
    counted = (quantity for name, quantity in sums.items() if ACCOUNTS[name].is_affected)
    return sum(counted, Decimal(0))


def affected_of(db: Session, case_ids: Iterable[int]) -> dict[int, Decimal]:
    """Return how much each of these cases affects, in one query."""
    ids = set(case_ids)
    counted = [name for name, account in ACCOUNTS.items() if account.is_affected]
    ins = select(Posting.case_id, Posting.quantity).where(Posting.to_account.in_(counted))
    outs = select(Posting.case_id, -Posting.quantity).where(Posting.from_account.in_(counted))
    moves = union_all(*(one.where(Posting.case_id.in_(ids)) for one in (ins, outs))).subquery()
    case_id, quantity = moves.columns
    rows = db.execute(select(case_id, func.sum(quantity)).group_by(case_id))
    return {row[0]: row[1] for row in rows}


def holdings_sha256(db: Session, case_id: int) -> str:
    """Return the fingerprint of which unit and which quantity lies in which account."""
    lying = sorted(
        f"{one.account} {one.unit_id} {one.lot_id} {one.subject_id} {one.quantity.normalize():f}"
        for one in holdings(db, case_id)
    )
    return hashlib.sha256("\n".join(lying).encode()).hexdigest()


def refuse_unless_complete(db: Session, case: Case) -> None:
    """Raise `BalanceIncomplete` while anything lies in an open account."""
    still_open = {n: q for n, q in totals(db, case.id).items() if ACCOUNTS[n].is_open}
    if still_open:
        raise BalanceIncomplete(
            quantity=sum(still_open.values()),
            accounts=", ".join(f"{ACCOUNTS[n].label}: {q}" for n, q in still_open.items()),
        )
