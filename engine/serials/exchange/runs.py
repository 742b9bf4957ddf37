"""Comparing when a file comes: uploaded, sent, or laid into a watched folder for the night."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import jobs
from engine.db import Database
from engine.errors import Refused
from engine.evidence import ledger
from engine.evidence.store import DocumentStore
from engine.people.person import Person
from engine.serials.exchange.alerts import tell
from engine.serials.exchange.reconcile import COUNTED, compare, differences_sum, lay_theirs
from engine.serials.exchange.sources import next_at, source_of
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.models import ReconciliationRun, ReconciliationSource
from engine.words import N_

JOB = "reconcile"
SETTLED = timedelta(seconds=30)  # a file that was written to just now may still be growing
TAKEN = "taken"
KINDS = (".csv", ".txt", ".xlsx")
NO_FILE = N_("No file came. Check that the other system exports it and that the folder is reached.")


def ask(
    db: Session,
    source: ReconciliationSource,
    content: bytes,
    file_name: str,
    *,
    by: Person | None,
    at: datetime,
) -> jobs.Job:
    """Keep a file and ask for its comparison; the same file twice on one day is one. Flushes."""
    store: DocumentStore = db.info["documents"]
    sha256 = store.put(content)
    body = {
        "source": source.id,
        "sha256": sha256,
        "file_name": file_name[:200],
        "by": by.id if by else None,
    }
    key = f"reconcile:{source.id}:{at.astimezone(UTC):%Y-%m-%d}:{sha256}"
    return jobs.ask(db, key, name=JOB, body=body, at=at)


def take_due(database: Database, incoming: Path, *, at: datetime) -> int:
    """Ask for the comparisons that are due; return how many sources were due.

    The newest file of the source's folder is compared and all are moved aside. That none came is
    a result too: it is kept, and told.
    """
    with database.begin() as db:
        due = db.scalars(
            select(ReconciliationSource)
            .where(
                ReconciliationSource.due_at <= at,
                ReconciliationSource.off_at.is_(None),
                ReconciliationSource.hour.is_not(None),
            )
            .order_by(ReconciliationSource.id)
            .with_for_update(skip_locked=True)
        ).all()
        for source in due:
            _take(db, source, incoming, at=at)
            source.due_at = next_at(source.hour or 0, at)
    return len(due)


def _take(db: Session, source: ReconciliationSource, incoming: Path, *, at: datetime) -> None:
    files = _files(incoming / str(source.folder), at=at)
    if not files:
        failed(db, source, "", None, NO_FILE, by_id=None, at=at)
        return
    ask(db, source, files[-1].read_bytes(), files[-1].name, by=None, at=at)
    taken = incoming / str(source.folder) / TAKEN
    taken.mkdir(exist_ok=True)
    for file in files:
        file.replace(taken / f"{at:%Y%m%dT%H%M%S}-{file.name}")


def _files(folder: Path, *, at: datetime) -> Sequence[Path]:
    """Return the tables in a folder that are not being written any more, the newest last."""
    if not folder.is_dir():
        return []
    found = [
        (path.stat().st_mtime, path)
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in KINDS and not path.name.startswith(".")
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
