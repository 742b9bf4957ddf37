"""Which cases a unit or a lot is affected by, and where each counts it now."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine.cases.accounts import AFFECTED
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
    return _affecting(db, BalanceUnit, BalanceUnit.unit_id == unit_id)


def affecting_lot(db: Session, lot_id: int) -> list[Affecting]:
    """Return the cases that a lot, or a unit made of it, is affected by; drills are left out."""
    return _affecting(db, BalanceTotal, BalanceTotal.lot_id == lot_id)


def _affecting(
    db: Session, kept: type[BalanceUnit | BalanceTotal], rule: ColumnElement[bool]
) -> list[Affecting]:
    rows = (
        select(Case.number, Case.title, Case.state, kept.account)
        .join(kept, kept.case_id == Case.id)
        .where(rule, ~Case.is_drill, kept.account.in_(AFFECTED))
        .order_by(Case.number.desc())
    )
    found: dict[tuple[str, str, str], set[str]] = {}
    for number, title, state, account in db.execute(rows.distinct()):
        found.setdefault((number, title, state), set()).add(account)
    return [
        Affecting(*case, tuple(name for name in AFFECTED if name in accounts))
        for case, accounts in found.items()
    ]
