"""How long one must wait after wrong passwords: it grows with each, and it is kept in the database.

The wait is reserved before the password is looked at, so a hundred tries at once are a hundred
tries, not one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.db import upserting
from engine.errors import NotAllowed
from engine.people.models import SignInThrottle

# one address may be a whole site behind one router; `sending` is what one link may send in a day
FREE_FAILURES = {
    "account": 3, "address": 20, "change": 3, "token": 20, "link": 20, "sending": 60,
}  # fmt: skip
LONGEST_WAIT = timedelta(minutes=15)  # never for good: a stranger must not lock people out
FORGET_AFTER = timedelta(hours=24)
NO_WAIT = timedelta(0)


class TriedTooOften(NotAllowed):
    """There were too many tries. Wait %(seconds)s seconds and try again."""


def reserve(db: Session, keys: Sequence[str], *, at: datetime) -> timedelta:
    """Count this try as a failure until it succeeds; return how long it must wait (0: go on).

    `keys` begin with one of `FREE_FAILURES`: `account:…`; always in one order of locking.
    Flushes.
    """
    throttles = [locked(db, key, at=at) for key in keys]
    wait = max(throttle.open_at - at for throttle in throttles)
    if wait > NO_WAIT:
        return wait

    for throttle in throttles:
        if at - throttle.last_at > FORGET_AFTER:
            throttle.failure_count = 0
        throttle.failure_count += 1
        throttle.last_at = at
        throttle.open_at = at + _wait(throttle)
    db.flush()
    return NO_WAIT


def refuse_waiting(wait: timedelta) -> None:
    """Raise `TriedTooOften` when there is a wait."""
    if wait > NO_WAIT:
        raise TriedTooOften(seconds=int(wait.total_seconds()) + 1)


def locked(db: Session, key: str, *, at: datetime) -> SignInThrottle:
    """Return the row of `key`, locked, new or not: an update of nothing locks what it meets."""
    fresh = upserting(db, SignInThrottle).values(key=key, failure_count=0, last_at=at, open_at=at)
    upserted = fresh.on_conflict_do_update(index_elements=["key"], set_={"key": key})
    rows = upserted.returning(SignInThrottle)
    row: SignInThrottle = db.scalars(rows, execution_options={"populate_existing": True}).one()
    return row


def forgive(db: Session, key: str, *, at: datetime) -> None:
    """Forget every failure of `key`; flushes."""
    throttle = locked(db, key, at=at)
    throttle.failure_count, throttle.open_at = 0, at
    db.flush()


def take_back(db: Session, key: str, *, at: datetime) -> None:
    """Take back what this one try reserved; flushes."""
    throttle = locked(db, key, at=at)
    throttle.failure_count -= 1
    throttle.open_at = at
    db.flush()


def _wait(throttle: SignInThrottle) -> timedelta:
    free = FREE_FAILURES[throttle.key.partition(":")[0]]
    over = throttle.failure_count - free
    return min(timedelta(seconds=2 ** min(over, 20)), LONGEST_WAIT) if over >= 0 else NO_WAIT
