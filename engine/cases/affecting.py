"""Which cases a unit or a lot is affected by, and where each counts it now."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from engine.cases.accounts import ACCOUNTS
from engine.cases.models import BalanceTotal, BalanceUnit, Case


@dataclass(frozen=True)
class Affecting:
    """A case that something is affected by, and the accounts of its balance that hold it."""

    number: str
    title: str
    state: str
    accounts: tuple[str, ...]


def affecting_unit(db: Session, unit_id: int) -> list[Affecting]:
    """Return the cases that a unit is affected by, the newest first; drills are left out."""
    return _cases(db, _of(BalanceUnit), BalanceUnit.unit_id == unit_id)


def affecting_lot(db: Session, lot_id: int) -> list[Affecting]:
    """Return the cases that a lot, or a unit made of it, is affected by; drills are left out."""
    return _cases(db, _of(BalanceTotal), BalanceTotal.lot_id == lot_id)


Rows = Select[str, str, str, str]


def _of(kept: type[BalanceUnit | BalanceTotal]) -> Rows:
    rows = select(Case.number, Case.title, Case.state, kept.account).distinct()
    return rows.join(kept, kept.case_id == Case.id).order_by(Case.number.desc())


def _cases(db: Session, rows: Rows, rule: ColumnElement[bool]) -> list[Affecting]:
    affected = [name for name, one in ACCOUNTS.items() if one.is_affected]
    found: dict[str, tuple[str, str, list[str]]] = {}
    for number, title, state, account in db.execute(rows.where(rule, ~Case.is_drill)):
        if account in affected:
            found.setdefault(number, (title, state, []))[2].append(account)
    return [
        Affecting(number, title, state, tuple(_in_order(accounts)))
        for number, (title, state, accounts) in found.items()
    ]


def _in_order(accounts: Iterable[str]) -> list[str]:
    order = list(ACCOUNTS)
    return sorted(accounts, key=order.index)
