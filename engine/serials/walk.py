"""Following pairs to their end inside the database: one recursive query, whatever the depth.

On PostgreSQL the step is fenced (`LATERAL … OFFSET 0`): without the fence the planner takes a
recursive union for huge and reads the whole table (57 s instead of 2.5 ms at 1e7 devices). SQLite
is told to expect few rows: else it reads the whole table once, to filter by it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from engine.serials.sets import id_value, ids_of, is_sqlite


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
    seeds = set(start)
    if not seeds:
        return set()

    return set(db.execute(_reach(way, is_sqlite(db)), {"ids": id_value(db, seeds)}).scalars())


def reach_each(db: Session, start: Iterable[int], way: Way) -> Mapping[int, set[int]]:
    """Return what is reached from each of `start`, itself included."""
    seeds = set(start)
    reached: dict[int, set[int]] = defaultdict(set)
    if not seeds:
        return reached

    for top, found in db.execute(_each(way, is_sqlite(db)), {"ids": id_value(db, seeds)}):
        reached[top].add(found)
    return reached


def reached_from_each(name: str, way: Way, *, sqlite: bool) -> str:
    """Return, as SQL for a WITH, `name(top, id)`: what is reached from each of `:ids`."""
    seeds = ids_of("ids", sqlite=sqlite)
    return (
        f"{name}(top, id) AS (SELECT s.id, s.id FROM ({seeds}) s "  # noqa: S608  names are constants above
        f"UNION SELECT w.top, n.{way.end} FROM {name} w {_step(way, sqlite=sqlite)})"
    )


def look_up(shown: str, left: str, tables: str, where: str, *, sqlite: bool, **picks: str) -> str:
    """Return, as SQL, `tables` looked up for each row `w` of `left`: never a scan.

    `shown` has a place for each of `picks`, what is wanted of the tables.
    """
    if sqlite:
        few = FEW.format(re.findall(r"\bw\.\w+", where)[0])  # of the left side
        found = shown.format(**picks)
        return f"SELECT {found} FROM {left} CROSS JOIN {tables} WHERE {where} AND {few}"  # noqa: S608  names are constants of ours
    inner = ", ".join(f"{column} AS {name}" for name, column in picks.items())
    outer = shown.format(**{name: f"n_.{name}" for name in picks})
    return (
        f"SELECT {outer} FROM {left} CROSS JOIN LATERAL"  # noqa: S608  names are constants of ours
        f" (SELECT {inner} FROM {tables} WHERE {where} OFFSET 0) n_"
    )


@cache
def _each(way: Way, sqlite: bool) -> TextClause:  # noqa: FBT001 - a part of the key of the cache
    return text(
        f"WITH RECURSIVE {reached_from_each('r', way, sqlite=sqlite)} SELECT top, id FROM r"  # noqa: S608  names are constants above
    )


@cache
def _reach(way: Way, sqlite: bool) -> TextClause:  # noqa: FBT001 - a part of the key of the cache
    return text(
        f"WITH RECURSIVE w(id) AS ({ids_of('ids', sqlite=sqlite)}"  # noqa: S608  names are constants above
        f" UNION SELECT n.{way.end} FROM w {_step(way, sqlite=sqlite)}) SELECT id FROM w"
    )


def _step(way: Way, *, sqlite: bool) -> str:
    found = f"n.{way.start} = w.id {way.only}"
    if sqlite:
        return f"CROSS JOIN {way.table} n WHERE {found} AND {FEW.format('w.id')}"
    return f"CROSS JOIN LATERAL (SELECT n.{way.end} FROM {way.table} n WHERE {found} OFFSET 0) n"  # noqa: S608  names are constants above
