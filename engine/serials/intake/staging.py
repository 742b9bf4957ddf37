"""From the file to staged rows: read, standardised, held against the store, piece by piece.

Each piece is a transaction of its own, so that nobody waits and progress shows. Nothing staged is
in the store yet.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby
from typing import IO

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from engine.serials.errors import BatchUnknown, FileHasNoRows
from engine.serials.intake import bulk, documents, files, mappings
from engine.serials.intake.chunk import (
    REFERENCES,
    SPLIT,
    Chunk,
    from_cells,
    problem_rows,
    standardise,
)
from engine.serials.intake.counting import count_fields
from engine.serials.intake.layouts import DOCUMENTS, Layout, layout
from engine.serials.intake.mappings import Reading
from engine.serials.intake.problems import RowProblem
from engine.serials.intake.references import Known
from engine.serials.intake.referring import Groups, refer
from engine.serials.intake.rings import rings
from engine.serials.intake.values import Cells, reader
from engine.serials.models import (
    ImportBatch,
    ImportCorrection,
    ImportFile,
    ImportProblem,
    ImportRow,
)

PIECE = 20_000  # rows; two such pieces are in memory at once
Sessions = Callable[[], AbstractContextManager[Session]]
Progress = Callable[[str, int, int], None]
COLUMNS = ("batch_id", "line", "state", "key", *REFERENCES, "group_no", "cells")


AS_THE_FIRST = (
    update(ImportRow.__table__)  # type: ignore[arg-type]  # a declared table is a Table
    .where(ImportRow.batch_id == bindparam("of_batch"), ImportRow.line == bindparam("of_line"))
    .values(state="same", group_no=bindparam("first"))
)


def silent(phase: str, done: int, total: int) -> None:
    """Tell nobody."""


def stage(sessions: Sessions, batch_id: int, *, at: datetime, progress: Progress = silent) -> None:
    """Read the whole file of a batch into staged rows; what was staged before goes."""
    with sessions() as db:
        batch = db.get(ImportBatch, batch_id)
        if batch is None:
            raise BatchUnknown(batch=batch_id)
        reading = Reading.of(batch.mapping)
        mappings.refuse_incomplete(batch.kind, reading)
        clear(db, batch_id)
        batch.state, batch.checked_at = "received", None
        stream = files.opened(db, batch.file_sha256)
        size = db.get_one(ImportFile, batch.file_sha256).size or 0
        corrected, left_out = _corrected(db, batch_id)
        source = batch.source
    what, groups, count = layout(batch.kind), Groups(), 0
    reads = readers(what, reading)
    known: Known | None = None
    with stream:
        is_document = what.kind in DOCUMENTS
        table = documents.events(stream) if is_document else _table(stream, reading)
        for rows in _pieces(table):
            piece = _piece(what, reading.names, reads, rows, corrected)
            with sessions() as db:
                known = _again(known, db, source, at)
                _hold(db, batch_id, piece, known, groups, left_out)
            count += len(piece)
            progress("reading", _read(stream, size), size)
    if not count:
        raise FileHasNoRows
    progress("comparing", 0, count)
    with sessions() as db:
        finish(db, batch_id, at=at, line_count=count)
    progress("comparing", count, count)


def again(db: Session, batch: ImportBatch, *, at: datetime) -> None:
    """Check the rows in quarantine again, with what was corrected in them; flushes."""
    what, reading = layout(batch.kind), Reading.of(batch.mapping)
    waiting = db.execute(
        select(ImportRow.line, ImportRow.cells)
        .where(ImportRow.batch_id == batch.id, ImportRow.state == "quarantined")
        .order_by(ImportRow.line)
    ).all()
    last = db.scalar(select(func.max(ImportRow.group_no)).where(ImportRow.batch_id == batch.id))
    known, groups = Known(db, batch.source, at=at), Groups(last or 0)
    for at_row in range(0, len(waiting), PIECE):
        rows = [(row[0], row[1].split(SPLIT)) for row in waiting[at_row : at_row + PIECE]]
        lines = [line for line, _ in rows]
        # problems are kept of rows in quarantine only
        for model in (ImportProblem, ImportRow):
            gone = delete(model).where(
                model.batch_id == batch.id, model.line.between(lines[0], lines[-1])
            )
            db.execute(
                gone if model is ImportProblem else gone.where(ImportRow.state == "quarantined")
            )
        piece = from_cells(what, reading.names, rows)
        standardise(piece, readers(what, reading))
        _hold(db, batch.id, piece, known, groups, frozenset())
    finish(db, batch.id, at=at)


def clear(db: Session, batch_id: int) -> None:
    """Take away what was staged of a batch; flushes."""
    for model in (ImportRow, ImportProblem):
        db.execute(delete(model).where(model.batch_id == batch_id))


def readers(what: Layout, reading: Reading) -> dict[str, Cells]:
    """Return what reads the cells of each column."""
    return {
        name: reader(
            what.column(name), dates=reading.dates.get(name, ""), aliases=reading.aliases.get(name)
        )
        for name in reading.names
    }


# --- one piece -------------------------------------------------------------------------------


def _table(stream: IO[bytes], reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the header, their cells in the order of our columns."""
    places = sorted(reading.columns)
    plain = places == list(range(len(places)))
    width = 0
    for line, cells in files.rows(stream, reading.form):
        if line <= reading.header_line:
            width = len(cells)
            continue
        if plain and len(cells) == len(places):
            yield line, cells
            continue
        picked = [cells[place] if place < len(cells) else "" for place in places]
        yield line, picked + [""] * (len(cells) > width)  # one too many: told with the row


