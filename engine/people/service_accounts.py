"""Accounts of systems (ERP, MES, WMS): opened by the administrator, answered for by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.errors import Invalid, NotFound, Problem
from engine.people.accounts import NewPerson, open_account
from engine.people.models import PersonAccount
from engine.people.permissions import authorize
from engine.people.person import Person
from engine.people.record import record
from engine.people.systems import is_service
from engine.people.token_models import ServiceAccount
from engine.words import N_


class NotAServiceAccount(NotFound):
    """There is no service account here. Look at the list again."""


@dataclass(frozen=True)
class Service:
    """A service account with the person who answers for it."""

    account: PersonAccount
    purpose: str
    responsible: PersonAccount


def open_service_account(
    db: Session,
    user_name: str,
    printed_name: str,
    *,
    purpose: str,
    responsible_id: int,
    by: Person,
    at: datetime,
) -> ServiceAccount:
    """Open an account for a system; it never has a password and never signs. Flushes.

    Raises `Invalid`, also where nobody answers for it.
    """
    authorize(by, "token.manage")
    problems = []
    if not purpose.strip():
        problems.append(Problem("purpose", N_("Enter what the system is and what it does here.")))
    answers = db.get(PersonAccount, responsible_id)
    if answers is None or not answers.is_active or is_service(db, responsible_id):
        problems.append(Problem("responsible", N_("Choose the person who answers for it.")))
    new = NewPerson(user_name=user_name, printed_name=printed_name)
    try:
        account = open_account(db, new, by=by, at=at)
    except Invalid as wrong:
        raise Invalid(wrong.problems + problems) from wrong
    if problems:
        raise Invalid(problems)

    row = ServiceAccount(
        person_id=account.id, purpose=purpose.strip(), responsible_id=responsible_id
    )
    db.add(row)
    db.flush()
    body = {"person": account.id, "purpose": row.purpose, "responsible": responsible_id}
    record(db, "service_account_opened", body, by=by, at=at)
    return row


def service_of(db: Session, person_id: int) -> Service:
    """Return one service account; raises `NotAServiceAccount`."""
    found = _listed(db, person_id)
    if not found:
        raise NotAServiceAccount
    return found[0]


def service_accounts(db: Session) -> Sequence[Service]:
    """Return every service account, by name."""
    return _listed(db, None)


def _listed(db: Session, person_id: int | None) -> list[Service]:
    responsible = aliased(PersonAccount)
    rows = (
        select(PersonAccount, ServiceAccount.purpose, responsible)
        .join(ServiceAccount, ServiceAccount.person_id == PersonAccount.id)
        .join(responsible, responsible.id == ServiceAccount.responsible_id)
        .order_by(PersonAccount.user_name)
    )
    if person_id is not None:
        rows = rows.where(PersonAccount.id == person_id)
    return [Service(account, purpose, who) for account, purpose, who in db.execute(rows)]
