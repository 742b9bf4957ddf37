"""Checking and loading as work with progress: for a page a job, for the command line at once."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.db import Database
from engine.errors import EngineError
from engine.people.person import Person
from engine.people.queries import person_of
from engine.serials.errors import BatchBusy
from engine.serials.intake import batch as batches
from engine.serials.intake.staging import Progress
from engine.serials.models import ImportProgress

WAITING, DONE, FAILED = "waiting", "done", "failed"
AT_ONCE = 256 * 1024  # bytes of a file that is worked on while the person waits: some thousand rows
TOLD_EVERY = 0.5  # seconds

Do = Callable[[Database, dict[str, Any], Person | None, Progress], None]


def refuse_busy(db: Session, batch_id: int) -> None:
    """Raise `BatchBusy` while the batch is being worked on, or waits for it."""
    row = db.get(ImportProgress, batch_id, populate_existing=True)
    if row is not None and row.phase not in (DONE, FAILED):
        raise BatchBusy


def ask(
    db: Session, batch_id: int, verb: str, *, by: Person | None, at: datetime, **more: str
) -> None:
    """Have a batch checked or loaded after this transaction; flushes. Raises `BatchBusy`."""
    batches.get(db, batch_id, lock=True)
    refuse_busy(db, batch_id)
    tell(db, batch_id, WAITING, 0, 0, at=at)
    key = f"import:{batch_id}:{verb}:{at.isoformat()}"
    body = {"batch": batch_id, "by": by.id if by else None, **more}
    jobs.ask(db, key, name=verb, body=body, at=at)


def tell(
    db: Session,
    batch_id: int,
    phase: str,
    done: int,
    total: int,
    *,
    at: datetime,
    failure: dict[str, Any] | None = None,
) -> None:
    """Keep how far the work on a batch is; flushes."""
    row = db.get(ImportProgress, batch_id) or ImportProgress(batch_id=batch_id)
    row.phase, row.done_count, row.total_count = phase, done, total
    row.at, row.failure = at, failure
    db.add(row)
    db.flush()


def check_now(
    database: Database, batch_id: int, *, by: Person | None, at: datetime, progress: Progress
) -> None:
    """Check a batch, each piece in a transaction of its own."""
    batches.check(database.begin, batch_id, by=by, at=at, progress=progress)


def load_now(
    database: Database,
    batch_id: int,
    *,
    was_shown: str,
    by: Person | None,
    at: datetime,
    progress: Progress,
) -> None:
    """Load a batch in one transaction."""
    with database.begin(by_id=by.id if by else None) as db:
        batches.load(db, batch_id, was_shown=was_shown, by=by, at=at, progress=progress)


class Work:
    """A job on one batch; what stops it is told on its page and not tried again.

    A worker that was killed leaves nothing half: what it staged is staged anew, and a load is one
    transaction.
    """

    def __init__(self, do: Do) -> None:
        self.do = do

    def prepare(self, database: Database, job: jobs.Job) -> None:
        """Do the work in transactions of its own, telling how far it is."""
        batch_id, at = job.body["batch"], clock.now()
        by = None
        if job.body["by"] is not None:
            with database.read() as db:
                by = person_of(db, job.body["by"], at=at)
        failure = None
        try:
            self.do(database, job.body, by, _teller(database, batch_id))
        except EngineError as refused:
            facts = {name: str(value) for name, value in refused.facts.items()}
            failure = {"sentence": refused.message, "facts": facts}
        with database.begin() as db:
            phase = FAILED if failure else DONE
            tell(db, batch_id, phase, 1, 1, at=clock.now(), failure=failure)

    def __call__(self, db: Session, job: jobs.Job) -> dict[str, Any]:
        """Say that it is done."""
        return {"batch": job.body["batch"]}


def _teller(database: Database, batch_id: int) -> Progress:
    """Return what keeps the progress, twice a second at most.

    While SQLite loads, its one writer is the load itself: the page then shows the phase before.
    """
    last = 0.0

    def told(phase: str, done: int, total: int) -> None:
        nonlocal last
        if done < total and time.monotonic() - last < TOLD_EVERY:
            return
        last = time.monotonic()
        if phase in ("loading", "recording") and _has_one_writer(database):
            return
        with database.begin() as db:
            tell(db, batch_id, phase, done, total, at=clock.now())

    return told


def _check(database: Database, body: dict[str, Any], by: Person | None, progress: Progress) -> None:
    check_now(database, body["batch"], by=by, at=clock.now(), progress=progress)


def _load(database: Database, body: dict[str, Any], by: Person | None, progress: Progress) -> None:
    with database.read() as db:
        if batches.get(db, body["batch"]).state == "loaded":
            return  # a worker was killed between the load and the end of its job
    if _has_one_writer(database):
        with database.begin() as db:
            tell(db, body["batch"], "loading", 0, 0, at=clock.now())
    load_now(
        database, body["batch"], was_shown=body["shown"], by=by, at=clock.now(), progress=progress
    )


def _has_one_writer(database: Database) -> bool:
    return database.url.startswith("sqlite")


check_import = Work(_check)
load_import = Work(_load)
