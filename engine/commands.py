"""Idempotency: a command under a key happens once, and a repeat gets the first result."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, Ref
from engine.errors import Conflict


class Command(Base):
    """One command that was carried out: its key, what it was asked, what it answered."""

    __tablename__ = "command"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    request_sha256: Mapped[str]
    result: Mapped[dict[str, Any]]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


class KeyUsedForSomethingElse(Conflict):
    """This page was already sent with other answers. Open it again and check what was saved."""


def request_sha256(name: str, request: object) -> str:
    """Return the fingerprint of what a command was asked; `request` is JSON-shaped."""
    asked = json.dumps([name, request], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()


def take_turn(db: Session, key: str) -> None:
    """Wait until nobody else is carrying out a command under `key`.

    Without it the second of two at once meets what the first has done before it meets its key: a
    serial that is taken, a unit that is gone. Writers of SQLite wait for each other anyway.
    """
    if db.get_bind().dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def earlier_result(db: Session, key: str, *, name: str, request: object) -> dict[str, Any] | None:
    """Return the first result under `key`, or None when it is new.

    Raises `KeyUsedForSomethingElse` when the same key comes with another request.
    """
    done = db.get(Command, key)
    if done is None:
        return None
    if done.request_sha256 != request_sha256(name, request):
        raise KeyUsedForSomethingElse

    return done.result


def remember(
    db: Session,
    key: str,
    *,
    name: str,
    request: object,
    result: dict[str, Any],
    by_id: int | None,
    at: datetime,
) -> None:
    """Keep the result under `key` in the same transaction; flushes.

    Two at once with one key: the second waits for the first, fails on the key, and its edge
    runs the command again, which then finds the first result.
    """
    db.add(
        Command(
            key=key,
            name=name,
            request_sha256=request_sha256(name, request),
            result=result,
            by_id=by_id,
            at=at,
        )
    )
    db.flush()