def _pieces(
    rows: Iterable[tuple[int, list[str]]],
) -> Iterator[list[tuple[int, list[str]]]]:
    piece: list[tuple[int, list[str]]] = []
    for row in rows:
        piece.append(row)
        if len(piece) == PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _piece(
    what: Layout,
    names: Sequence[str],
    reads: dict[str, Cells],
    rows: list[tuple[int, list[str]]],
    corrected: dict[int, dict[str, str]],
) -> Chunk:
    if corrected:
        for line, cells in rows:
            for name, after in corrected.get(line, {}).items():
                cells[names.index(name)] = after
    piece = from_cells(what, names, rows)
    standardise(piece, reads)
    return piece


def _again(known: Known | None, db: Session, source: str, at: datetime) -> Known:
    """Return what was looked up before, on this transaction's session."""
    if known is None:
        return Known(db, source, at=at)
    known.db = db
    return known


def _hold(
    db: Session,
    batch_id: int,
    piece: Chunk,
    known: Known,
    groups: Groups,
    left_out: frozenset[int],
) -> None:
    refer(piece, known, groups)
    for place, line in enumerate(piece.lines):
        if line in left_out:
            piece.states[place] = "left_out"
            piece.problems = [one for one in piece.problems if one.line != line]
    texts = (piece.cells[name] for name in piece.names)
    bulk.write(
        db,
        ImportRow,
        COLUMNS,
        zip(
            [batch_id] * len(piece),
            piece.lines,
            piece.states,
            piece.keys,
            *(piece.refers[name] for name in REFERENCES),
            piece.groups,
            map(SPLIT.join, zip(*texts, strict=True)),
            strict=True,
        ),
    )
    bulk.add(db, ImportProblem, problem_rows(batch_id, piece.problems))


def _corrected(db: Session, batch_id: int) -> tuple[dict[int, dict[str, str]], frozenset[int]]:
    """Return what people corrected in the file, and the lines they left out."""
    cells: dict[int, dict[str, str]] = {}
    left_out: set[int] = set()
    rows = select(ImportCorrection).filter_by(batch_id=batch_id).order_by(ImportCorrection.id)
    for one in db.scalars(rows):
        if one.column:
            cells.setdefault(one.line, {})[one.column] = one.after
        elif one.after:
            left_out.add(one.line)
        else:
            left_out.discard(one.line)
    return cells, frozenset(left_out)


def _read(stream: IO[bytes], size: int) -> int:
    try:
        return min(stream.tell(), size)
    except ValueError:
        return size


# --- the rows together -----------------------------------------------------------------------


