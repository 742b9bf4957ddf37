"""Signing in: one answer for every failure, and a wait that grows with each, kept in the database.

The wait is reserved before the password is looked at, so a hundred tries at once are a hundred
tries, not one; and the password is hashed outside every transaction, for hashing is slow.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.db import Database
from engine.errors import NotAllowed
from engine.people.models import PersonAccount, SignInAttempt, SignInThrottle
from engine.people.passwords import hashing
from engine.people.person import Person
from engine.people.queries import account_named, person_of
from engine.people.record import record
from engine.people.sessions import open_session

FREE_FAILURES = {"account": 3, "address": 20}  # one address may be a whole site behind one router
LONGEST_WAIT = timedelta(minutes=15)  # never for good: a stranger must not lock people out
FORGET_AFTER = timedelta(hours=24)


class WrongUserNameOrPassword(NotAllowed):
    """The user name or the password is wrong. Check both and try again."""


class TriedTooOften(NotAllowed):
    """There were too many tries. Wait %(seconds)s seconds and try again."""


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
        wait = _reserve(db, keys, at=at)
        account = account_named(db, user_name)
    if wait > timedelta(0):
        raise TriedTooOften(seconds=int(wait.total_seconds()) + 1)

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


def _reserve(db: Session, keys: list[str], *, at: datetime) -> timedelta:
    """Count this try as a failure until it succeeds; return how long it must wait (0: go on)."""
    throttles = [_throttle(db, key, at=at) for key in keys]
    wait = max(throttle.open_at - at for throttle in throttles)
    if wait > timedelta(0):
        return wait

    for throttle in throttles:
        if at - throttle.last_at > FORGET_AFTER:
            throttle.failure_count = 0
        throttle.failure_count += 1
        throttle.last_at = at
        throttle.open_at = at + _wait(throttle)
    db.flush()
    return timedelta(0)


def _throttle(db: Session, key: str, *, at: datetime) -> SignInThrottle:
    """Return the row of `key`, locked, new or not: an update of nothing locks what it meets."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(SignInThrottle).values(key=key, failure_count=0, last_at=at, open_at=at)
    locked = fresh.on_conflict_do_update(index_elements=["key"], set_={"key": key})
    rows = locked.returning(SignInThrottle)
    row: SignInThrottle = db.scalars(rows, execution_options={"populate_existing": True}).one()
    return row


def _forgive(db: Session, keys: list[str], *, at: datetime) -> None:
    """Take back what this try reserved, and forget the failures of the account.

    Those of the address stay: one password known must not buy guesses at a hundred others.
    """
    account, address = (_throttle(db, key, at=at) for key in keys)
    account.failure_count, account.open_at = 0, at
    address.failure_count -= 1
    address.open_at = at
    db.flush()


def _wait(throttle: SignInThrottle) -> timedelta:
    free = FREE_FAILURES[throttle.key.partition(":")[0]]
    over = throttle.failure_count - free
    return min(timedelta(seconds=2 ** min(over, 20)), LONGEST_WAIT) if over >= 0 else timedelta(0)


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
