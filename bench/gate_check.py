"""The gate beside a bare primary-key lookup: one unit among 1,000,000 held, eight at once, 1,000.

    python bench/gate_check.py [sqlite:///FILE | postgresql+psycopg://…] [--units 1000000]

Without an address it runs on a SQLite file and on a PostgreSQL server of its own, on the disk.
The lookup and the check alternate in one run, on the same connection, so that the ratio means
something on a busy machine.

Eight clients are read twice. The hard way: threads of one interpreter, each asking again at once,
so that they wait for each other above all and the machine is full. As doors are: each in a process
of its own, as a server for a team has them, scanning every half second; a question that was late
counts from when it was to be asked. Each client has asked before the clock runs, as one that stands
at its door all day.
"""

# ruff: noqa: B023  what is timed is called at once

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from bench import _databases
from engine.db import Database, create_schema
from engine.migrations import load_models
from engine.serials import gate, parties
from engine.serials.events import Links, write_event
from engine.serials.models import CUSTODY, USABILITY, Hold
from engine.serials.sets import is_sqlite

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CLIENTS = 8
WARM = 8  # questions before the clock runs
EVERY = 0.5  # seconds from scan to scan


def main() -> None:
    """Load, time, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("url", nargs="?")
    asked.add_argument("--units", type=int, default=1_000_000)
    asked.add_argument("--rounds", type=int, default=2_000)
    asked.add_argument("--seconds", type=float, default=30)
    options = asked.parse_args()
    if options.url:
        run(options.url, options.units, options.rounds, options.seconds)
        return

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'gate.sqlite'}"
        run(url, options.units, options.rounds, options.seconds)
    with _databases.postgresql() as url:
        run(url, options.units, options.rounds, options.seconds)


def run(url: str, units: int, rounds: int, seconds: float) -> None:
    """Load and time one database."""
    database = Database(url)
    create_schema(database.writer)
    started = time.perf_counter()
    with database.begin() as db:
        first = load(db, units)
    print(f"{units:,} held units loaded in {time.perf_counter() - started:.0f} s")
    settle(database)
    with database.read() as db:
        measure(db, first, units, rounds)
        measure_batch(db, first, units)
    measure_crowd(database, first, units, rounds)
    database.close()
    measure_doors(url, first, units, seconds)


def load(db: Session, count: int) -> int:
    """Put `count` units on hold under one case, in bulk; return the first unit's id."""
    maker = parties.add_party(db, "OWN", "Maker", kind="site", by=None, at=AT)
    place = parties.add_location(db, maker.id, "WH", "Store", kind="warehouse", by=None, at=AT)
    part = parties.add_part(
        db, maker.id, "PUMP", "Pump", control="serial", kind="device", by=None, at=AT
    )
    event = write_event(db, "hold_placed", Links(), by=None, at=AT, reason="bench")
    hold = Hold(
        stream="case:NC-2026-0001",
        case_number="NC-2026-0001",
        reason="bench",
        basis="bench",
        target_kind="scope",
        target_count=count,
        placed_at=AT,
        placed_event_id=event.id,
    )
    db.add(hold)
    db.flush()
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
        if is_sqlite(db)
        else "WITH n(i) AS (SELECT generate_series(1, CAST(:count AS bigint)))"
    )
    serial = "printf('SN-%09d', i)" if is_sqlite(db) else "'SN-' || lpad(i::text, 9, '0')"
    facts = {"count": count, "part": part.id, "place": place.id, "hold": hold.id}
    columns = "id, part_id, serial, custody, usability, location_id, is_released, version"
    axes = f"{CUSTODY.code('in_house')}, {USABILITY.code('conforming')}"
    values = f"i, :part, {serial}, {axes}, :place, false, 1"
    for into, what in (
        (f"unit ({columns})", values),
        ("unit_root (unit_id, root_id)", "i, i"),
        ("hold_target (hold_id, kind, target_id)", ":hold, 'unit', i"),
    ):
        rows = f"INSERT INTO {into} {numbers} SELECT {what} FROM n"  # noqa: S608  names are above
        db.execute(text(rows), {name: facts[name] for name in facts if f":{name}" in rows})
    return 1


def settle(database: Database) -> None:
    """Let the planner know what is there, as a running store's would."""
    with database.begin() as db:
        db.execute(text("ANALYZE"))


