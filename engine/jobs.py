"""Long work as rows: what is to be done, how far it is, and that somebody is there to do it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, runtime_checkable

from sqlalchemy import CheckConstraint, Index, Select, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import clock, leases
from engine.db import Base, Database
from engine.errors import EngineError, NotFound, Problem, Refused

BEAT_EVERY = timedelta(seconds=10)  # a write each second to say nothing wears out the disk
MANY = 10_000  # units and quantities; above it a job does what takes long: nobody waits at a page
MOST_KILLED = 3  # tries of what its last worker did not live through: a restart is one too

log = logging.getLogger(__name__)


class Job(leases.Leased, Base):
    """One piece of work for later, done at least once; `key` makes asking twice harmless."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("done_at IS NULL OR given_up_at IS NULL", name="done_or_given_up"),
        Index("ix_job_due", "due_at"),
    )

    name: Mapped[str]  # the verb that does it, looked up in `db.info["job_verbs"]`
    body: Mapped[dict[str, Any]]
    clock: Mapped[str | None]  # a clock of its own (engine.clock.own); none: the server's
    asked_at: Mapped[datetime]
    done_count: Mapped[int] = mapped_column(default=0)
    total_count: Mapped[int] = mapped_column(default=1)
    done_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    failure: Mapped[str | None]  # the last one, in words


@dataclass(frozen=True)
class More:
    """What a verb returns when it did a part: how far it is and what it needs to go on.

    The part is committed before the next begins, so pages see the progress, a kill loses one
    part at most, and nobody else waits for the whole.
    """

    done_count: int
    body: dict[str, Any]
    total_count: int | None = None


@runtime_checkable
class Prepared(Protocol):
    """A verb whose slow part touches nothing: it runs before the transaction that uses it."""

    def prepare(self, database: Database, job: Job) -> None:
        """Do what takes long, outside any transaction, and keep it for the call that follows."""

    def __call__(self, db: Session, job: Job) -> "dict[str, Any] | More":
        """Use what was prepared, in the transaction."""


Verb: TypeAlias = "Callable[[Session, Job], dict[str, Any] | More] | Prepared"


class JobUnknown(NotFound):
    """There is no such job. It may belong to another installation."""


class JobNotGivenUp(Refused):
    """This job is still being tried. Wait until it is done or has been given up."""


@dataclass(frozen=True)
class Ran:
    """What one round came to."""

    done_count: int = 0
    failed_count: int = 0


def ask(
    db: Session, key: str, *, name: str, body: dict[str, Any], at: datetime, total_count: int = 1
) -> Job:
    """Ask for work to be done after this transaction commits; a known `key` is asked once. Flushes.

    Two transactions that ask at once under one key: the second fails on the key and its edge
    runs it again.
    """
    known = db.scalars(select(Job).where(Job.key == key)).one_or_none()
    if known is not None:
        return known

    job = Job(
        key=key, name=name, body=body, clock=clock.own(), asked_at=at, due_at=at,
        total_count=total_count,
    )  # fmt: skip
    db.add(job)
    db.flush()
    return job


def run_due_jobs(
    database: Database,
    verbs: Mapping[str, Verb],
    *,
    at: datetime,
    most: int = 100,
    now: Callable[[], datetime] | None = None,
    renew_every: timedelta = leases.RENEW_EVERY,
) -> Ran:
    """Do the jobs due at `at` by the clock here, up to `most`, each in transactions of its own.

    A round may take hours: with `now` each lease counts from when its job was claimed, from the end
    of each part, and from each time it is renewed while a verb prepares. Without it time stands.
    """
    now = now or (lambda: at)
    done = failed = 0
    for _ in range(most):
        job = _claim_one(database, at=max(at, now()))
        if job is None:
            break
        if _carry_out(database, verbs, job, now=now, renew_every=renew_every):
            done += 1
        else:
            failed += 1
    return Ran(done_count=done, failed_count=failed)


def _claim_one(database: Database, *, at: datetime) -> Job | None:
    due = and_(Job.done_at.is_(None), Job.clock.is_not_distinct_from(clock.own()))
    with database.begin() as db:
        rows = leases.claim(db, Job, unfinished=due, at=at, limit=1, most_killed=MOST_KILLED)
        return rows[0] if rows else None


def _carry_out(
    database: Database,
    verbs: Mapping[str, Verb],
    job: Job,
    *,
    now: Callable[[], datetime],
    renew_every: timedelta,
) -> bool:
    try:
        verb = verbs[job.name]
        if isinstance(verb, Prepared):
            with leases.renewed(database, job, now=now, every=renew_every):
                verb.prepare(database, job)
        while _do_a_part(database, verb, job, now=now):
            pass
    except Exception as error:  # any failure is kept with the job and tried again
        log.warning("job %s failed", job.key, exc_info=True)
        _note_failure(database, job, error, at=now())
        return False
    return True


