"""Whether whoever carries out an unattended drill is still at work; a drill left behind is ended.

A drill of robots is one process from its start to its report. That process says every minute that
it is there; of one that was killed nothing goes on, and its tasks must not stay open for ever.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import leases
from engine.cases.drills.models import Drill
from engine.cases.drills.starting import drill_of, give_up
from engine.cases.models import Case
from engine.db import Database
from engine.errors import Conflict
from engine.words import N_, say

BEAT_EVERY = timedelta(minutes=1)
ALIVE = 5 * BEAT_EVERY
INTERRUPTED = N_("Interrupted before its end: whoever carried it out was at work last at %(at)s.")


class DrillRuns(Conflict):
    """%(number)s is running, last seen %(moved)s. Wait; if silent until %(until)s, it is ended."""


@contextmanager
def at_work(database: Database, number: str, *, now: Callable[[], datetime]) -> Iterator[None]:
    """Say every minute that a drill is still carried out, for the length of the block."""

    def beat() -> bool:
        with database.begin() as db:
            drill_of(db, number)[1].beat_at = now()
        return True

    with leases.beating(f"drill {number}", beat, every=BEAT_EVERY):
        yield


def end_interrupted(database: Database, *, at: datetime) -> int:
    """End every drill that nobody carries out any more; return how many there were."""
    with database.read() as db:
        there_is = bool(_unended(db))
    if not there_is:
        return 0
    with database.begin() as db:
        return _end(db, at=at)


def refuse_running(db: Session, *, at: datetime) -> None:
    """End what was left half-way; raises `DrillRuns` where one is still carried out. Flushes."""
    _end(db, at=at)
    for number, beat_at in _unended(db):
        raise DrillRuns(number=number, moved=_utc(beat_at), until=_utc(beat_at + ALIVE))


def _end(db: Session, *, at: datetime) -> int:
    left = [(number, beat_at) for number, beat_at in _unended(db) if at - beat_at >= ALIVE]
    for number, beat_at in left:
        language = drill_of(db, number)[0].language
        reason = say(INTERRUPTED, language, at=_utc(beat_at))
        give_up(db, number, reason=reason, by=None, at=at)
    return len(left)


def _unended(db: Session) -> list[tuple[str, datetime]]:
    rows = db.execute(
        select(Case.number, Drill.beat_at)
        .join(Drill, Drill.case_id == Case.id)
        .where(Drill.ended_at.is_(None), ~Drill.is_attended)
        .order_by(Case.id)
    )
    return [(number, beat_at) for number, beat_at in rows]


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
