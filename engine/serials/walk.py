"""Following pairs to their end inside the database: one recursive query, whatever the depth.

On PostgreSQL the step is fenced (`LATERAL … OFFSET 0`): without the fence the planner takes a
recursive union for huge and reads the whole table (57 s instead of 2.5 ms at 1e7 devices). SQLite
is told to expect few rows: else it reads the whole table once, to filter by it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.serials.sets import is_sqlite


class Way(NamedTuple):
    """A table of pairs and the direction to follow it in."""

    table: str
    start: str
    end: str
    only: str = ""


# the column is one that is never -1
FEW = "likelihood({} <> -1, 0.000001)"
# what a correction says never was (`never_event_id`) is in no trace: edges, installs, unit inputs
_HAPPENED = "AND n.never_event_id IS NULL"
INTO = Way("edge", "inp", "out", _HAPPENED)  # what was made of it
OUT_OF = Way("edge", "out", "inp", _HAPPENED)  # what it was made of
INSIDE = Way("install", "host_id", "child_id", "AND n.to_event_id IS NULL")
AROUND = Way("install", "child_id", "host_id", "AND n.to_event_id IS NULL")
EVER_IN = Way("packed", "container_id", "inner_id", "AND n.inner_id IS NOT NULL")
EVER_AROUND = Way("install", "child_id", "host_id", _HAPPENED)


def reach(db: Session, start: Iterable[int], way: Way) -> set[int]:
    """Return everything reached from `start`, `start` included."""
    seeds = sorted(set(start))
    if not seeds:
        return set()

    return set(db.execute(text(_reach_sql(db, way)), {"ids": _parameter(db, seeds)}).scalars())


def reach_each(db: Session, start: Iterable[int], way: Way) -> Mapping[int, set[int]]:
    """Return what is reached from each of `start`, itself included."""
    seeds = sorted(set(start))
    reached: dict[int, set[int]] = defaultdict(set)
    if not seeds:
        return reached

    rows = db.execute(text(_each_sql(db, way)), {"ids": _parameter(db, seeds)})
    for top, found in rows:
        reached[top].add(found)
    return reached


def _parameter(db: Session, ids: list[int]) -> object:
    return json.dumps(ids) if is_sqlite(db) else ids


def _seeds(db: Session) -> str:
    if is_sqlite(db):
        return "SELECT value AS id FROM json_each(:ids)"
    return "SELECT unnest(CAST(:ids AS bigint[])) AS id"


def _step(db: Session, way: Way) -> str:
    found = f"n.{way.start} = w.id {way.only}"
    if is_sqlite(db):
        return f"CROSS JOIN {way.table} n WHERE {found} AND {FEW.format('w.id')}"
    return f"CROSS JOIN LATERAL (SELECT n.{way.end} FROM {way.table} n WHERE {found} OFFSET 0) n"  # noqa: S608  names are constants above


def _reach_sql(db: Session, way: Way) -> str:
    return (
        f"WITH RECURSIVE w(id) AS ({_seeds(db)} UNION SELECT n.{way.end} FROM w {_step(db, way)}) "  # noqa: S608  names are constants above
        "SELECT id FROM w"
    )


def _each_sql(db: Session, way: Way) -> str:
    return (
        f"WITH RECURSIVE w(top, id) AS (SELECT s.id, s.id FROM ({_seeds(db)}) s "  # noqa: S608  names are constants above
        f"UNION SELECT w.top, n.{way.end} FROM w {_step(db, way)}) SELECT top, id FROM w"
    )
