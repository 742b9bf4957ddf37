"""The trace at full size beside the bare SQL of its one idea, on both databases.

    python bench/trace.py [sqlite:///FILE | postgresql+psycopg://…] [--devices 50000]
        [--affected 83 1365 8700 134000] [--rounds 5] [--recursion 1365]

Without an address it runs on a SQLite file and on a PostgreSQL server of its own; `--devices
1000000` takes some four minutes on each, 10,000,000 on PostgreSQL alone an hour and 20 GB. What is
loaded is a maker's genealogy (`_genealogy.py`): of each device four serials and 38 relations.

Beside each other, taking turns: devices counted by consignee as the product does (also by place,
country and custody, UNKNOWN lots, former hosts at any depth), and by the bare "root pointer + lot
CTE" with former hosts. Keeping the run and its fingerprint is a line of its own. The recursion is
what peers do: one query per node through the mapped classes. Then the tree, timeline and page of
single serials, and the bytes of every table. Times are CPU on SQLite, which works in this process,
and wall on PostgreSQL.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from bench import _databases
from bench._cpu import peak
from bench._genealogy import Made, load, plan
from bench._table import quantile
from engine.clock import now
from engine.db import Database
from engine.migrations import load_models
from engine.serials import trace
from engine.serials.backward import Made as Composed, composition
from engine.serials.models import Edge, Install, Segment, Unit
from engine.serials.queries.history import of_unit, timeline
from engine.serials.queries.unit import unit_page
from engine.serials.sets import is_sqlite
from engine.serials.trace import Seeds
from engine.serials.trace.search import Search

SERIALS = 300


def main() -> None:
    """Load, time, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("url", nargs="?")
    asked.add_argument("--devices", type=int, default=50_000)
    asked.add_argument("--affected", type=int, nargs="+", default=[83, 1_365, 8_700, 134_000])
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--recursion", type=int, default=1_365)
    options = asked.parse_args()
    load_models()
    for url in _databases.asked_or_both(options.url):
        run(url, options)


def run(url: str, options: argparse.Namespace) -> None:
    """Load and time one database."""
    began = perf_counter()
    made = plan(options.devices)
    database = load(url, made, lambda what: None)
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    print(
        f"\n{kind}: {options.devices:,} devices, {4 * options.devices:,} units,"
        f" {len(made.runs):,} runs, {len(made.edges):,} lot edges,"
        f" loaded in {perf_counter() - began:.0f} s"
    )
    sizes_asked = [wanted for wanted in options.affected if wanted <= options.devices]
    lots = dict.fromkeys(made.near(wanted) for wanted in sizes_asked)
    with database.read() as db:
        forward(db, made, [*lots, made.everything], options.rounds)
        recursion(db, made, options.recursion)
        backward(db, made)
    sizes(database, options.devices)
    kept(database, [*lots, made.everything])
    print(f"most memory of this process: {peak():.0f} MB")
    database.close()


def forward(db: Session, made: Made, lots: list[int], rounds: int) -> None:
    """Time the counting beside the bare SQL."""
    print(f"{'devices counted by consignee':34}{'product ms':>12}{'bare SQL ms':>13}{'ratio':>7}")
    bare = text(bare_sql(sqlite=is_sqlite(db)))
    for lot in lots:
        ours: list[float] = []
        theirs: list[float] = []
        counts = [0, 0]
        trace.counted(db, Seeds(lots=frozenset({lot})))  # both are prepared once
        db.execute(bare, {"lot": lot}).all()
        for _ in range(rounds if made.reach[lot] < 500_000 else min(rounds, 3)):
            found = timed(db, ours, partial(trace.counted, db, Seeds(lots=frozenset({lot}))))
            rows = timed(db, theirs, lambda lot=lot: db.execute(bare, {"lot": lot}).all())
            counts = [found.root_count, sum(row[1] for row in rows)]
        assert counts[0] >= made.reach[lot]
        one, other = statistics.median(ours), statistics.median(theirs)
        label = f"{counts[0]:,} ({made.reach[lot]:,} made of it)"
        print(f"{label:34}{one:>12.2f}{other:>13.2f}{one / other:>7.2f}")


def bare_sql(*, sqlite: bool) -> str:
    """Return the bare query: lots by recursion, roots by run, former hosts, consignees."""
    step = Search(sqlite).step
    lots = step("{o}", "c w", "edge n", "n.inp = w.id AND n.never_event_id IS NULL", o="n.out")
    direct = step(
        "{unit}, {root}",
        "c w",
        "unit_root n",
        "n.seg_id = w.id",
        unit="n.unit_id",
        root="n.root_id",
    )
    former = step(
        "{root}",
        "d w",
        "install n CROSS JOIN unit_root r",
        "n.child_id = w.unit_id AND n.to_event_id IS NOT NULL AND r.unit_id = n.host_id",
        root="r.root_id",
    )
    sent = step(
        "{consignee} AS consignee, w.id",
        "root w",
        "shipment_line n CROSS JOIN shipment s",
        "n.unit_id = w.id AND s.id = n.shipment_id",
        consignee="s.consignee_id",
    )
    return (
        f"WITH RECURSIVE c(id) AS (SELECT CAST(:lot AS bigint) UNION {lots}),"  # noqa: S608  all of it is written here
        f" d(unit_id, root_id) AS MATERIALIZED ({direct}),"
        f" root(id) AS MATERIALIZED (SELECT root_id FROM d UNION {former})"
        f" SELECT consignee, count(DISTINCT id) FROM ({sent}) t GROUP BY consignee"
    )