def measure(db: Session, first: int, count: int, rounds: int) -> None:
    """Time both in turn and print medians, tails and their ratio."""
    chance = random.Random(7)
    lookup = text("SELECT serial FROM unit WHERE id = :id")
    times: dict[str, list[float]] = {"primary-key lookup": [], "gate check": [], "a scan": []}
    for _ in range(rounds):
        unit_id = first + chance.randrange(count)
        times["primary-key lookup"].append(timed(lambda: db.execute(lookup, {"id": unit_id}).one()))
        times["gate check"].append(timed(lambda: checked(db, unit_id)))
        times["a scan"].append(timed(lambda: all_denied(db, [f"SN-{unit_id:09}"])))
    print(f"{'':28} {'median':>9} {'p95':>9} {'p99':>9}   {db.get_bind().dialect.name}")
    for name, taken in times.items():
        told(name, taken)
    ratio = statistics.median(times["gate check"]) / statistics.median(times["primary-key lookup"])
    print(f"a gate check costs {ratio:.1f} lookups")


def measure_batch(db: Session, first: int, count: int, *, size: int = 1_000) -> None:
    """Time one question about many serials, beside one look-up of the same serials."""
    chance = random.Random(11)
    lookup = text("SELECT count(*) FROM unit WHERE id = :id")
    taken: dict[str, list[float]] = {"as many lookups": [], "one batch": []}
    for _ in range(15):
        ids = chance.sample(range(first, first + count), min(size, count))
        serials = [f"SN-{unit_id:09}" for unit_id in ids]
        taken["as many lookups"].append(
            timed(lambda: [db.execute(lookup, {"id": i}).one() for i in ids])
        )
        taken["one batch"].append(timed(lambda: all_denied(db, serials)))
    print(f"a batch of {min(size, count):,} serials, as scanned")
    for name, times in taken.items():
        print(f"{name:20} {statistics.median(times):7.1f} ms, slowest {max(times):.1f} ms")


def measure_crowd(database: Database, first: int, count: int, rounds: int) -> None:
    """Time questions of several threads at once, each with a transaction of its own."""
    ready = Barrier(CLIENTS)

    def client(number: int) -> list[float]:
        chance = random.Random(number)
        for _ in range(WARM):
            asked_afresh(database, first + chance.randrange(count))
        ready.wait()
        return [
            timed(lambda: asked_afresh(database, first + chance.randrange(count)))
            for _ in range(max(rounds // CLIENTS, 10))
        ]

    with ThreadPoolExecutor(CLIENTS) as crowd:
        taken = [one for times in crowd.map(client, range(CLIENTS)) for one in times]
    told(f"{CLIENTS} threads, no pause", taken)


def measure_doors(url: str, first: int, count: int, seconds: float) -> None:
    """Time scans of several doors, each a process that asks every so often."""
    context = get_context("spawn")
    ready, answers = context.Barrier(CLIENTS), context.SimpleQueue()
    doors = [
        context.Process(target=door, args=(url, first, count, seconds, number, ready, answers))
        for number in range(CLIENTS)
    ]
    for one in doors:
        one.start()
    taken = [one for _ in doors for one in answers.get()]
    for one in doors:
        one.join()
    told(f"{CLIENTS} doors, a scan each {EVERY} s", taken)


def door(
    url: str, first: int, count: int, seconds: float, number: int, ready: Any, answers: Any
) -> None:
    """Scan every so often; answer how long after its moment each scan was answered."""
    load_models()
    database = Database(url)
    chance = random.Random(number)

    def scan() -> None:
        with database.read() as db:
            all_denied(db, [f"SN-{first + chance.randrange(count):09}"])

    for _ in range(WARM):
        scan()
    ready.wait()
    begins = time.perf_counter() + EVERY * number / CLIENTS
    times = []
    for scanned in range(max(int(seconds / EVERY), 2)):
        due = begins + EVERY * scanned
        time.sleep(max(due - time.perf_counter(), 0))
        scan()
        times.append((time.perf_counter() - due) * 1000)
    database.close()
    answers.put(times)


def told(name: str, taken: list[float]) -> None:
    """Print the median and the tail of some times."""
    tail = statistics.quantiles(taken, n=100)
    print(f"{name:28} {tail[49]:7.2f} ms {tail[94]:6.2f} ms {tail[98]:6.2f} ms")


def asked_afresh(database: Database, unit_id: int) -> None:
    """Ask the gate in a transaction of one's own, as a request does."""
    with database.read() as db:
        checked(db, unit_id)


def all_denied(db: Session, serials: list[str]) -> None:
    """Ask the gate about all of these; it must deny each."""
    assert not any(verdict.allowed for verdict in gate.check(db, serials, door="ship"))


def checked(db: Session, unit_id: int) -> None:
    """Ask the gate; it must deny."""
    [verdict] = gate.check(db, [unit_id], door="ship")
    assert not verdict.allowed


def timed(work: Callable[[], Any]) -> float:
    """Return how long `work` takes, in milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
