"""Files that were taken in, as their pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.serials.dictionary import entities
from engine.serials.intake import KINDS, Counts, RowProblem, counts_of, get, layout, priority
from engine.serials.intake.layouts import TWO_PEOPLE
from engine.serials.models import (
    ImportBatch,
    ImportLine,
    ImportProblem,
    ImportProgress,
    Part,
    PrioritySerial,
    Unit,
)
from webapp.queries.stock import actors
from webapp.sentences import fill, translated

SHOWN = 50
LINKED = {"unit": "units.unit", "lot": "units.lot"}  # what has a page of its own


@dataclass(frozen=True)
class BatchLine:
    """One file: what it was, what came of it, who sent it."""

    id: int
    kind: str
    name: str
    source: str
    state: str
    line_count: int
    problem_count: int
    sha256: str
    by: str | None
    at: datetime
    loaded_by: str | None
    loaded_at: datetime | None
    taken_back_by: str | None
    taken_back_at: datetime | None


@dataclass(frozen=True)
class RuleLine:
    """One rule that rows of a file break: its column, its words, in how many rows."""

    column: str
    code: str
    words: str
    count: int


@dataclass(frozen=True)
class BatchPage:
    """One file: its counts, the rules it breaks, what its lines became."""

    batch: BatchLine
    counts: Counts
    loaded_count: int
    compensated_count: int
    rules: tuple[RuleLine, ...]
    lines: tuple[tuple[int, str, int, bool], ...]  # line, endpoint or "", record, made by it
    page: Page
    protected: tuple[tuple[int, str, str], ...]
    needs_second: bool
    approvals: tuple[tuple[str, str, datetime], ...]  # who, why, when
    progress: ImportProgress | None


def batches(db: Session, number: int) -> tuple[list[BatchLine], Page]:
    """Return one page of the files taken in, the newest first."""
    total = db.scalar(select(func.count()).select_from(ImportBatch)) or 0
    found = db.scalars(
        select(ImportBatch)
        .order_by(ImportBatch.id.desc())
        .offset((number - 1) * SHOWN)
        .limit(SHOWN)
    ).all()
    return _lines(db, list(found)), Page(number=number, size=SHOWN, total_count=total)


def batch_page(db: Session, batch_id: int, number: int, language: str) -> BatchPage:
    """Return one file with one page of what its lines became; raises `BatchUnknown`."""
    batch = get(db, batch_id)
    of_batch = ImportLine.batch_id == batch_id
    total = db.scalar(select(func.count()).select_from(ImportLine).where(of_batch)) or 0
    rows = db.scalars(
        select(ImportLine)
        .where(of_batch)
        .order_by(ImportLine.line)
        .offset((number - 1) * SHOWN)
        .limit(SHOWN)
    ).all()
    approved = priority.approvals(db, batch_id)
    names = actors(db, (one.by_id for one in approved))
    return BatchPage(
        _lines(db, [batch])[0],
        counts_of(batch),
        batch.counts.get("loaded", 0),
        batch.counts.get("compensated", 0),
        _rules(db, batch, language),
        tuple((one.line, LINKED.get(one.entity, ""), one.entity_id, one.is_new) for one in rows),
        Page(number=number, size=SHOWN, total_count=total),
        tuple(priority.touched(db, batch_id)) if batch.state == "checked" else (),
        batch.state == "checked" and batch.kind in TWO_PEOPLE,
        tuple((names.get(one.by_id, ""), one.reason, one.at) for one in approved),
        db.get(ImportProgress, batch_id),
    )


def _rules(db: Session, batch: ImportBatch, language: str) -> tuple[RuleLine, ...]:
    """Return the rules that rows in quarantine break now, the most frequent first."""
    rows = db.execute(
        select(ImportProblem.column, ImportProblem.code, func.count(), func.min(ImportProblem.id))
        .where(ImportProblem.batch_id == batch.id)
        .group_by(ImportProblem.column, ImportProblem.code)
        .order_by(func.count().desc(), ImportProblem.column, ImportProblem.code)
    ).all()
    found = []
    for column, code, count, first in rows:
        one = db.get_one(ImportProblem, first)
        problem = RowProblem(one.line, column, code, tuple(one.facts.items()))
        words = in_the_readers_words(problem, language)
        found.append(RuleLine(said(batch.kind, column, language), code, words, count))
    return tuple(found)


def said(kind: str, column: str, language: str) -> str:
    """Return what a column is called in the reader's language."""
    labels = {one.name: one.says(language) for one in layout(kind).columns}
    return labels.get(column, column)


