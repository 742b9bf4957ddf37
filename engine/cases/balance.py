"""The unit balance: every affected unit is in exactly one account, by double entry.

A posting moves a unit, or a quantity of a lot, from one account to another; the first comes from
`scope`. Nothing is rewritten: a mistake is undone by a second posting. Unknown is never zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from engine.cases import lying
from engine.cases.accounts import (
    ACCOUNTS,
    AFFECTED,
    IN_HOUSE,
    LEFT_CONTROL,
    LET_OUT,
    NOT_HELD,
    OF_CUSTODY,
    SCOPE,
    WITH_CONSIGNEE,
)
from engine.cases.models import BalanceTotal, BalanceUnit, Case, Posting
from engine.cases.once import forget, once
from engine.cases.shares import By, Share, by
from engine.errors import Refused
from engine.jobs import MANY
from engine.people.person import Person
from engine.serials.sets import id_param, id_value, is_sqlite

__all__ = [
    "ACCOUNTS",
    "IN_HOUSE",
    "LEFT_CONTROL",
    "LET_OUT",
    "NOT_HELD",
    "OF_CUSTODY",
    "SCOPE",
    "WITH_CONSIGNEE",
    "BalanceIncomplete",
    "By",
    "Holding",
    "Share",
    "affected",
    "affected_of",
    "by",
    "holdings",
    "holdings_of",
    "holdings_sha256",
    "is_large",
    "lock",
    "lying_in",
    "post",
    "post_set",
    "refuse_unless_complete",
    "taken",
    "together",
    "totals",
]
SAME = 0  # no party has this number: it stays with the consignee it is with
_LYING = "lying"


class BalanceIncomplete(Refused):
    """%(quantity)s affected units are still open (%(accounts)s). Account for them first."""


@dataclass(frozen=True)
class Holding:
    """What lies in an account now: one unit (quantity 1), or a quantity of a lot.

    What nobody could identify lies there by its description, the subject of the case. The party
    is the consignee that has it or sent it back.
    """

    account: str
    unit_id: int | None
    lot_id: int | None
    quantity: Decimal
    subject_id: int | None = None
    party_id: int | None = None


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
    party_id: int | None = SAME,
) -> int:
    """Move `parts`, each out of its own account, into `to`; return how many moved. Flushes.

    They stay with the consignee they were with, or go to `party_id`. Raises `lying.Unbalanced`
    when a part does not lie where it is said to.
    """
    goes = [(part, part.party_id if party_id == SAME else party_id) for part in parts]
    postings = [
        Posting(
            case_id=case.id,
            from_account=part.account,
            to_account=to,
            from_party_id=part.party_id if part.account != SCOPE else None,
            to_party_id=with_whom if to != SCOPE else None,
            unit_id=part.unit_id,
            lot_id=part.lot_id,
            subject_id=part.subject_id,
            quantity=part.quantity,
            event_id=event_id,
            evidence=evidence,
            by_id=by.id if by else None,
            at=at,
        )
        for part, with_whom in goes
        if part.account != to or part.party_id != with_whom
    ]
    if postings:
        db.add_all(postings)
        db.flush()
        lying.carry(db, case.id, ids=[one.id for one in postings])
        forget(db, (_LYING, case.id))
    return len(postings)


def post_set(
    db: Session,
    case: Case,
    selection: Select[*tuple[Any, ...]],
    *,
    to: str | None = None,
    evidence: str,
    by: Person | None,
    at: datetime,
    event_id: int | None = None,
) -> int:
    """Move all that `selection` selects, a million at once, inside the database; return how many.

    It has the columns of `Holding` by name (`lying_in` gives what lies in accounts; what comes into
    the case has the account `SCOPE`), each thing once; where `to` is None a column `to_account`
    says where each goes, and a column `to_party_id`, if it has one, with whom it is then. The case
    is locked. Raises `lying.Unbalanced`.
    """
    lock(db, case)
    said = {"evidence": evidence, "by_id": by.id if by else None, "at": at, "event_id": event_id}
    count = lying.post_all(db, case.id, selection, to=to, said=said)
    forget(db, (_LYING, case.id))
    return count


def lying_in(
    case_id: int, accounts: Iterable[str] | None = None, *, party_id: int | None = None
) -> Select[*tuple[Any, ...]]:
    """Return the query of what lies in accounts of a case, with a consignee: see `post_set`."""
    units = select(
        BalanceUnit.account,
        BalanceUnit.unit_id,
        literal(None, BalanceUnit.lot_id.type).label("lot_id"),
        literal(Decimal(1), Posting.quantity.type).label("quantity"),
        literal(None, BalanceUnit.lot_id.type).label("subject_id"),
        BalanceUnit.party_id,
    ).where(BalanceUnit.case_id == case_id)
    total = BalanceTotal
    stock = select(
        total.account,
        literal(None, BalanceUnit.lot_id.type),
        func.nullif(total.lot_id, 0),
        total.quantity,
        func.nullif(total.subject_id, 0),
        func.nullif(total.party_id, 0),
    ).where(total.case_id == case_id, ~total.counts_units)
    if accounts is not None:
        names = tuple(accounts)
        units, stock = (
            units.where(BalanceUnit.account.in_(names)),
            stock.where(total.account.in_(names)),
        )
    if party_id is not None:
        units, stock = (
            units.where(BalanceUnit.party_id == party_id),
            stock.where(total.party_id == party_id),
        )
    both = union_all(units, stock).subquery()
    return select(both)


def holdings(db: Session, case_id: int, *, accounts: Sequence[str] | None = None) -> list[Holding]:
    """Return what lies in each account of a case; `accounts` narrows it.

    All of it is read: never ask it of the units of a recall, `post_set` moves those.
    """
    key = tuple(accounts) if accounts is not None else None
    read: dict[tuple[str, ...] | None, list[Holding]] = once(db, (_LYING, case_id), dict)
    if key not in read:
        both = lying_in(case_id, key).subquery()
        in_order = select(both).order_by(both.c.lot_id, both.c.unit_id, both.c.subject_id,
                                         both.c.account, both.c.party_id)  # fmt: skip
        read[key] = [Holding(*row) for row in db.execute(in_order).all()]
    return list(read[key])


def holdings_of(
    db: Session, case_id: int, *, units: Iterable[int] = (), lots: Iterable[int] = ()
) -> tuple[Holding, ...]:
    """Return what lies in the accounts of a case of these units, or of these lots; read anew."""
    asked = {"case_id": case_id, "ids": id_value(db, units or lots)}
    rows = db.execute(_holdings_of(is_sqlite(db), "unit_id" if units else "lot_id"), asked)
    return tuple(Holding(*row) for row in rows)


@cache
def _holdings_of(sqlite: bool, of: str) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - the key of the cache
    """Return the query; it takes longer to build than to run."""
    unit, total = BalanceUnit, BalanceTotal
    case_id = bindparam("case_id", type_=unit.case_id.type)
    if of == "unit_id":
        return (
            select(unit.account, unit.unit_id, literal(None), literal(Decimal(1)), literal(None),
                   unit.party_id)
            .where(unit.case_id == case_id, unit.unit_id.in_(id_param(sqlite)))
            .order_by(unit.unit_id)
        )  # fmt: skip
    return (
        select(total.account, literal(None), total.lot_id, total.quantity,
               func.nullif(total.subject_id, 0), func.nullif(total.party_id, 0))
        .where(total.case_id == case_id, ~total.counts_units, total.lot_id.in_(id_param(sqlite)))
        .order_by(total.lot_id, total.account, total.party_id)
    )  # fmt: skip


def taken(lying: Iterable[Holding], quantity: Decimal) -> list[Holding]:
    """Return what of these makes up a quantity, in their order; less where less lies there."""
    parts = []
    for one in lying:
        part = min(quantity, one.quantity)
        if part > 0:
            parts.append(replace(one, quantity=part))
            quantity -= part
    return parts


def together(lying: Iterable[Holding]) -> list[Holding]:
    """Return holdings with those of one account and lot as one, whoever has them."""
    sums: dict[tuple[str, int | None, int | None, int | None], Decimal] = {}
    for one in lying:
        key = (one.account, one.unit_id, one.lot_id, one.subject_id)
        sums[key] = sums.get(key, Decimal(0)) + one.quantity
    return [Holding(*key[:3], quantity, key[3]) for key, quantity in sums.items()]


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


def totals(db: Session, case_id: int) -> dict[str, Decimal]:
    """Return the quantity in every account that is not empty, in the order of `ACCOUNTS`."""
    kept = BalanceTotal
    rows = db.execute(
        select(kept.account, func.sum(kept.quantity, type_=kept.quantity.type))
        .where(kept.case_id == case_id)
        .group_by(kept.account)
    )
    sums: dict[str, Decimal] = {row[0]: row[1] for row in rows}
    return {name: sums[name] for name in ACCOUNTS if name in sums}


def affected(sums: Mapping[str, Decimal]) -> Decimal:
    """Return how much of these totals is affected: what never existed is shown, not counted."""
    counted = (quantity for name, quantity in sums.items() if ACCOUNTS[name].is_affected)
    return sum(counted, Decimal(0))


def affected_of(db: Session, case_ids: Iterable[int]) -> dict[int, Decimal]:
    """Return how much each of these cases affects, in one query."""
    kept = BalanceTotal
    rows = db.execute(
        select(kept.case_id, func.sum(kept.quantity, type_=kept.quantity.type))
        .where(kept.case_id.in_(set(case_ids)), kept.account.in_(AFFECTED))
        .group_by(kept.case_id)
    )
    return {row[0]: row[1] for row in rows}


def is_large(db: Session, case_id: int) -> bool:
    """Say whether a case counts more than `MANY` units: what takes long of it is a job's."""
    units = select(BalanceUnit.unit_id).where(BalanceUnit.case_id == case_id)
    return db.scalar(units.offset(MANY).limit(1)) is not None


def holdings_sha256(db: Session, case_id: int) -> str:
    """Return the fingerprint of which unit and which quantity lies in which account, with whom."""
    return lying.fingerprint(db, case_id)


def refuse_unless_complete(db: Session, case: Case) -> None:
    """Raise `BalanceIncomplete` while anything lies in an open account."""
    still_open = {n: q for n, q in totals(db, case.id).items() if ACCOUNTS[n].is_open}
    if still_open:
        raise BalanceIncomplete(
            quantity=sum(still_open.values()),
            accounts=", ".join(f"{ACCOUNTS[n].label}: {q}" for n, q in still_open.items()),
        )
