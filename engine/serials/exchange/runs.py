"""Comparing when a file comes: uploaded, sent, or laid into a watched folder for the night."""

import hashlib
import logging
import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine import jobs
from engine.db import Database
from engine.errors import Refused
from engine.evidence import ledger
from engine.evidence.store import DocumentStore
from engine.people.person import Person
from engine.serials.exchange.alerts import tell
from engine.serials.exchange.errors import FileRefused, FileTooLarge, NoPlainFile
from engine.serials.exchange.reconcile import COUNTED, compare, differences_sum, lay_theirs
from engine.serials.exchange.sources import next_at, source_of
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.models import ReconciliationRun, ReconciliationSource
from engine.words import N_

JOB = "reconcile"
SETTLED = timedelta(seconds=30)  # a file that was written to just now may still be growing
TAKEN, REFUSED = "taken", "refused"  # folders below the watched one
MOST_BYTES = 256 * 1024 * 1024
KINDS = (".csv", ".txt", ".xlsx")
log = logging.getLogger(__name__)
NO_FILE = N_("No file came. Check that the other system exports it and that the folder is reached.")


def ask(
    db: Session,
    source: ReconciliationSource,
    content: bytes,
    file_name: str,
    *,
    by: Person | None,
    at: datetime,
    changed_at: float | None = None,
) -> jobs.Job:
    """Keep a file and ask for its comparison; the same file twice on one day is one. Flushes.

    `changed_at` is when a file of a folder was last written, to know it again.
    """
    store: DocumentStore = db.info["documents"]
    sha256 = store.put(content)
    body = {
        "source": source.id,
        "sha256": sha256,
        "file_name": file_name[:200],
        "by": by.id if by else None,
        "changed_at": changed_at,
    }
    key = f"reconcile:{source.id}:{at.astimezone(UTC):%Y-%m-%d}:{sha256}"
    return jobs.ask(db, key, name=JOB, body=body, at=at)