def in_the_readers_words(problem: RowProblem, language: str) -> str:
    """Return what is wrong with a row, its field names and kinds in the reader's language too."""
    facts: dict[str, Any] = dict(problem.facts)
    labels = {one.label: one.says(language) for kind in KINDS for one in layout(kind).columns}
    kinds = {what.name: what.says(language).lower() for what in entities()}
    for name, words in (("label", labels), ("what", kinds)):
        if name in facts:
            facts[name] = words.get(facts[name], facts[name])
    if isinstance(facts.get("fields"), str):
        names = {one.name: one.says(language) for kind in KINDS for one in layout(kind).columns}
        said = facts["fields"].split(", ")
        facts["fields"] = ("、" if language == "zh" else ", ").join(
            names.get(name, name) for name in said
        )
    if isinstance(facts.get("control"), str):
        facts["control"] = translated(facts["control"])
    return fill(problem.problem.sentence, facts)


def protected_serials(db: Session) -> list[tuple[PrioritySerial, str, int | None, str]]:
    """Return the serials on the list: part number, the unit if it is here, who listed it."""
    found = priority.listed(db)
    names = actors(db, (one.by_id for one, _ in found))
    here = {
        (row[0], row[1]): row[2]
        for row in db.execute(
            select(Unit.part_id, Unit.serial, Unit.id)
            .join(
                PrioritySerial,
                (PrioritySerial.part_id == Unit.part_id) & (PrioritySerial.serial == Unit.serial),
            )
            .where(PrioritySerial.removed_at.is_(None))
        )
    }
    return [
        (one, part_no, here.get((one.part_id, one.serial)), names.get(one.by_id or 0, ""))
        for one, part_no in found
    ]


def serialised_parts(db: Session) -> list[tuple[str, str]]:
    """Return the parts that have serial numbers, to choose from."""
    rows = select(Part.id, Part.part_no, Part.name).where(Part.control == "serial")
    return [
        (str(row[0]), f"{row[1]} · {row[2]}") for row in db.execute(rows.order_by(Part.part_no))
    ]


# --- how good the data are -------------------------------------------------------------------


@dataclass(frozen=True)
class SourceLine:
    """One source: its files, its lines, how many of them broke a rule when they came."""

    source: str
    files: int
    lines: int
    wrong: int
    open: int

    @property
    def per_thousand(self) -> float:
        """Return how many of a thousand lines were wrong when they came."""
        return 1000 * self.wrong / self.lines if self.lines else 0.0


@dataclass(frozen=True)
class Quality:
    """How good the files were: sources ranked, rules broken, and batch after batch."""

    sources: tuple[SourceLine, ...]
    rules: tuple[tuple[str, str, int], ...]  # column, code, rows
    trend: tuple[tuple[BatchLine, int], ...]  # with the rows that were wrong when it came
    open_rows: int


def quality(db: Session) -> Quality:
    """Return how good the files of the last hundred batches were, as they came."""
    found = list(db.scalars(select(ImportBatch).order_by(ImportBatch.id.desc()).limit(100)))
    lines = _lines(db, found)
    sources: dict[str, list[int]] = {}
    rules: dict[tuple[str, str], int] = {}
    trend = []
    for batch, line in zip(found, lines, strict=True):
        first: Mapping[str, Any] = batch.counts.get("first", {})
        wrong = int(first.get("quarantined", 0))
        figures = sources.setdefault(batch.source, [0, 0, 0, 0])
        for place, count in enumerate((1, batch.line_count, wrong, batch.problem_count)):
            figures[place] += count
        for column, code, count in first.get("rules", ()):
            rules[column, code] = rules.get((column, code), 0) + count
        trend.append((line, wrong))
    ranked = [SourceLine(source, *figures) for source, figures in sources.items()]
    return Quality(
        tuple(sorted(ranked, key=lambda one: (-one.per_thousand, one.source))),
        tuple(
            (column, code, count)
            for (column, code), count in sorted(rules.items(), key=lambda one: (-one[1], one[0]))
        ),
        tuple(trend),
        sum(one.open for one in ranked),
    )


def _lines(db: Session, found: list[ImportBatch]) -> list[BatchLine]:
    names = actors(
        db, (who for one in found for who in (one.by_id, one.loaded_by_id, one.rolled_back_by_id))
    )
    return [
        BatchLine(
            one.id,
            one.kind,
            one.file_name,
            one.source,
            one.state,
            one.line_count,
            one.problem_count,
            one.file_sha256,
            names.get(one.by_id or 0),
            one.at,
            names.get(one.loaded_by_id or 0),
            one.loaded_at,
            names.get(one.rolled_back_by_id or 0),
            one.rolled_back_at,
        )
        for one in found
    ]
