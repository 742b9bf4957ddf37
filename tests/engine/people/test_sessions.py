"""Signed-in browsers end: by time, by the person, by a change."""

from datetime import timedelta

import pytest

from engine.people.models import WebSession
from engine.people.sessions import (
    ABSOLUTE,
    IDLE,
    SessionUnknown,
    note_use,
    open_session,
    open_sessions,
    session_of,
    sign_out,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def opened(database, people, at):
    with database.begin() as db:
        return open_session(db, people.inspector.id, address="192.0.2.7", browser="Firefox", at=at)


def seen(database, token, *, at):
    """Do what each request does."""
    with database.read() as db:
        found = session_of(db, token, at=at)
    if found is not None:
        note_use(database, found, at=at)
    return found


def test_a_session_idles_out_after_half_an_hour(database, opened, at):
    token, _ = opened
    assert seen(database, token, at=at + IDLE - SECOND)
    assert seen(database, token, at=at + IDLE - SECOND + IDLE - SECOND)
    assert seen(database, token, at=at + IDLE + IDLE + IDLE) is None


def test_a_session_ends_after_twelve_hours_however_busy(database, opened, at):
    token, _ = opened
    moment = at
    while moment < at + ABSOLUTE - IDLE:
        moment += IDLE - MINUTE
        assert seen(database, token, at=moment)
    assert seen(database, token, at=at + ABSOLUTE) is None


def test_a_page_view_writes_at_most_once_a_minute(database, opened, at):
    token, session = opened

    def last_seen():
        with database.read() as db:
            return db.get_one(WebSession, session.id).last_seen_at

    seen(database, token, at=at + 59 * SECOND)
    assert last_seen() == at
    seen(database, token, at=at + 61 * SECOND)
    assert last_seen() == at + 61 * SECOND


def test_a_guessed_token_opens_nothing(database, opened, at):
    token, session = opened
    for guess in ("", token[:-1], token.swapcase(), str(session.id), session.token_sha256):
        assert seen(database, guess, at=at) is None


def test_every_session_has_a_token_of_its_own(db, people, at):
    tokens = {
        open_session(db, people.inspector.id, address="", browser="", at=at)[0] for _ in range(20)
    }
    assert len(tokens) == 20
    assert all(len(token) >= 43 for token in tokens), "256 bits"


def test_a_person_sees_and_ends_their_own_sessions_only(db, people, at):
    token, session = open_session(db, people.inspector.id, address="", browser="", at=at)
    assert list(open_sessions(db, people.inspector.id, at=at)) == [session]
    with pytest.raises(SessionUnknown):
        sign_out(db, session.id, by=people.qa_manager, at=at)

    sign_out(db, session.id, by=people.inspector, at=at)
    assert session_of(db, token, at=at) is None
    assert not open_sessions(db, people.inspector.id, at=at)
    with pytest.raises(SessionUnknown):
        sign_out(db, session.id, by=people.inspector, at=at)