def recursion(db: Session, made: Made, wanted: int) -> None:
    """Time what peers do: through the mapped classes, a query per node."""
    lot = made.near(wanted)
    ours: list[float] = []
    for _ in range(5):
        found = timed(db, ours, partial(trace.counted, db, Seeds(lots=frozenset({lot}))))
    theirs: list[float] = []
    reached = timed(db, theirs, partial(one_by_one, db, lot))
    db.expunge_all()
    one, other = statistics.median(ours), theirs[0]
    print(
        f"{found.root_count:,} devices node by node (ORM, {len(reached):,} units): {other:,.0f} ms,"
        f" product {one:.2f} ms, {other / one:,.0f} x"
    )


def one_by_one(db: Session, lot: int) -> set[int]:
    """Follow a lot node by node."""
    nodes, units = [lot], list[int]()
    seen, reached = {lot}, set[int]()
    while nodes:
        node = nodes.pop()
        for edge in db.scalars(select(Edge).where(Edge.inp == node)):
            if edge.out not in seen:
                seen.add(edge.out)
                nodes.append(edge.out)
        if db.get(Segment, node) is not None:
            units += [unit.id for unit in db.scalars(select(Unit).where(Unit.seg_id == node))]
    while units:
        unit = units.pop()
        if unit in reached:
            continue
        reached.add(unit)
        units += [
            one.host_id for one in db.scalars(select(Install).where(Install.child_id == unit))
        ]
    return reached


def backward(db: Session, made: Made) -> None:
    """Time single serials: their tree and timeline, and everything their page shows."""
    draw = random.Random(11)
    both: list[float] = []
    whole: list[float] = []
    nodes: list[int] = []
    for _ in range(SERIALS):
        unit, other = draw.randint(1, made.devices), draw.randint(1, made.devices)
        nodes.append(count(timed(db, both, partial(tree_and_timeline, db, unit))))
        timed(db, whole, partial(unit_page, db, other))
        db.expunge_all()
    for what, times in (("tree and timeline of one serial", both), ("its whole page", whole)):
        print(
            f"{what}: median {statistics.median(times):.1f} ms, p95 {quantile(times, 95):.1f} ms,"
            f" {statistics.median(nodes):.0f} nodes"
        )


def tree_and_timeline(db: Session, unit_id: int) -> Composed:
    """Return what a unit was made of, its events read too."""
    timeline(db, of_unit(unit_id))
    return composition(db, unit_id=unit_id)


def count(made: Composed) -> int:
    """Return how many nodes a tree has."""
    return 1 + sum(count(part) for part in made.parts)


def kept(database: Database, lots: list[int]) -> None:
    """Time keeping a run, with its fingerprint; each is rolled back."""
    print(f"{'kept and fingerprinted':34}{'rows':>12}{'s':>9}{'of it hash s':>14}")
    for lot in lots:
        with Session(database.writer, info=database.info) as db:
            began = perf_counter()
            run = trace.run(
                db, Seeds(lots=frozenset({lot})), expression={"any": []}, by=None, at=now()
            )
            took = perf_counter() - began
            began = perf_counter()
            trace.fingerprint(db, run.id)
            hashed = perf_counter() - began
            rows = run.unit_count + run.stock_count + run.node_count
            print(f"{run.root_count:>12,} devices{'':14}{rows:>12,}{took:>9.2f}{hashed:>14.2f}")
            db.rollback()


def timed(db: Session, times: list[float], work: Callable[[], Any]) -> Any:
    """Do something and note how many milliseconds it took.

    SQLite works in this process: its CPU time is the same while others use the machine.
    """
    clock = process_time if is_sqlite(db) else perf_counter
    began = clock()
    result = work()
    times.append((clock() - began) * 1000)
    return result


def sizes(database: Database, devices: int) -> None:
    """Print the bytes per device of every table and index that holds any."""
    with database.read() as db:
        if is_sqlite(db):
            rows = db.execute(
                text(
                    "SELECT coalesce(m.tbl_name, d.name), d.name, sum(d.pgsize) FROM dbstat d"
                    " LEFT JOIN sqlite_master m ON m.name = d.name GROUP BY d.name"
                )
            ).all()
        else:
            rows = db.execute(
                text(
                    "SELECT coalesce(t.relname, c.relname), c.relname, pg_relation_size(c.oid)"
                    " FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid"
                    " LEFT JOIN pg_class t ON t.oid = i.indrelid"
                    " WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace"
                )
            ).all()
    tables: dict[str, list[tuple[str, float]]] = {}
    for table, name, size in rows:
        tables.setdefault(table, []).append((name, size / devices))
    total = sum(size for parts in tables.values() for _, size in parts)
    print(f"bytes per device: {total:,.0f}")
    for table, parts in sorted(tables.items(), key=lambda one: -sum(size for _, size in one[1])):
        whole = sum(size for _, size in parts)
        if whole >= 1:
            inner = ", ".join(
                f"{name} {size:.0f}" for name, size in sorted(parts, key=lambda one: -one[1])
            )
            print(f"{whole:>10.0f}  {table}: {inner}")


if __name__ == "__main__":
    main()
