"""Choosing one's own password: wrong tries of the present one are counted, slowed down and told.

Whoever sits down at an unlocked screen must not find the password by trying: it signs, too.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.db import Database
from engine.people import accounts
from engine.people.accounts import SamePassword, WrongPassword
from engine.people.passwords import PasswordRefused
from engine.people.person import Person
from engine.people.record import record
from engine.people.throttle import FREE_FAILURES, forgive, locked, refuse_waiting, reserve


def choose_password(
    database: Database, *, current: str, new: str, by: Person, session_id: int, at: datetime
) -> None:
    """Change a person's own password; three wrong tries of the present one are told, then it waits.

    Takes `database`, not a session: a failure must be counted although nothing else is written.
    Raises what `accounts.change_password` raises, and `TriedTooOften`.
    """
    key = f"change:{by.id}"
    with database.begin(by_id=by.id) as db:
        wait = reserve(db, [key], at=at)
        count = locked(db, key, at=at).failure_count  # this try among them, until it succeeds
    refuse_waiting(wait)

    try:
        with database.begin(by_id=by.id) as db:
            accounts.change_password(
                db, current=current, new=new, by=by, session_id=session_id, at=at
            )
            forgive(db, key, at=at)
    except WrongPassword:
        with database.begin(by_id=by.id) as db:
            _note_failure(db, count, by=by, session_id=session_id, at=at)
        raise
    except (SamePassword, PasswordRefused):  # the present one was right
        with database.begin(by_id=by.id) as db:
            forgive(db, key, at=at)
        raise


def _note_failure(db: Session, count: int, *, by: Person, session_id: int, at: datetime) -> None:
    """Enter a wrong try in the ledger; with the third call `info["on_password_guessed"]`."""
    if count == FREE_FAILURES["change"] and (tell := db.info.get("on_password_guessed")):
        tell(db, by, at)
    body = {"person": by.id, "session": session_id, "count": count}
    record(db, "password_change_failed", body, by=by, at=at)