def take_due(database: Database, incoming: Path, *, at: datetime) -> int:
    """Ask for the comparisons that are due, each in its transaction; return how many were due.

    The newest file of the source's folder is compared and all are moved aside after that was
    committed. A crash in between leaves them: the next round knows the file again and only moves
    it. That none came is a result too: it is kept, and told.
    """
    with database.read() as db:
        ids = db.scalars(select(ReconciliationSource.id).where(*_due(at))).all()
    count = 0
    for source_id in sorted(ids):
        with database.begin() as db:
            source = db.scalars(
                select(ReconciliationSource)
                .where(ReconciliationSource.id == source_id, *_due(at))
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if source is None:
                continue  # another worker has it
            aside = _take(db, source, incoming / str(source.folder), at=at)
            source.due_at = next_at(source.hour or 0, at)
        count += 1
        _move(aside, at=at)
    return count


def _due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    source = ReconciliationSource
    return source.due_at <= at, source.off_at.is_(None), source.hour.is_not(None)


def _take(
    db: Session, source: ReconciliationSource, folder: Path, *, at: datetime
) -> list[tuple[Path, str]]:
    """Ask for the newest file of a folder; return what goes aside when that is committed."""
    aside: list[tuple[Path, str]] = []
    newest: Found | None = None
    for path in _files(folder, at=at):
        try:
            found = _read(path)
        except FileRefused as refused:
            failed(db, source, path.name, None, refused.message, by_id=None, at=at)
            aside.append((path, REFUSED))
            continue
        aside.append((path, TAKEN))
        if not _is_known(db, source, found):
            newest = found
    if newest is not None:
        ask(db, source, newest.content, newest.name, by=None, at=at, changed_at=newest.changed_at)
    elif not any(where == REFUSED for _, where in aside):
        failed(db, source, "", None, NO_FILE, by_id=None, at=at)
    return aside


class Found(NamedTuple):
    """A file of a watched folder: what it is called, holds, and when it was last written."""

    name: str
    content: bytes
    changed_at: float


def _read(path: Path) -> Found:
    """Read a file that is one, no link, and not too large; raises `NoPlainFile`, `FileTooLarge`."""
    try:
        # asked of what is open, so that nobody swaps it in between; a pipe would wait for ever
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NoPlainFile from error
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode):
        os.close(opened)
        raise NoPlainFile
    with os.fdopen(opened, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FileTooLarge
    return Found(path.name, content, found.st_mtime)


def _is_known(db: Session, source: ReconciliationSource, found: Found) -> bool:
    """Say whether this very file was asked for before a crash; an equal one of today was not."""
    sha256 = hashlib.sha256(found.content).hexdigest()
    bodies = db.scalars(
        select(jobs.Job.body).where(
            jobs.Job.name == JOB,
            jobs.Job.key.startswith(f"reconcile:{source.id}:", autoescape=True),
            jobs.Job.key.endswith(f":{sha256}", autoescape=True),
        )
    )
    return any(body.get("changed_at") == found.changed_at for body in bodies)


def _move(aside: Sequence[tuple[Path, str]], *, at: datetime) -> None:
    for path, where in aside:
        to = path.parent / where
        try:
            to.mkdir(exist_ok=True)
            path.replace(to / f"{at:%Y%m%dT%H%M%S}-{path.name}")
        except OSError:  # it is known again the next night
            log.warning("%s could not be moved to %s", path, to, exc_info=True)


def _files(folder: Path, *, at: datetime) -> Sequence[Path]:
    """Return the tables in a folder that are not being written any more, the newest last.

    What is called like a table and is none is among them: a link, a folder, a pipe.
    """
    if not folder.is_dir():
        return []
    found = [
        (path.lstat().st_mtime, path)
        for path in folder.iterdir()
        if path.suffix.lower() in KINDS and not path.name.startswith(".")
    ]
    settled = (at - SETTLED).timestamp()
    return [path for changed, path in sorted(found) if changed <= settled]


class Reconcile:
    """The job: their lines are laid some at a time, then one transaction compares."""

    def __init__(self) -> None:
        self._laid: dict[str, tuple[int, str]] = {}  # by the job's key: lines, what is wrong

    def prepare(self, database: Database, job: jobs.Job) -> None:
        """Lay the lines of the file; what is wrong with it is kept with the job."""
        with database.read() as db:
            source = source_of(db, job.body["source"])
        store: DocumentStore = database.info["documents"]
        try:
            count = lay_theirs(database, source, store.open(job.body["sha256"]))
            self._laid[job.key] = count, ""
        except Refused as refused:
            self._laid[job.key] = 0, str(refused)

    def __call__(self, db: Session, job: jobs.Job) -> dict[str, Any]:
        """Compare, and tell whoever resolves what differs."""
        source = source_of(db, job.body["source"])
        name, sha256, by_id = job.body["file_name"], job.body["sha256"], job.body["by"]
        line_count, problem = self._laid.pop(job.key)
        if problem:
            run = failed(db, source, name, sha256, problem, by_id=by_id, at=job.asked_at)
            return {"run": run.id}
        run = ReconciliationRun(
            source_id=source.id,
            file_name=name,
            sha256=sha256,
            at=job.asked_at,
            by_id=by_id,
            line_count=line_count,
        )
        compare(db, source, run, at=job.asked_at)
        _note(db, source, run)
        if run.new_count + run.reopened_count:
            facts = {
                "source": source.name,
                "compared_at": run.at.isoformat(),
                "new_count": run.new_count,
                "reopened_count": run.reopened_count,
                "all_count": differences_sum(run),
                "line_count": run.line_count,
                "path": f"/interfaces/reconciliation/{source.id}/differences",
            }
            tell(db, f"reconciled:{run.id}", "layouts/reconciliation_differs", facts, at=run.at)
        return {"run": run.id}


def failed(
    db: Session,
    source: ReconciliationSource,
    file_name: str,
    sha256: str | None,
    problem: str,
    *,
    by_id: int | None,
    at: datetime,
) -> ReconciliationRun:
    """Keep that a comparison could not be made, and tell quality. Flushes."""
    run = ReconciliationRun(
        source_id=source.id, file_name=file_name, sha256=sha256, at=at, by_id=by_id, problem=problem
    )
    db.add(run)
    db.flush()
    _note(db, source, run)
    facts = {
        "source": source.name,
        "compared_at": at.isoformat(),
        "problem": problem,
        "path": f"/interfaces/reconciliation/{source.id}",
    }
    tell(db, f"reconciled:{run.id}", "layouts/reconciliation_failed", facts, at=at)
    return run


def _note(db: Session, source: ReconciliationSource, run: ReconciliationRun) -> None:
    body = {
        "source": source.name,
        "run": run.id,
        "file_sha256": run.sha256,
        "problem": run.problem,
        "line_count": run.line_count,
        "matched_count": run.matched_count,
        **{name: getattr(run, name) for name in COUNTED.values()},
    }
    ledger.append(db, STREAM, "reconciled", body, by=None, at=run.at)


def fingerprint(ids: Sequence[int]) -> str:
    """Return what the ledger keeps of many differences resolved at once."""
    return hashlib.sha256(",".join(map(str, sorted(ids))).encode()).hexdigest()