def finish(db: Session, batch_id: int, *, at: datetime, line_count: int | None = None) -> None:
    """Hold the staged rows against each other, count them, and say that they are checked."""
    _find_twice(db, batch_id)
    _keep_orders_whole(db, batch_id)
    batch = db.get_one(ImportBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch.kind == "installs":
        _have_wait(db, batch_id, rings(db, batch_id))
    counted = select(ImportRow.state, func.count()).where(ImportRow.batch_id == batch_id)
    states = {row[0]: row[1] for row in db.execute(counted.group_by(ImportRow.state))}
    rules = (
        select(ImportProblem.column, ImportProblem.code, func.count())
        .where(ImportProblem.batch_id == batch_id)
        .group_by(ImportProblem.column, ImportProblem.code)
        .order_by(ImportProblem.column, ImportProblem.code)
    )
    found = [list(row) for row in db.execute(rules)]
    by_field = {"rules": found, "fields": count_fields(db, batch)}
    if line_count is not None:
        batch.line_count = line_count
        batch.state = "checked"
        batch.counts = {**states, **by_field, "first": {**states, "rules": found}}
    else:
        batch.counts = {**batch.counts, **dict.fromkeys(("new", "same", "fill"), 0), **states}
        batch.counts = {**batch.counts, **by_field}
    batch.problem_count, batch.checked_at = states.get("quarantined", 0), at
    db.flush()


def _find_twice(db: Session, batch_id: int) -> None:
    """Tell rows of one file apart that are about one thing.

    Word for word the same: the first counts, the others are recorded as the same. Different: all
    of them wait for a person, for the file itself does not say which is right.
    """
    row = ImportRow
    alive = (row.batch_id == batch_id, row.state.in_(("new", "fill", "same")), row.key.is_not(None))
    part = func.coalesce(row.part_id, 0)
    # counted beside each row, not joined to the counts: PostgreSQL knows nothing yet of rows that
    # were just staged, takes them for few, and looks at all of them for each
    several = func.count().over(partition_by=(part, row.key)).label("several")
    counted = (
        select(part.label("part"), row.key, row.line, row.cells, several).where(*alive).subquery()
    )
    rows = db.execute(
        select(counted.c.part, counted.c.key, counted.c.line, counted.c.cells)
        .where(counted.c.several > 1)
        .order_by(counted.c.part, counted.c.key, counted.c.line)
    )
    same: list[dict[str, int]] = []
    problems: list[RowProblem] = []
    names = _names(db, batch_id)
    for _, group in groupby(rows, key=lambda one: (one[0], one[1])):
        together = list(group)
        if len({one[3] for one in together}) == 1:
            first = together[0][2]
            same += [
                {"of_batch": batch_id, "of_line": one[2], "first": first} for one in together[1:]
            ]
            continue
        for at_row, one in enumerate(together):
            other = together[0 if at_row else 1]
            column, value = _tells(names, one[3])
            facts = (("value", value), ("line", other[2]))
            problems.append(RowProblem(one[2], column, "twice_in_file", facts))
    if same:
        db.connection().execute(AS_THE_FIRST, same)
    _have_wait(db, batch_id, problems)


def _keep_orders_whole(db: Session, batch_id: int) -> None:
    """Have the sound lines of an order wait with those that are not: it is taken in whole."""
    if db.get_one(ImportBatch, batch_id).kind != "orders":
        return
    of_batch = ImportRow.batch_id == batch_id
    waiting = select(ImportRow.group_no).where(of_batch, ImportRow.state == "quarantined")
    several = (
        select(ImportRow.group_no)
        .where(of_batch, ImportRow.state == "new")
        .group_by(ImportRow.group_no)
        .having(func.count(ImportRow.party_id.distinct()) > 1)
    )
    twice = (
        select(ImportRow.key)
        .where(of_batch, ImportRow.state == "new")
        .group_by(ImportRow.key)
        .having(func.count(ImportRow.part_id.distinct()) > 1)
    )
    rules = {
        "two_suppliers": ImportRow.group_no.in_(several),
        "line_twice": ImportRow.key.in_(twice),
        "order_waits": ImportRow.group_no.in_(waiting),
    }
    for code, is_wrong in rules.items():
        lines = db.scalars(
            select(ImportRow.line)
            .where(of_batch, ImportRow.state == "new", is_wrong)
            .order_by(ImportRow.line)
        ).all()
        _have_wait(db, batch_id, [RowProblem(line, "order_no", code) for line in lines])


def _names(db: Session, batch_id: int) -> list[str]:
    return Reading.of(db.get_one(ImportBatch, batch_id).mapping).names


def _tells(names: Sequence[str], cells: str) -> tuple[str, str]:
    """Return the column that names a row, and what it says there."""
    said = dict(zip(names, cells.split(SPLIT), strict=False))
    for name in ("serial", "lot_no", "code", "value", "part_no"):
        if said.get(name):
            return name, said[name]
    return names[0], said[names[0]]


def _have_wait(db: Session, batch_id: int, problems: Sequence[RowProblem]) -> None:
    """Have sound rows wait in quarantine with what is wrong with them."""
    lines = [one.line for one in problems]
    for at_line in range(0, len(lines), 10_000):
        db.execute(
            update(ImportRow)
            .where(
                ImportRow.batch_id == batch_id,
                ImportRow.line.in_(lines[at_line : at_line + 10_000]),
            )
            .values(state="quarantined")
            .execution_options(synchronize_session=False)
        )
    bulk.add(db, ImportProblem, problem_rows(batch_id, problems))