def _do_a_part(
    database: Database, verb: Verb, claimed: Job, *, now: Callable[[], datetime]
) -> bool:
    """Run the verb once and keep what it did in the same transaction; say whether more is left.

    While it runs the row is locked, so that nobody claims it however long the part takes.
    """
    with database.begin() as db:
        job = leases.still_held(db, claimed)
        if job is None or job.done_at is not None:
            return False  # a worker with a newer lease has it
        outcome = verb(db, job)
        if isinstance(outcome, More):
            job.done_count, job.body = outcome.done_count, outcome.body
            job.total_count = outcome.total_count or job.total_count
            job.leased_until = now() + leases.LEASE
            return True

        job.done_count, job.result, job.failure = job.total_count, outcome, None
        job.done_at = now()
        leases.release(job)
        return False


def _note_failure(database: Database, claimed: Job, error: Exception, *, at: datetime) -> None:
    with database.begin() as db:
        job = leases.still_held(db, claimed)
        if job is None:
            return
        job.failure = f"{type(error).__name__}: {error}"[:2000]
        leases.put_off(job, at=at)


def retry(db: Session, job_id: int, *, by: leases.Actor, at: datetime) -> Job:
    """Try a given-up job again because a person says so; flushes and enters the ledger."""
    return leases.retry(
        db,
        Job,
        job_id,
        unknown=JobUnknown,
        still_tried=JobNotGivenUp,
        action="job_retried",
        tells={"job": "key", "name": "name", "failure": "failure"},
        by=by,
        at=at,
    )


def withdraw(db: Session, clock_name: str, *, at: datetime) -> int:
    """Take back the jobs of a clock that has stopped; return how many. Flushes."""
    rows = select(Job).where(
        Job.clock == clock_name, Job.done_at.is_(None), Job.given_up_at.is_(None)
    )
    withdrawn = db.scalars(rows).all()
    for job in withdrawn:
        job.done_at, job.result = at, {"withdrawn": True}
        leases.release(job)
    db.flush()
    return len(withdrawn)


def given_up(db: Session) -> Sequence[Job]:
    """Return the jobs that wait for a person, oldest first."""
    return leases.given_up(db, Job)


def unfinished(db: Session) -> Sequence[Job]:
    """Return the jobs still to be done, oldest first."""
    return db.scalars(_unfinished()).all()


def _unfinished() -> Select[Job]:
    return select(Job).where(Job.done_at.is_(None), Job.given_up_at.is_(None)).order_by(Job.id)


def of(db: Session, name: str, **body: Any) -> list[Job]:
    """Return the unfinished jobs of a verb whose bodies say this, oldest first."""
    found = db.scalars(_unfinished().where(Job.name == name))
    return [job for job in found if body.items() <= job.body.items()]


def refusal(error: EngineError) -> dict[str, Any]:
    """Return, as a job's result, why what was asked for could not be done: people are told."""
    return {"refused": error.message, "facts": {k: str(v) for k, v in error.facts.items()}}


def last_refusal(db: Session, key: str) -> Problem | None:
    """Return why the newest job whose key begins like this was refused, where it was."""
    rows = select(Job).where(Job.key.startswith(key, autoescape=True)).order_by(Job.id.desc())
    job = db.scalars(rows.limit(1)).first()
    found = (job.result or {}) if job else {}
    if "refused" not in found:
        return None
    return Problem("", found["refused"], tuple(found.get("facts", {}).items()))


# --- the heartbeat of the schedulers ---------------------------------------------------------


class Heartbeat(Base):
    """When one tick of one scheduler last came round, and what went wrong the last time it did."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    scheduler: Mapped[str] = mapped_column(primary_key=True)  # host and process
    every_seconds: Mapped[int]
    ticked_at: Mapped[datetime]
    failure: Mapped[str | None]
    failed_at: Mapped[datetime | None]

    def is_late(self, *, at: datetime) -> bool:
        """Say whether three rounds were missed, or three beats where rounds are quicker."""
        return at - self.ticked_at > 3 * max(timedelta(seconds=self.every_seconds), BEAT_EVERY)


def beat(
    db: Session, name: str, *, scheduler: str, every: timedelta, failure: str | None, at: datetime
) -> None:
    """Note that a tick came round; a failure stays visible after the next good round. Flushes."""
    row = db.get(Heartbeat, (name, scheduler)) or Heartbeat(name=name, scheduler=scheduler)
    row.every_seconds, row.ticked_at = max(1, round(every.total_seconds())), at
    if failure is not None:
        row.failure, row.failed_at = failure[:2000], at
    db.add(row)
    db.flush()


def heartbeats(db: Session) -> Sequence[Heartbeat]:
    """Return the last beat of every tick, whichever scheduler it came from, by name."""
    rows = db.scalars(select(Heartbeat).order_by(Heartbeat.name, Heartbeat.ticked_at))
    return list({row.name: row for row in rows}.values())
