"""Failed signings: counted, locked after three, and told (21 CFR 11.300(d))."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, func, select
from sqlalchemy.orm import Mapped, Session

from engine.db import Base, Key, Ref, only_grows
from engine.errors import Refused
from engine.evidence import ledger
from engine.people.person import Person

ALLOWED = 3

AlertHook = Callable[[Session, Person, datetime], None]


class SigningLocked(Refused):
    """Your signing is locked after three wrong tries. Quality management was told; ask them."""


class SigningFailure(Base):
    """One wrong try to sign."""

    __tablename__ = "signing_failure"

    id: Mapped[Key]
    person_id: Mapped[Ref]
    session_id: Mapped[str]
    nonce: Mapped[str | None]
    at: Mapped[datetime]


class SigningLock(Base):
    """A person who may not sign until someone looked into it; `unlocked_at` says it was done."""

    __tablename__ = "signing_lock"
    __table_args__ = (
        CheckConstraint(
            "(unlocked_at IS NULL) = (unlock_reason IS NULL)", name="unlocked_with_reason"
        ),
    )

    id: Mapped[Key]
    person_id: Mapped[Ref]
    locked_at: Mapped[datetime]
    unlocked_at: Mapped[datetime | None]
    unlocked_by_id: Mapped[Ref | None]
    unlock_reason: Mapped[str | None]


only_grows(SigningFailure)
only_grows(
    SigningLock,
    but=("unlocked_at", "unlocked_by_id", "unlock_reason"),
)


def is_locked(db: Session, person_id: int) -> bool:
    """Tell whether a person's signing is locked."""
    open_lock = (SigningLock.person_id == person_id) & SigningLock.unlocked_at.is_(None)
    return db.scalar(select(SigningLock.id).where(open_lock).limit(1)) is not None


def locked_people(db: Session) -> set[int]:
    """Return everyone whose signing is locked, by id."""
    return set(db.scalars(select(SigningLock.person_id).where(SigningLock.unlocked_at.is_(None))))


def refuse_locked(db: Session, person_id: int) -> None:
    """Raise `SigningLocked` for a person whose signing is locked."""
    if is_locked(db, person_id):
        raise SigningLocked


def note_failure(
    db: Session, *, by: Person, session_id: str, at: datetime, nonce: str | None = None
) -> bool:
    """Count one wrong try, in a transaction of its own; return True when it locked signing.

    The third since the last signature (or unlocking) locks, enters it in the `people` stream and
    calls `db.info["on_signing_locked"](db, person, at)` where the composition root gave one.
    """
    head = ledger.lock_head(db, "people")  # counts one try at a time
    db.add(SigningFailure(person_id=by.id, session_id=session_id, nonce=nonce, at=at))
    db.flush()
    count = _failures(db, by.id)
    is_third = count >= ALLOWED and not is_locked(db, by.id)
    if is_third:
        db.add(SigningLock(person_id=by.id, locked_at=at))
    action = "signing_locked" if is_third else "signing_failed"
    body: dict[str, Any] = {"person_id": by.id, "session_id": session_id, "count": count}
    ledger.append(db, head.stream, action, body, by=by, at=at)
    if is_third and (tell := db.info.get("on_signing_locked")):
        tell(db, by, at)
    return is_third


def unlock(db: Session, person_id: int, *, reason: str, by: Person, at: datetime) -> None:
    """Let a person sign again after the failures were looked into; flushes."""
    open_locks = (SigningLock.person_id == person_id) & SigningLock.unlocked_at.is_(None)
    for lock in db.scalars(select(SigningLock).where(open_locks)):
        lock.unlocked_at, lock.unlocked_by_id, lock.unlock_reason = at, by.id, reason
    db.flush()
    body = {"person_id": person_id, "reason": reason}
    ledger.append(db, "people", "signing_unlocked", body, by=by, at=at)


def _failures(db: Session, person_id: int) -> int:
    """Count the wrong tries since the person last signed or was unlocked."""
    # by the text of the table name: signatures stand on this module, not the other way round
    signature = Base.metadata.tables["signature"].c
    signed = select(func.max(signature.at)).where(signature.person_id == person_id)
    unlocked = select(func.max(SigningLock.unlocked_at)).where(SigningLock.person_id == person_id)
    found = select(func.count(SigningFailure.id)).where(SigningFailure.person_id == person_id)
    for last in filter(None, (db.scalar(signed), db.scalar(unlocked))):
        found = found.where(SigningFailure.at > last)
    return db.scalar(found) or 0
