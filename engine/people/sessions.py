"""Signed-in browsers: opened with a random token, ended by time, by the person or by a change."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from engine.db import Database
from engine.errors import NotFound
from engine.people.models import PersonAccount, WebSession
from engine.people.person import Person
from engine.people.record import record

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # a page view writes at most once a minute

OF_TOKEN = (
    select(WebSession)
    .join(PersonAccount, PersonAccount.id == WebSession.person_id)
    .where(WebSession.token_sha256 == bindparam("token"), PersonAccount.disabled_at.is_(None))
)


class SessionUnknown(NotFound):
    """This session has already ended."""


def open_session(
    db: Session, person_id: int, *, address: str, browser: str, at: datetime
) -> tuple[str, WebSession]:
    """Open a session and return its token, which is nowhere stored; flushes."""
    token = secrets.token_urlsafe(32)  # 256 random bits
    session = WebSession(
        token_sha256=_sha256(token),
        person_id=person_id,
        opened_at=at,
        last_seen_at=at,
        address=address,
        browser=browser[:200],
    )
    db.add(session)
    db.flush()
    return token, session


def session_of(db: Session, token: str, *, at: datetime) -> WebSession | None:
    """Return the live session of this token, or None when it ended, idled out or expired."""
    session = db.scalars(OF_TOKEN, {"token": _sha256(token)}).one_or_none()
    return session if session is not None and is_live(session, at=at) else None


def is_live(session: WebSession, *, at: datetime) -> bool:
    """Say whether the session still opens doors at `at`."""
    return (
        session.ended_at is None
        and at < session.last_seen_at + IDLE
        and at < session.opened_at + ABSOLUTE
    )


def note_use(database: Database, session: WebSession, *, at: datetime) -> None:
    """Note that a live session was used, once a minute: a page view does not queue for writing."""
    if at - session.last_seen_at < SEEN_EVERY:
        return

    with database.begin() as db:
        db.execute(
            update(WebSession)
            .where(
                WebSession.id == session.id,
                WebSession.ended_at.is_(None),
                WebSession.last_seen_at < at,
            )
            .values(last_seen_at=at)
        )


def sign_out(db: Session, session_id: int, *, by: Person, at: datetime) -> None:
    """End one of the person's own sessions, this one or another they left open; flushes."""
    session = db.get(WebSession, session_id, with_for_update=True)
    if session is None or session.person_id != by.id or session.ended_at is not None:
        raise SessionUnknown

    session.ended_at, session.ended_why = at, "signed_out"
    db.flush()
    record(db, "signed_out", {"person": by.id, "session": session_id}, by=by, at=at)


def end_sessions(
    db: Session, person_id: int, *, why: str, at: datetime, but: int | None = None
) -> int:
    """End every open session of a person, except `but`; return how many. The caller records it."""
    ended = db.execute(
        update(WebSession)
        .where(WebSession.person_id == person_id, WebSession.ended_at.is_(None))
        .where(WebSession.id != (but or 0))
        .values(ended_at=at, ended_why=why)
        .returning(WebSession.id)
    )
    return len(ended.all())


def open_sessions(db: Session, person_id: int, *, at: datetime) -> Sequence[WebSession]:
    """Return the person's live sessions, the latest used first."""
    rows = db.scalars(
        select(WebSession)
        .where(WebSession.person_id == person_id, WebSession.ended_at.is_(None))
        .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
    )
    return [session for session in rows if is_live(session, at=at)]


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
