"""Batches: a file is kept, checked and loaded; what is wrong waits in quarantine."""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials.errors import (
    BatchUnknown,
    FileChanged,
    NotChecked,
    StoreChanged,
    TakenInBefore,
)
from engine.serials.events import data_stream, one_recording, record_recording
from engine.serials.intake import documents, files, mappings, priority, staging
from engine.serials.intake.layouts import DOCUMENTS, FACTS
from engine.serials.intake.loading import Loading, load_rows
from engine.serials.intake.mappings import Reading
from engine.serials.intake.problems import RowProblem
from engine.serials.intake.staging import Progress, silent
from engine.serials.models import ImportBatch, ImportFile, ImportProblem
from engine.serials.record import How

OPEN = ("received", "checked")


@dataclass(frozen=True)
class Counts:
    """What the check of a batch found."""

    lines: int
    new: int
    same: int
    fill: int
    quarantined: int
    left_out: int


def counts_of(batch: ImportBatch) -> Counts:
    """Return what the last check of a batch found."""
    found = batch.counts
    return Counts(
        batch.line_count,
        found.get("new", 0),
        found.get("same", 0),
        found.get("fill", 0),
        batch.problem_count,
        found.get("left_out", 0),
    )


def receive(
    db: Session,
    kind: str,
    path: Path,
    *,
    file_name: str,
    system: str,
    encoding: str = "",
    separator: str = "",
    read_like: str = "",
    **how: Unpack[How],
) -> ImportBatch:
    """Keep a file from a system, guess how it is read, and open its batch; flushes.

    What was kept for its source, or for `read_like`, goes before what is guessed. Raises what
    `files.form_of` raises, and `TakenInBefore` for the very file that recorded events once.
    """
    file = files.keep(db, path)
    if kind in FACTS:
        _refuse_again(db, kind, file.sha256)
    with files.opened(db, file.sha256) as stream:
        if kind in DOCUMENTS:
            reading = documents.reading_of(stream)
        else:
            form = files.form_of(stream, encoding=encoding, separator=separator)
            reading = mappings.guess(stream, kind, form)
        remembered = mappings.kept(db, read_like or system, kind)
        if remembered is not None:
            header = mappings.preview(stream, kind, reading).headers
            reading = mappings.apply(remembered, reading, header)
    batch = ImportBatch(
        kind=kind,
        file_name=file_name,
        file_sha256=file.sha256,
        source=system,
        state="received",
        line_count=0,
        problem_count=0,
        mapping=reading.as_json(),
        counts={},
        by_id=how["by"].id if how["by"] else None,
        at=how["at"],
    )
    db.add(batch)
    db.flush()
    note(db, "import_received", batch, how)
    return batch


def _refuse_again(db: Session, kind: str, sha256: str) -> None:
    # of two who load one file at once the second waits here, and then finds it loaded
    db.execute(select(ImportFile.sha256).filter_by(sha256=sha256).with_for_update())
    before = db.scalar(
        select(ImportBatch.id).where(
            ImportBatch.file_sha256 == sha256,
            ImportBatch.kind == kind,
            ImportBatch.state == "loaded",
        )
    )
    if before is not None:
        raise TakenInBefore(batch=before)


def get(db: Session, batch_id: int, *, lock: bool = False) -> ImportBatch:
    """Return a batch; raises `BatchUnknown`."""
    batch = db.get(ImportBatch, batch_id, with_for_update=lock or None, populate_existing=lock)
    if batch is None:
        raise BatchUnknown(batch=batch_id)
    return batch


def read_as(db: Session, batch_id: int, reading: Reading, **how: Unpack[How]) -> ImportBatch:
    """Say how a file is read, before it is loaded; what was staged is no longer valid."""
    batch = get(db, batch_id, lock=True)
    if batch.state not in OPEN:
        raise NotChecked
    before = batch.mapping
    batch.mapping, batch.state, batch.counts = reading.as_json(), "received", {}
    batch.checked_at, batch.problem_count = None, 0
    staging.clear(db, batch_id)
    if before != batch.mapping:
        note(db, "import_mapped", batch, how)
    return batch


def check(
    sessions: Callable[[], AbstractContextManager[Session]],
    batch_id: int,
    *,
    progress: Progress = silent,
    **how: Unpack[How],
) -> None:
    """Stage a batch from its file and find everything that is wrong with it; loads nothing."""
    staging.stage(sessions, batch_id, at=how["at"], progress=progress)


