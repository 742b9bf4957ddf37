"""A trace that is kept: every affected unit, quantity, lot and run as a row, with its fingerprint.

Rows go from the search into the tables inside the database; only the fingerprint reads them, in
order and a few at a time.
"""

# ruff: noqa: S608  names and steps come from here, values are bound

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.orm import Session

from engine.evidence.ledger import LedgerHead
from engine.people.person import Person
from engine.serials.events import data_stream
from engine.serials.models import Event, TraceRun
from engine.serials.sets import id_value, is_sqlite
from engine.serials.trace.counting import alike, as_counts, called, figures, sent_in
from engine.serials.trace.counts import Counts
from engine.serials.trace.search import Search
from engine.serials.trace.seeds import Seeds

Progress: TypeAlias = Callable[[str, int], None]  # what is done, and how many rows it came to
READ_AT_ONCE = 5_000


def run(
    db: Session,
    seeds: Seeds,
    *,
    expression: Mapping[str, Any],
    by: Person | None,
    at: datetime,
    as_of: int | None = None,
    progress: Progress | None = None,
) -> TraceRun:
    """Trace forward and keep all that was found, row by row; flushes.

    `as_of` is the id of an event: what was recorded up to it decides what went into what and what
    was in what (`event_at`, or `event_known_at` for a time). Where things are, and how much lies
    there, is as of now all the same. Memory does not grow with the answer.
    """
    db.flush()
    say = progress or (lambda what, count: None)
    run_id = _next_id(db)
    stated = _Statements(db, run_id, seeds, as_of)
    say("nodes", node_count := stated.do("nodes"))
    say("units", unit_count := stated.do("units"))
    say("stock", stock_count := stated.do("stock"))
    counts = as_counts(db.execute(_figures(is_sqlite(db)), {"run_id": run_id}))
    kept = TraceRun(
        id=run_id,
        expression=dict(expression),
        seeds=seeds.as_json(),
        as_of_event_id=as_of,
        last_event_id=db.scalar(select(func.max(Event.id))) or 0,
        ledger_head=db.scalar(select(LedgerHead.hash).where(LedgerHead.stream == data_stream(db))),
        counts=counts.as_json(),
        unit_count=unit_count,
        root_count=counts.root_count,
        stock_count=stock_count,
        node_count=node_count,
        result_sha256=fingerprint(db, run_id),
        by_id=by.id if by else None,
        at=at,
    )
    db.add(kept)
    db.flush()
    say("kept", unit_count)
    return kept


def counts(db: Session, run_id: int) -> Counts:
    """Return the figures as they were kept with a run."""
    return Counts.from_json(db.get_one(TraceRun, run_id).counts)


def event_known_at(db: Session, at: datetime) -> int:
    """Return the last event that was recorded at or before a time; 0 when there was none."""
    return db.scalar(select(func.max(Event.id)).where(Event.recorded_at <= at)) or 0


def fingerprint(db: Session, run_id: int) -> str:
    """Return the SHA-256 over the rows of a run in order, read a few at a time."""
    digest = hashlib.sha256()
    for sql in _LINES:
        for some in _read(db, sql, run_id):
            digest.update(("\n".join(some) + "\n").encode())
    return digest.hexdigest()


def _read(db: Session, sql: str, run_id: int) -> Iterator[list[str]]:
    rows = db.connection().execute(
        text(sql),
        {"run_id": run_id},
        execution_options={"stream_results": True, "yield_per": READ_AT_ONCE},
    )
    for some in rows.partitions(READ_AT_ONCE):
        yield [row[0] for row in some]


def _lines(table: str, key: str, *columns: str) -> str:
    told = [key, *columns]
    said = " || ' ' || ".join(f"coalesce(CAST({column} AS text), '-')" for column in told)
    return f"SELECT {said} FROM {table} WHERE run_id = :run_id ORDER BY {key}"


def _flag(column: str) -> str:
    return f"CASE WHEN {column} THEN 'yes' ELSE 'no' END"


_LINES = (
    _lines("trace_run_node", "node_id", _flag("is_named"), _flag("is_certain")),
    _lines(
        "trace_run_unit", "unit_id", "root_id", "part_id", "location_id", "how",
        _flag("is_certain"), "custody", "usability",
    ),
    _lines(
        "trace_run_stock", "stock_id", "lot_id", "part_id", "location_id", "tranche_id", "custody",
        "usability", "quantity", _flag("is_certain"),
    ),
)  # fmt: skip


class _Statements:
    """The statements that fill a run, with what they are given."""

    def __init__(self, db: Session, run_id: int, seeds: Seeds, as_of: int | None) -> None:
        self.db = db
        self.sql = _inserts(is_sqlite(db), as_of is not None)
        self.given = {
            "run_id": run_id,
            "nodes": id_value(db, seeds.nodes),
            "units": id_value(db, seeds.units),
            "as_of": as_of,
        }

    def do(self, name: str) -> int:
        """Fill one table; return how many rows came."""
        statement = self.sql[name]
        given = {key: value for key, value in self.given.items() if f":{key}" in statement.text}
        return self.db.connection().execute(statement, given).rowcount


