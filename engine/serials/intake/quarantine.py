"""Rows in quarantine: their cells are corrected by people, who and when is kept, then run again."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials.errors import NotChecked, RowCorrected, RowNotWaiting
from engine.serials.events import data_stream
from engine.serials.intake import batch as batches, mappings
from engine.serials.intake.chunk import SPLIT
from engine.serials.intake.mappings import Reading
from engine.serials.intake.problems import RowProblem
from engine.serials.models import ImportBatch, ImportCorrection, ImportProblem, ImportRow
from engine.serials.record import How

LINE, PROBLEMS = "line", "problems"  # the two columns of a downloaded file that are not cells


@dataclass(frozen=True)
class Waiting:
    """One row in quarantine: its cells by our column, its problems, how often it was corrected."""

    line: int
    cells: Mapping[str, str]
    problems: tuple[RowProblem, ...]
    corrections: int


def columns(batch: ImportBatch) -> list[str]:
    """Return our columns that a batch has, in the order of its file."""
    return Reading.of(batch.mapping).names


def waiting(
    db: Session, batch_id: int, *, after: int = 0, limit: int = 50, code: str = "", column: str = ""
) -> list[Waiting]:
    """Return rows in quarantine in the order of the file, perhaps of one kind of problem only."""
    names = columns(batches.get(db, batch_id))
    query = (
        select(ImportRow.line, ImportRow.cells)
        .where(
            ImportRow.batch_id == batch_id,
            ImportRow.state == "quarantined",
            ImportRow.line > after,
        )
        .order_by(ImportRow.line)
        .limit(limit)
    )
    if code:
        lines = select(ImportProblem.line).where(
            ImportProblem.batch_id == batch_id, ImportProblem.code == code
        )
        if column:
            lines = lines.where(ImportProblem.column == column)
        query = query.where(ImportRow.line.in_(lines))
    rows = db.execute(query).all()
    if not rows:
        return []
    within = (rows[0][0], rows[-1][0])
    wrong: dict[int, list[RowProblem]] = {}
    for one in db.scalars(
        select(ImportProblem)
        .where(ImportProblem.batch_id == batch_id, ImportProblem.line.between(*within))
        .order_by(ImportProblem.line, ImportProblem.id)
    ):
        problem = RowProblem(one.line, one.column, one.code, tuple(one.facts.items()))
        wrong.setdefault(one.line, []).append(problem)
    corrected = {
        row[0]: row[1]
        for row in db.execute(
            select(ImportCorrection.line, func.count())
            .where(ImportCorrection.batch_id == batch_id, ImportCorrection.line.between(*within))
            .group_by(ImportCorrection.line)
        )
    }
    return [
        Waiting(
            line,
            dict(zip(names, cells.split(SPLIT), strict=True)),
            tuple(wrong.get(line, ())),
            corrected.get(line, 0),
        )
        for line, cells in rows
    ]


def correct_row(
    db: Session,
    batch_id: int,
    line: int,
    values: Mapping[str, str],
    *,
    seen: int | None = None,
    **how: Unpack[How],
) -> int:
    """Correct cells of a row in quarantine; return how many changed. Flushes.

    The file stays as it came; each cell's old and new text is kept with who and when, and the
    ledger says so. `seen` is how many corrections of the row the person saw: raises
    `RowCorrected` when a colleague was there in between, `RowNotWaiting` when it went on.
    """
    batch = _open(db, batch_id)
    row = db.get(ImportRow, (batch_id, line), with_for_update=True, populate_existing=True)
    if row is None or row.state != "quarantined":
        raise RowNotWaiting(line=line)
    _refuse_overtaken(db, batch_id, line, seen)
    names = columns(batch)
    cells = dict(zip(names, row.cells.split(SPLIT), strict=True))
    changed = {
        name: value.replace(SPLIT, "").strip()
        for name, value in values.items()
        if name in cells and value.strip() != cells[name]
    }
    if not changed:
        return 0
    db.add_all(
        ImportCorrection(
            batch_id=batch_id,
            line=line,
            column=name,
            before=cells[name],
            after=value,
            by_id=how["by"].id if how["by"] else None,
            at=how["at"],
        )
        for name, value in changed.items()
    )
    row.cells = SPLIT.join({**cells, **changed}.values())
    db.flush()
    told = {name: [cells[name], value] for name, value in changed.items()}
    _tell(db, batch, "import_row_corrected", {"line": line, "changes": told}, how)
    return len(changed)


def _refuse_overtaken(db: Session, batch_id: int, line: int, seen: int | None) -> None:
    last = db.scalars(
        select(ImportCorrection)
        .filter_by(batch_id=batch_id, line=line)
        .order_by(ImportCorrection.id.desc())
    ).all()
    if seen is not None and len(last) > seen:
        name = db.info.get("printed_name")
        who = name(db, last[0].by_id) if name and last[0].by_id else "A colleague"
        raise RowCorrected(by=who, line=line)


def leave_out(db: Session, batch_id: int, line: int, **how: Unpack[How]) -> None:
    """Leave a row in quarantine out for good; the `reason` stands in the ledger. Flushes."""
    batch = _open(db, batch_id)
    row = db.get(ImportRow, (batch_id, line), with_for_update=True, populate_existing=True)
    if row is None or row.state != "quarantined":
        raise RowNotWaiting(line=line)
    row.state = "left_out"
    db.add(
        ImportCorrection(
            batch_id=batch_id,
            line=line,
            column="",
            before="",
            after="left_out",
            by_id=how["by"].id if how["by"] else None,
            at=how["at"],
        )
    )
    db.execute(
        ImportProblem.__table__.delete().where(  # type: ignore[attr-defined]  # a declared table is a Table
            ImportProblem.batch_id == batch_id, ImportProblem.line == line
        )
    )
    batch.problem_count -= 1
    batch.counts = {**batch.counts, "left_out": batch.counts.get("left_out", 0) + 1}
    db.flush()
    _tell(db, batch, "import_row_left_out", {"line": line, "reason": how.get("reason")}, how)


def replace_everywhere(
    db: Session,
    batch_id: int,
    column: str,
    before: str,
    after: str,
    *,
    remember: bool = False,
    **how: Unpack[How],
) -> int:
    """Replace a value of a column in every row in quarantine; return in how many. Flushes.

    With `remember` it is kept for later files of this source too.
    """
    batch = _open(db, batch_id)
    names = columns(batch)
    if column not in names:
        return 0
    place, after = names.index(column), after.replace(SPLIT, "").strip()
    lines: list[int] = []
    rows = db.execute(
        select(ImportRow.line, ImportRow.cells)
        .where(ImportRow.batch_id == batch_id, ImportRow.state == "quarantined")
        .order_by(ImportRow.line)
    ).all()
    for line, joined in rows:
        cells = joined.split(SPLIT)
        if cells[place] != before:
            continue
        cells[place] = after
        lines.append(line)
        db.execute(
            update(ImportRow)
            .where(ImportRow.batch_id == batch_id, ImportRow.line == line)
            .values(cells=SPLIT.join(cells))
            .execution_options(synchronize_session=False)
        )
    if lines:
        db.add_all(
            ImportCorrection(
                batch_id=batch_id,
                line=line,
                column=column,
                before=before,
                after=after,
                by_id=how["by"].id if how["by"] else None,
                at=how["at"],
            )
            for line in lines
        )
        db.flush()
        body = {"column": column, "before": before, "after": after, "count": len(lines)}
        _tell(db, batch, "import_value_replaced", body, how)
    if remember:
        mappings.remember_alias(db, batch, column, before, after, how)
    return len(lines)


def _open(db: Session, batch_id: int) -> ImportBatch:
    batch = batches.get(db, batch_id, lock=True)
    if batch.state not in ("checked", "loaded"):
        raise NotChecked
    return batch


def _tell(db: Session, batch: ImportBatch, action: str, body: dict[str, object], how: How) -> None:
    said = {"batch": batch.id, "sha256": batch.file_sha256, **body}
    ledger.append(db, data_stream(db), action, said, by=how["by"], at=how["at"])


# --- as a file, there and back ---------------------------------------------------------------


def as_csv(db: Session, batch_id: int) -> Iterator[str]:
    """Yield the rows in quarantine as CSV: line, cells, and in the last column what is wrong."""
    names = columns(batches.get(db, batch_id))
    yield "\ufeff" + _csv([LINE, *names, PROBLEMS])
    last = 0
    while rows := waiting(db, batch_id, after=last, limit=500):
        for row in rows:
            said = "; ".join(f"{one.column or '-'}: {one.sentence}" for one in row.problems)
            yield _csv([str(row.line), *(_harmless(row.cells[name]) for name in names), said])
        last = rows[-1].line


def _harmless(text: str) -> str:
    """Keep a spreadsheet from computing what a stranger's file brought."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _csv(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def correct_from_csv(db: Session, batch_id: int, content: str, **how: Unpack[How]) -> int:
    """Take the corrected file back: cells that differ are corrected; return in how many rows.

    Rows that are in quarantine no more are passed over, as are columns that are not ours.
    """
    reader = csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""))
    lines = select(ImportRow.line).where(
        ImportRow.batch_id == batch_id, ImportRow.state == "quarantined"
    )
    there = {str(line): line for line in db.scalars(lines)}
    names, count = set(columns(batches.get(db, batch_id))), 0
    for said in reader:
        line = there.get((said.get(LINE) or "").strip().lstrip("0"))
        if line is None:
            continue
        values = {
            name: value.removeprefix("'") if value[1:2] in ("=", "+", "-", "@") else value
            for name, value in said.items()
            if name in names and isinstance(value, str)
        }
        count += bool(correct_row(db, batch_id, line, values, **how))
    return count


def history(db: Session, batch_id: int, *, limit: int = 200) -> list[ImportCorrection]:
    """Return what people corrected in a batch, the newest first."""
    rows = (
        select(ImportCorrection)
        .filter_by(batch_id=batch_id)
        .order_by(ImportCorrection.id.desc())
        .limit(limit)
    )
    return list(db.scalars(rows))
