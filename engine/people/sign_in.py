"""Signing in: one answer for every failure, and a wait that grows with each (see `throttle`).

The password is hashed outside every transaction, for hashing is slow.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.db import Database
from engine.errors import NotAllowed
from engine.people.models import PersonAccount, SignInAttempt
from engine.people.passwords import hashing
from engine.people.person import Person
from engine.people.queries import account_named, person_of
from engine.people.record import record
from engine.people.sessions import open_session
from engine.people.throttle import TriedTooOften, forgive, refuse_waiting, reserve, take_back

__all__ = ["SignedIn", "TriedTooOften", "WrongUserNameOrPassword", "sign_in"]


class WrongUserNameOrPassword(NotAllowed):
    """The user name or the password is wrong. Check both and try again."""


@dataclass(frozen=True)
class SignedIn:
    """A fresh session: the token goes into the cookie and nowhere else."""

    token: str
    session_id: int
    person: Person
    must_change_password: bool


def sign_in(
    database: Database,
    user_name: str,
    password: str,
    *,
    address: str,
    browser: str = "",
    at: datetime,
) -> SignedIn:
    """Open a session for the right password, or raise the same error for every wrong pair.

    Takes `database`, not a session: a failure must be counted although nothing else is written.
    Raises `WrongUserNameOrPassword` or `TriedTooOften`.
    """
    keys = _keys(user_name, address)
    with database.begin() as db:
        wait = reserve(db, keys, at=at)
        account = account_named(db, user_name)
    refuse_waiting(wait)

    usable = account if account is not None and account.is_active else None
    with database.read() as db:
        scheme = hashing(db)
    if not scheme.verify(usable.password_hash if usable else None, password) or usable is None:
        with database.begin() as db:
            _note(db, user_name, account, address, succeeded=False, at=at)
        raise WrongUserNameOrPassword

    outdated = usable.password_hash is not None and scheme.is_outdated(usable.password_hash)
    better = scheme.hash(password) if outdated else None
    with database.begin() as db:
        return _admit(db, usable, keys, address=address, browser=browser, better=better, at=at)


def _admit(
    db: Session,
    known: PersonAccount,
    keys: list[str],
    *,
    address: str,
    browser: str,
    better: str | None,
    at: datetime,
) -> SignedIn:
    account = db.get(PersonAccount, known.id, with_for_update=True)
    # disabled or given another password while we hashed
    if account is None or not account.is_active or account.password_hash != known.password_hash:
        raise WrongUserNameOrPassword
    if better is not None:
        account.password_hash = better
    _forgive(db, keys, at=at)
    token, session = open_session(db, account.id, address=address, browser=browser, at=at)
    person = person_of(db, account.id, at=at)
    _note(db, account.user_name, account, address, succeeded=True, at=at)
    return SignedIn(token, session.id, person, account.must_change_password)


def _keys(user_name: str, address: str) -> list[str]:
    """Return the throttles of this try, always in one order of locking."""
    return [f"account:{_name_sha256(user_name)}", f"address:{address}"]


def _name_sha256(user_name: str) -> str:
    return hashlib.sha256(user_name.strip().lower().encode()).hexdigest()


def _forgive(db: Session, keys: list[str], *, at: datetime) -> None:
    """Take back what this try reserved, and forget the failures of the account.

    Those of the address stay: one password known must not buy guesses at a hundred others.
    """
    account, address = keys
    forgive(db, account, at=at)
    take_back(db, address, at=at)


def _note(
    db: Session,
    user_name: str,
    account: PersonAccount | None,
    address: str,
    *,
    succeeded: bool,
    at: datetime,
) -> None:
    db.add(
        SignInAttempt(
            name_sha256=_name_sha256(user_name),
            person_id=account.id if account else None,
            address=address,
            at=at,
            succeeded=succeeded,
        )
    )
    db.flush()
    body = {
        "person": account.id if account else None,
        "name_sha256": _name_sha256(user_name),
        "address": address,
    }
    who = person_of(db, account.id, at=at) if account and succeeded else None
    record(db, "signed_in" if succeeded else "sign_in_failed", body, by=who, at=at)
