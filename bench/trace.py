"""The forward trace beside a plain recursive query through `unit`, on both databases.

    python bench/trace.py [sqlite:///FILE | postgresql+psycopg://…] [--units 100000]
        [--affected 100 1000 10000] [--rounds 5]

Without an address it runs on a SQLite file and on a PostgreSQL server of its own. Ours answers
with every unit, its place and the path that brought it in; the plain query only with ids, so the
ratio is against us. Both alternate in one run, so that it means something on a busy machine.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from bench.gate_check import AT, settle, throw_away_postgres, timed
from engine.db import Database, create_schema
from engine.serials import parties, trace
from engine.serials.events import Links, write_event
from engine.serials.sets import is_sqlite

RUN = 50  # units made in one run
PLAIN = """
WITH RECURSIVE w(kind, id) AS (
  SELECT 'node', CAST(:lot AS bigint)
  UNION
  SELECT x.kind, x.id FROM w JOIN (
    SELECT 'node' AS of_kind, inp AS of_id, 'node' AS kind, out AS id FROM edge
    UNION ALL SELECT 'node', seg_id, 'unit', id FROM unit
    UNION ALL SELECT 'unit', child_id, 'unit', host_id FROM install
  ) x ON x.of_kind = w.kind AND x.of_id = w.id
)
SELECT count(*) FROM w WHERE kind = 'unit'
"""


def main() -> None:
    """Load, time, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("url", nargs="?")
    asked.add_argument("--units", type=int, default=100_000)
    asked.add_argument("--affected", type=int, nargs="+", default=[100, 1_000, 10_000])
    asked.add_argument("--rounds", type=int, default=5)
    options = asked.parse_args()
    if options.url:
        run(options.url, options)
        return

    with tempfile.TemporaryDirectory() as folder:
        run(f"sqlite:///{Path(folder) / 'trace.sqlite'}", options)
    with throw_away_postgres() as url:
        run(url, options)


def run(url: str, options: argparse.Namespace) -> None:
    """Load and time one database."""
    database = Database(url)
    create_schema(database.writer)
    started = time.perf_counter()
    with database.begin() as db:
        lots = load(db, options.units, options.affected)
    print(f"{options.units:,} units loaded in {time.perf_counter() - started:.0f} s")
    settle(database)
    with database.read() as db:
        print(f"{db.get_bind().dialect.name:12} {'trace':>11} {'plain query':>14} {'ratio':>7}")
        for lot_id, count in lots.items():
            measure(db, lot_id, count, options.rounds)
    database.close()


def load(db: Session, units: int, sizes: list[int]) -> dict[int, int]:
    """Make runs of units in bulk, each of one resin lot; return the lots with their units."""
    if any(size % RUN or size > units for size in sizes):
        message = f"--affected takes multiples of {RUN} up to --units"
        raise SystemExit(message)
    maker = parties.add_party(db, "OWN", "Maker", kind="site", by=None, at=AT)
    place = parties.add_location(db, maker.id, "WH", "Store", kind="warehouse", by=None, at=AT)
    pump = parties.add_part(
        db, maker.id, "PUMP", "Pump", control="serial", kind="device", by=None, at=AT
    )
    resin = parties.add_part(
        db, maker.id, "RES", "Resin", control="lot", kind="material", by=None, at=AT
    )
    event = write_event(db, "built", Links(), by=None, at=AT, reason="bench")
    lots = {
        parties.ensure_lot(db, resin.id, f"R-{size}", by=None, at=AT).id: size for size in sizes
    }
    first = max(lots) + 1
    facts = {"pump": pump.id, "place": place.id, "event": event.id, "first": first, "at": AT}
    fill(db, units // RUN, "trace_node (id, kind)", ":first + i - 1, 'segment'", facts)
    fill(
        db,
        units // RUN,
        "segment (id, part_id, site_id, from_at, to_at, event_id)",
        ":first + i - 1, :pump, :place, '2026-03-02 08:00:00', '2026-03-02 08:00:00', :event",
        facts,
    )
    for lot_id, size in lots.items():
        edge = {**facts, "lot": lot_id}
        fill(db, size // RUN, "edge (inp, out, event_id)", ":lot, :first + i - 1, :event", edge)
    columns = "id, part_id, serial, seg_id, custody, usability, location_id, is_released, version"
    values = (
        f"i, :pump, 'SN-' || i, :first + (i - 1) / {RUN}, 'in_house', 'conforming', :place,"
        " false, 1"
    )
    fill(db, units, f"unit ({columns})", values, facts)
    roots = f"i, i, :first + (i - 1) / {RUN}"
    fill(db, units, "unit_root (unit_id, root_id, seg_id)", roots, facts)
    return lots


def fill(db: Session, count: int, into: str, values: str, facts: dict[str, object]) -> None:
    """Insert `count` rows whose values are written over `i`, counting from 1."""
    numbers = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"  # noqa: S608  a number
        if is_sqlite(db)
        else f"WITH n(i) AS (SELECT generate_series(1, CAST({count} AS bigint)))"
    )
    rows = f"INSERT INTO {into} {numbers} SELECT {values} FROM n"  # noqa: S608  names are above
    db.execute(text(rows), {name: facts[name] for name in facts if f":{name}" in rows})


def measure(db: Session, lot_id: int, count: int, rounds: int) -> None:
    """Time both in turn for one lot and print medians and their ratio."""
    ours, plain = [], []
    for _ in range(rounds):
        ours.append(timed(lambda: traced(db, lot_id, count)))
        plain.append(timed(lambda: asked_plainly(db, lot_id, count)))
    one, other = statistics.median(ours), statistics.median(plain)
    print(f"{count:>12,} {one:8.1f} ms {other:11.1f} ms {other / one:6.1f}x")


def traced(db: Session, lot_id: int, count: int) -> None:
    """Trace as the product does; the answer is checked."""
    assert len(trace.contains(db, lots=[lot_id]).units) == count
    db.expunge_all()


def asked_plainly(db: Session, lot_id: int, count: int) -> None:
    """Ask the plain query; the answer is checked."""
    assert db.scalar(text(PLAIN), {"lot": lot_id}) == count


if __name__ == "__main__":
    main()