def check_here(db: Session, batch_id: int, **how: Unpack[How]) -> None:
    """Do the same in the transaction at hand."""
    check(lambda: nullcontext(db), batch_id, **how)


def shown(batch: ImportBatch) -> str:
    """Return the fingerprint of what a person is shown of a checked batch, to load exactly that."""
    said = json.dumps(
        [batch.id, batch.file_sha256, batch.mapping, batch.counts, batch.problem_count],
        sort_keys=True,
    )
    return hashlib.sha256(said.encode()).hexdigest()


def refuse_other(batch: ImportBatch, was_shown: str) -> None:
    """Raise `FileChanged` when a batch is not what a person was shown."""
    if was_shown != shown(batch):
        raise FileChanged


def load(
    db: Session,
    batch_id: int,
    *,
    was_shown: str,
    progress: Progress = silent,
    **how: Unpack[How],
) -> ImportBatch:
    """Load the sound rows of a checked batch, all or none; the others stay in quarantine.

    Raises `NotChecked`, `FileChanged` when it is not what was shown, `StoreChanged` when what is
    recorded changed since, `SecondPersonNeeded` when it touches protected serials.
    """
    batch = get(db, batch_id, lock=True)
    if batch.state != "checked":
        raise NotChecked
    refuse_other(batch, was_shown)
    priority.refuse_unapproved(db, batch, shown(batch), by=how["by"])
    if batch.kind in FACTS:
        _refuse_again(db, batch.kind, batch.file_sha256)
    _load(db, batch, how, progress)
    note(db, "import_loaded", batch, how)
    return batch


def rerun(db: Session, batch_id: int, **how: Unpack[How]) -> ImportBatch:
    """Check the rows in quarantine again; those of a loaded batch that are sound now are loaded."""
    batch = get(db, batch_id, lock=True)
    if batch.state not in ("checked", "loaded"):
        raise NotChecked
    staging.again(db, batch, at=how["at"])
    if batch.state == "loaded":
        priority.refuse_unapproved(db, batch, shown(batch), by=how["by"])
        _load(db, batch, how, silent)
    note(db, "import_run_again", batch, how)
    return batch


def _load(db: Session, batch: ImportBatch, how: How, progress: Progress) -> None:
    total = sum(batch.counts.get(state, 0) for state in ("new", "fill"))
    done = 0

    def went(count: int) -> None:
        nonlocal done
        done += count
        progress("loading", min(done, total), total)

    went(0)
    with one_recording(db) as recording:
        loading = Loading(db, batch, Reading.of(batch.mapping).names, how, went, recording)
        try:
            load_rows(db, loading)
            db.flush()
        except IntegrityError as error:  # somebody recorded one of these meanwhile
            raise StoreChanged from error
    batch.state = "loaded"
    batch.loaded_at, batch.loaded_by_id = how["at"], how["by"].id if how["by"] else None
    before = batch.counts.get("loaded", 0)
    batch.counts = {**batch.counts, "new": 0, "fill": 0, "loaded": before + total}
    db.flush()
    progress("recording", 0, 1)
    record_recording(db, recording, by=how["by"], at=how["at"], stream=how.get("stream"))
    progress("recording", 1, 1)


def problems(db: Session, batch_id: int, *, after: int = 0, limit: int = 500) -> list[RowProblem]:
    """Return what is wrong with the rows of a batch, in the order of the file."""
    rows = db.scalars(
        select(ImportProblem)
        .where(ImportProblem.batch_id == batch_id, ImportProblem.line > after)
        .order_by(ImportProblem.line, ImportProblem.id)
        .limit(limit)
    )
    return [RowProblem(one.line, one.column, one.code, tuple(one.facts.items())) for one in rows]


def note(
    db: Session, action: str, batch: ImportBatch, how: How, *, reason: str | None = None
) -> None:
    """Say in the ledger what came of a batch."""
    ledger.append(
        db,
        how.get("stream") or data_stream(db),
        action,
        {
            "batch": batch.id,
            "kind": batch.kind,
            "file": batch.file_name,
            "sha256": batch.file_sha256,
            "source": batch.source,
            "lines": batch.line_count,
            "problems": batch.problem_count,
            "counts": {name: n for name, n in batch.counts.items() if isinstance(n, int)},
            "reason": reason,
        },
        by=how["by"],
        at=how["at"],
    )