@cache
def _inserts(sqlite: bool, as_of: bool) -> dict[str, TextClause]:  # noqa: FBT001 - two by two kinds
    search = Search(sqlite, as_of)
    yes, no = ("1", "0") if sqlite else ("true", "false")
    nodes = (
        "INSERT INTO trace_run_node (run_id, node_id, is_named, is_certain)"
        f" WITH RECURSIVE {search.nodes()} SELECT :run_id, w.id,"
        f" CASE WHEN w.id IN ({search.ids('nodes')}) THEN {yes} ELSE {no} END,"
        f" CASE WHEN w.certain = 1 THEN {yes} ELSE {no} END FROM node w ORDER BY w.id"
    )
    how = (
        f"CASE WHEN w.id IN ({search.ids('units')}) THEN 'named'"
        " WHEN w.present = 1 THEN 'contains' ELSE 'contained' END"
    )
    rows = search.step(
        f"CAST(:run_id AS bigint), w.id, {{root}}, {{part}}, {{place}}, {how},"
        f" CASE WHEN w.certain = 1 THEN {yes} ELSE {no} END, {{custody}}, {{usability}}",
        "everyone w" + (" CROSS JOIN top t" if as_of else ""),
        "unit n" + ("" if as_of else " CROSS JOIN unit_root r"),
        "n.id = w.id" + (" AND t.id = w.id" if as_of else " AND r.unit_id = n.id"),
        root="t.root_id" if as_of else "r.root_id",
        part="n.part_id",
        place="n.location_id",
        custody="n.custody",
        usability="n.usability",
    )
    tops = f", {search.tops()}" if as_of else ""
    units = (
        "INSERT INTO trace_run_unit (run_id, unit_id, root_id, part_id, location_id, how,"
        " is_certain, custody, usability)"
        f" WITH RECURSIVE {search.kept_nodes()}, {search.units()}, {search.everyone()}{tops}"
        f" {rows} ORDER BY w.id"
    )
    lying = search.step(
        "CAST(:run_id AS bigint), {id}, {lot}, {part}, {place}, {tranche}, {custody}, {usability},"
        f" {{qty}}, CASE WHEN w.certain = 1 THEN {yes} ELSE {no} END",
        "node w",
        "lot_stock n CROSS JOIN lot l",
        "n.lot_id = w.id AND n.quantity <> 0 AND l.id = n.lot_id",
        id="n.id",
        lot="n.lot_id",
        part="l.part_id",
        place="n.location_id",
        tranche="n.tranche_id",
        custody="n.custody",
        usability="n.usability",
        qty="n.quantity",
    )
    stock = (
        "INSERT INTO trace_run_stock (run_id, stock_id, lot_id, part_id, location_id, tranche_id,"
        " custody, usability, quantity, is_certain)"
        f" WITH {search.kept_nodes()} {lying}"
    )
    return {"nodes": text(nodes), "units": text(units), "stock": text(stock)}


@cache
def _figures(sqlite: bool) -> TextClause:  # noqa: FBT001 - one of two kinds of database
    """Count what a run has kept, so that its figures and its rows cannot disagree."""
    search = Search(sqlite)
    flags = (
        "CASE WHEN w.is_certain THEN 2 ELSE 0 END"
        " + CASE WHEN w.how = 'contained' THEN 0 ELSE 1 END AS flags"
    )
    each = (
        f"SELECT part_id, custody, location_id, {flags}, {sent_in('w.unit_id')} AS sent_in"
        " FROM trace_run_unit w WHERE w.run_id = :run_id AND w.unit_id = w.root_id"
    )
    lots = (
        "SELECT 'lot', part_id, custody, location_id, CAST(NULL AS bigint),"
        " CASE WHEN is_certain THEN 1 ELSE 0 END, 1, CAST(sum(quantity) AS bigint)"
        " FROM trace_run_stock WHERE run_id = :run_id"
        " GROUP BY part_id, custody, location_id, is_certain"
        " UNION ALL SELECT 'node', CAST(NULL AS bigint), CAST(NULL AS smallint),"
        " CAST(NULL AS bigint), CAST(NULL AS bigint), 1, 1, count(*) FROM node"
    )
    return text(
        f"WITH {search.kept_nodes()}, {alike(each)}"
        + called(search, f"{figures(search)} UNION ALL {lots}")
    )


def _next_id(db: Session) -> int:
    """Return the number of a run before its row, which is written last: it never changes."""
    if is_sqlite(db):  # one writer at a time
        return (db.scalar(select(func.max(TraceRun.id))) or 0) + 1
    return int(db.scalar(text("SELECT nextval(pg_get_serial_sequence('trace_run', 'id'))")))
