"""Batches: a file is loaded whole, or kept as quarantined rows that can be corrected."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials.dictionary import entity
from engine.serials.errors import NotImported
from engine.serials.events import data_stream
from engine.serials.intake import checking, reading
from engine.serials.intake.loading import LOADERS
from engine.serials.intake.reading import Row, RowProblem
from engine.serials.models import (
    ImportBatch,
    ImportFile,
    StagingRow,
)
from engine.serials.record import How

KINDS = {
    "parties": "party",
    "locations": "location",
    "parts": "part",
    "lots": "lot",
    "units": "unit",
    "stock": "stock",
    "shipments": "shipment",
}


@dataclass(frozen=True)
class IntakeResult:
    """What came of a file: its problems, or how many rows are new and how many were there."""

    kind: str
    sha256: str
    line_count: int
    new_count: int
    known_count: int
    problems: tuple[RowProblem, ...]
    batch_id: int | None = None  # None: a dry run

    @property
    def is_loaded(self) -> bool:
        """Say whether the rows are in the store now."""
        return self.batch_id is not None and not self.problems

    @property
    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        return {"lines": self.line_count, "new": self.new_count, "known": self.known_count}


def load_csv(
    db: Session,
    kind: str,
    content: bytes,
    *,
    file_name: str = "",
    dry_run: bool = False,
    **how: Unpack[How],
) -> IntakeResult:
    """Take in a CSV file of one of `KINDS`; with any problem nothing of it is loaded.

    The rows then stay as a quarantined batch: correct them (`correct_row`) and `rerun`. A dry run
    only says what would happen. Columns are those of the data dictionary.
    """
    described = entity(KINDS[kind])
    rows, problems = reading.read(described, content)
    if not problems:
        reading.standardise(described, rows)
        checking.check(db, described.name, rows)
    sha256 = hashlib.sha256(content).hexdigest()
    result = _result(kind, sha256, rows, problems)
    if dry_run:
        return result

    _keep_file(db, sha256, content)
    batch = ImportBatch(
        kind=kind,
        file_name=file_name,
        file_sha256=sha256,
        source=how.get("source", "holdfast"),
        state="quarantined",
        line_count=len(rows),
        problem_count=len(result.problems),
        by_id=how["by"].id if how["by"] else None,
        at=how["at"],
    )
    db.add(batch)
    db.flush()
    return _finish(db, batch, rows, result, how)


def correct_row(db: Session, batch_id: int, line: int, values: dict[str, str]) -> None:
    """Correct cells of a quarantined row; the file itself stays as it came. Flushes."""
    row = db.get_one(StagingRow, (batch_id, line))
    row.values = {**row.values, **values}
    db.flush()


def rerun(db: Session, batch_id: int, **how: Unpack[How]) -> IntakeResult:
    """Check a quarantined batch again with its corrections, and load it when all is well."""
    batch = db.get_one(ImportBatch, batch_id)
    if batch.state != "quarantined":
        raise NotImported

    described = entity(KINDS[batch.kind])
    staged = db.scalars(
        select(StagingRow).where(StagingRow.batch_id == batch_id).order_by(StagingRow.line)
    ).all()
    rows = [Row(one.line, {**one.raw, **_texts(one.values)}) for one in staged]
    reading.standardise(described, rows)
    checking.check(db, described.name, rows)
    for one in staged:
        db.delete(one)
    db.flush()
    result = _result(batch.kind, batch.file_sha256, rows, [])
    batch.problem_count = len(result.problems)
    return _finish(db, batch, rows, result, how)


def _result(
    kind: str, sha256: str, rows: Sequence[Row], problems: Sequence[RowProblem]
) -> IntakeResult:
    known = sum("existing_id" in row.values for row in rows)
    every = [*problems, *(problem for row in rows for problem in row.problems)]
    return IntakeResult(
        kind,
        sha256,
        len(rows),
        len(rows) - known,
        known,
        tuple(sorted(every, key=lambda p: p.line)),
    )


def _finish(
    db: Session, batch: ImportBatch, rows: Sequence[Row], result: IntakeResult, how: How
) -> IntakeResult:
    if not result.problems:
        LOADERS[batch.kind](db, [r for r in rows if "existing_id" not in r.values], how)
        batch.state = "loaded"
    kind = KINDS[batch.kind]
    names = {one.name for one in entity(kind).taken_in}
    db.add_all(
        StagingRow(
            batch_id=batch.id,
            line=row.line,
            raw=row.raw,
            values={k: _plain(v) for k, v in row.values.items() if k in names or "event" in k},
            problems=[[p.column, p.code, p.sentence] for p in row.problems],
            entity=kind,
            entity_id=row.values.get("new_id") or row.values.get("existing_id"),
            is_new="new_id" in row.values,
        )
        for row in rows
    )
    db.flush()
    note(db, "import_loaded" if not result.problems else "import_quarantined", batch, how)
    return IntakeResult(
        result.kind,
        result.sha256,
        result.line_count,
        result.new_count,
        result.known_count,
        result.problems,
        batch.id,
    )


def _keep_file(db: Session, sha256: str, content: bytes) -> None:
    if db.get(ImportFile, sha256) is None:
        db.add(ImportFile(sha256=sha256, content=content))
        db.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str)}


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
            "lines": batch.line_count,
            "problems": batch.problem_count,
            "reason": reason,
        },
        by=how["by"],
        at=how["at"],
    )
