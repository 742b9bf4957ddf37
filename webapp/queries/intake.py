"""Files that were taken in, as their pages show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.dictionary import entities, entity
from engine.serials.errors import BatchUnknown
from engine.serials.intake import KINDS, RowProblem
from engine.serials.models import ImportBatch, StagingRow
from webapp.queries.stock import actors
from webapp.sentences import fill

SHOWN = 200  # of a long file


@dataclass(frozen=True)
class BatchLine:
    """One file: what it was, what came of it, who sent it."""

    id: int
    kind: str
    name: str
    state: str
    line_count: int
    problem_count: int
    sha256: str
    by: str | None
    at: datetime
    taken_back_by: str | None
    taken_back_at: datetime | None


@dataclass(frozen=True)
class BatchPage:
    """One file with its lines: number, cells as they came, whether the line was new."""

    batch: BatchLine
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...], bool], ...]


def batches(db: Session) -> list[BatchLine]:
    """Return the files taken in last, the newest first."""
    found = db.scalars(select(ImportBatch).order_by(ImportBatch.id.desc()).limit(SHOWN)).all()
    return _lines(db, list(found))


def batch_page(db: Session, batch_id: int) -> BatchPage:
    """Return one file with its first lines; raises `BatchUnknown`."""
    batch = db.get(ImportBatch, batch_id)
    if batch is None:
        raise BatchUnknown(batch=batch_id)

    rows = db.scalars(
        select(StagingRow)
        .where(StagingRow.batch_id == batch_id)
        .order_by(StagingRow.line)
        .limit(SHOWN)
    ).all()
    fields = [
        one
        for one in entity(KINDS[batch.kind]).taken_in
        if any(row.raw.get(one.name) for row in rows)
    ]
    return BatchPage(
        _lines(db, [batch])[0],
        tuple(one.column for one in fields),
        tuple(
            (row.line, tuple(row.raw.get(one.name, "") for one in fields), row.is_new)
            for row in rows
        ),
    )


def in_the_readers_words(problem: RowProblem, language: str) -> str:
    """Return what is wrong with a row, its field names and kinds in the reader's language too."""
    labels = {one.label: one.says(language) for what in entities() for one in what.fields}
    kinds = {what.name: what.says(language).lower() for what in entities()}
    facts: dict[str, Any] = dict(problem.facts)
    if "label" in facts:
        facts["label"] = labels.get(facts["label"], facts["label"])
    if "what" in facts:
        facts["what"] = kinds.get(facts["what"], facts["what"])
    return fill(problem.problem.sentence, facts)


def _lines(db: Session, found: list[ImportBatch]) -> list[BatchLine]:
    names = actors(db, (who for one in found for who in (one.by_id, one.rolled_back_by_id)))
    return [
        BatchLine(
            one.id,
            one.kind,
            one.file_name,
            one.state,
            one.line_count,
            one.problem_count,
            one.file_sha256,
            names.get(one.by_id or 0),
            one.at,
            names.get(one.rolled_back_by_id or 0),
            one.rolled_back_at,
        )
        for one in found
    ]
