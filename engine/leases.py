"""Rows that several workers share: each is claimed by one at a time, retried, and given up.

A claim is a short transaction that writes a lease; the work happens after it. A worker that is
killed leaves a lease that runs out, and another takes the row: at least once, never twice at once.
"""

import logging
import secrets
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Database, Key
from engine.errors import Busy, NotFound, Refused

LEASE = timedelta(minutes=5)
RENEW_EVERY = LEASE / 3
MOST_ATTEMPTS = 16  # with the delays below about two days
LONGEST_DELAY = timedelta(hours=6)


class Actor(Protocol):
    """A person as far as a queue must know one: it only hands them on to the ledger."""

    @property
    def id(self) -> int:
        """Return the person's id."""


class Leased:
    """The columns of a row that workers claim; mix it in before `Base`."""

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(unique=True)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None]  # the worker that holds it; a late one finds another's and stops
    leased_until: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]


Row = TypeVar("Row", bound=Leased)

log = logging.getLogger(__name__)


def claim(
    db: Session,
    model: type[Row],
    *,
    unfinished: ColumnElement[bool],
    at: datetime,
    limit: int,
    lease_for: timedelta = LEASE,
    most_killed: int = MOST_ATTEMPTS,
) -> Sequence[Row]:
    """Lease up to `limit` due rows to the caller, oldest first; flushes.

    PostgreSQL skips rows that another worker is claiming; SQLite has one writer at a time. A row
    that keeps killing its workers is given up here, for nobody comes back to say it failed:
    after `most_killed` tries, when its last holder never let go of it.
    """
    free = or_(model.leased_until.is_(None), model.leased_until <= at)
    due = and_(unfinished, model.given_up_at.is_(None), model.due_at <= at, free)
    rows = db.scalars(
        select(model)
        .where(due)
        .order_by(model.due_at, model.key)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    lease = secrets.token_hex(8)
    for row in rows:
        if row.attempts >= (MOST_ATTEMPTS if row.lease is None else most_killed):
            give_up(row, at=at)
            continue
        row.attempts += 1
        row.lease, row.leased_until = lease, at + lease_for
    db.flush()
    return [row for row in rows if row.given_up_at is None]


def still_held(db: Session, claimed: Row) -> Row | None:
    """Return the row locked and fresh, or None when another worker took it over."""
    model = type(claimed)
    row = db.scalars(
        select(model)
        .where(model.key == claimed.key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return row if row.lease == claimed.lease else None


@contextmanager
def renewed(
    database: Database, claimed: Row, *, now: Callable[[], datetime], every: timedelta = RENEW_EVERY
) -> Iterator[None]:
    """Keep a lease from running out while its holder works outside any transaction.

    A worker that is killed renews no more. Work that never ends keeps its row until its process
    does.
    """

    def renew() -> bool:
        with database.begin() as db:
            row = still_held(db, claimed)
            if row is not None:
                row.leased_until = now() + LEASE
            return row is not None

    with beating(f"lease of {claimed.key}", renew, every=every):
        yield


@contextmanager
def beating(name: str, beat: Callable[[], bool], *, every: timedelta) -> Iterator[None]:
    """Say again and again that the work of the block goes on, until `beat` says it is in vain.

    It is said from a thread of its own, so it ends with the process too.
    """
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(every.total_seconds()):
            try:
                if not beat():
                    return
            except (Busy, DBAPIError):  # whoever has SQLite's one writer keeps others out too
                log.info("the beat of the %s comes a little later", name)

    thread = threading.Thread(target=go_on, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def release(row: Leased) -> None:
    """Let go of a row whose work is finished."""
    row.lease = row.leased_until = None


def put_off(row: Leased, *, at: datetime) -> None:
    """Let go of a row whose work failed, until its next try or for good."""
    release(row)
    if row.attempts >= MOST_ATTEMPTS:
        give_up(row, at=at)
    else:
        row.due_at = at + delay(row.key, row.attempts)


def give_up(row: Leased, *, at: datetime) -> None:
    """Stop trying until a person asks for it again."""
    release(row)
    row.given_up_at = at


def given_up(db: Session, model: type[Row]) -> Sequence[Row]:
    """Return the rows that wait for a person, oldest first."""
    rows = select(model).where(model.given_up_at.is_not(None)).order_by(model.id)
    return db.scalars(rows).all()


def retry(
    db: Session,
    model: type[Row],
    row_id: int,
    *,
    unknown: type[NotFound],
    still_tried: type[Refused],
    action: str,
    tells: Mapping[str, str],
    by: Actor,
    at: datetime,
) -> Row:
    """Make a given-up row due now with all its tries before it, because a person says so; flushes.

    The ledger's `action` holds the columns that `tells` names, each under its word. Raises
    `unknown` where there is no such row, and `still_tried`.
    """
    row = db.get(model, row_id, with_for_update=True)
    if row is None:
        raise unknown
    if row.given_up_at is None:
        raise still_tried

    row.due_at, row.attempts, row.given_up_at = at, 0, None
    db.flush()
    body = {word: getattr(row, column) for word, column in tells.items()}
    db.info["ledger"](db, "admin", action, body, by=by, at=at)
    return row


def delay(key: str, attempts: int) -> timedelta:
    """Return 2^attempts seconds up to six hours, and up to a quarter more.

    The extra comes from the key: rows that failed together do not come back together, and a test
    finds the same delay again.
    """
    seconds = min(2**attempts, int(LONGEST_DELAY.total_seconds()))
    spread = zlib.crc32(f"{key} {attempts}".encode()) / 2**32
    return timedelta(seconds=seconds * (1 + spread / 4))
