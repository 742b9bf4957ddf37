"""A legacy export of dirty unit rows, from the file to the store, beside a bare load of it.

    python bench/intake.py [--rows 500000] [--only SQLite|PostgreSQL] [--keep FILE]

The export is made anew with a fixed seed: about 3 % of its rows are bad, in every way a legacy
system is. The bare load copies the same file into a table of texts and inserts what joins into the
same tables, with the same events; it checks nothing and tells nobody. Each load runs in a process
of its own on a new database, so that its peak of memory is its own.
"""

# ruff: noqa: S608  tables and columns are named here, values are bound

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from bench._databases import both
from engine.db import Database
from engine.evidence.store import DocumentStore
from engine.migrations import upgrade
from engine.serials import intake, parties
from engine.serials.intake import working
from engine.serials.models import CUSTODY, LINK_ROLE, USABILITY, Event, Lot, TraceNode
from engine.serials.sets import is_sqlite

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOW: dict[str, Any] = {"by": None, "at": AT}
PARTS, PLACES, PER_LOT = 5, 4, 250
HEADER = ("MATNR", "SERNR", "CHARG", "LGORT", "status", "GR date")
BAD = {
    "no serial": lambda row, n: row.__setitem__(1, ""),
    "odd character": lambda row, n: row.__setitem__(1, f"SN\u200b{n:07}"),
    "no such lot": lambda row, n: row.__setitem__(2, f"GONE-{n}"),
    "no such part": lambda row, n: row.__setitem__(0, f"OLD-{n % 7}"),
    "no such place": lambda row, n: row.__setitem__(3, "Halle 3"),
    "unknown word": lambda row, n: row.__setitem__(4, "frei"),
    "no such day": lambda row, n: row.__setitem__(5, "2024-02-30"),
    "no place": lambda row, n: row.__setitem__(3, ""),
}  # fmt: skip


# --- the export ------------------------------------------------------------------------------


def write_export(path: Path, rows: int) -> dict[str, int]:
    """Write a dirty export of about `rows` rows; return how many of each kind are in it."""
    chance = random.Random(7)
    made = {"rows": 0, "bad": 0, "same": 0, "conflict": 0, "good": 0}
    kinds = list(BAD.values())
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(HEADER)
        number = 0
        while made["rows"] < rows:
            number += 1
            row = _row(number)
            what = chance.random()
            if what < 0.022:
                kinds[number % len(kinds)](row, number)
                made["bad"] += 1
            elif what < 0.032:  # the same row twice: case and zeros are never changed
                out.writerow(row)
                made["same"] += 1
                made["rows"] += 1
                made["good"] += 2
            elif what < 0.037:  # one serial with two lots
                other = list(row)
                other[3] = f"PL-{(number // PER_LOT + 1) % PLACES}"
                out.writerow(other)
                made["conflict"] += 2
                made["rows"] += 1
            else:
                made["good"] += 1
            out.writerow(row)
            made["rows"] += 1
    return made


def _row(number: int) -> list[str]:
    lot = number // PER_LOT
    day = date(2022, 1, 1) + timedelta(days=lot % 1_000)
    said = (day.isoformat(), day.strftime("%d.%m.%Y"), day.strftime("%Y/%m/%d"))[number % 3]
    serial = f" SN{number:08}" if number % 50 == 0 else f"SN{number:08}"
    usability = "conforming" if lot % 3 else "unreleased"
    return [f"P-{lot % PARTS}", serial, f"L-{lot:05}", f"PL-{lot % PLACES}", usability, said]


def lay_company(db: Session, rows: int) -> None:
    """Write the parts, places and lots that the export refers to."""
    maker = parties.add_party(db, "OWN", "Maker", kind="site", **HOW)
    for number in range(PLACES):
        parties.add_location(db, maker.id, f"PL-{number}", "Hall", kind="warehouse", **HOW)
    parts = [
        parties.add_part(
            db, maker.id, f"P-{number}", "Pump", control="serial", kind="device", **HOW
        ).id
        for number in range(PARTS)
    ]
    count = rows // PER_LOT + 2
    nodes = db.scalars(
        insert(TraceNode).returning(TraceNode.id, sort_by_parameter_order=True),
        [{"kind": "lot"} for _ in range(count)],
    ).all()
    facts = {"manufacturer_id": maker.id, "is_unknown": False, "is_released": False}
    db.execute(
        insert(Lot),
        [
            {**facts, "id": node, "part_id": parts[n % PARTS], "lot_no": f"L-{n:05}"}
            for n, node in enumerate(nodes)
        ],
    )


# --- ours ------------------------------------------------------------------------------------


def take_in(database: Database, path: Path) -> dict[str, float]:
    """Take the export in as `holdfast serials import` does; return the seconds of each phase."""
    began = {"keeping": time.perf_counter()}

    def progress(phase: str, done: int, total: int) -> None:
        began.setdefault(phase, time.perf_counter())

    with database.begin() as db:
        batch = intake.receive(db, "units", path, file_name=path.name, system="erp", **HOW).id
    working.check_now(database, batch, by=None, at=AT, progress=progress)
    with database.read() as db:
        shown = intake.shown(intake.get(db, batch))
    working.load_now(database, batch, was_shown=shown, by=None, at=AT, progress=progress)
    ends = [*list(began.values())[1:], time.perf_counter()]
    return {name: end - began[name] for name, end in zip(began, ends, strict=True)}


# --- bare ------------------------------------------------------------------------------------

IN_HOUSE, SUBJECT = CUSTODY.code("in_house"), LINK_ROLE.code("subject")
CONFORMING, UNRELEASED = USABILITY.code("conforming"), USABILITY.code("unreleased")
COLUMNS = "part, serial, lot, place, usability, day"
RAW = (
    "CREATE TABLE raw_units (line {serial}, part text, serial text, lot text, place text,"
    " usability text, day text)"
)
PICKED = f"""
    CREATE TABLE picked AS
    SELECT min(r.line) AS line, p.id AS part_id, trim(r.serial) AS serial, l.id AS lot_id,
           o.id AS location_id, r.day,
           CASE r.usability WHEN 'conforming' THEN {CONFORMING} ELSE {UNRELEASED} END AS usability
    FROM raw_units AS r
    JOIN part AS p ON p.part_no = r.part
    JOIN lot AS l ON l.part_id = p.id AND l.lot_no = r.lot
    JOIN location AS o ON o.code = r.place
    WHERE r.serial <> '' AND r.usability IN ('conforming', 'unreleased')
    GROUP BY p.id, trim(r.serial), l.id, o.id, r.usability, r.day
"""
BARE_EVENT = (
    "CREATE TABLE bare_event (id bigint, lot_id bigint, usability smallint, location_id bigint)"
)
TARGETS = (
    f"""
    INSERT INTO unit (id, part_id, serial, lot_id, custody, usability, location_id, is_released,
                      version)
    SELECT min(line), part_id, serial, min(lot_id), {IN_HOUSE}, min(usability), min(location_id),
           min(usability) = {CONFORMING}, 1
    FROM picked GROUP BY part_id, serial
    """,
    "INSERT INTO unit_root (unit_id, root_id, lot_id) SELECT id, id, lot_id FROM unit",
    f"""
    INSERT INTO event_link (unit_id, event_id, role, custody, usability, location_id)
    SELECT u.id, e.id, {SUBJECT}, {IN_HOUSE}, u.usability, u.location_id
    FROM unit AS u JOIN bare_event AS e ON e.lot_id = u.lot_id AND e.usability = u.usability
        AND e.location_id = u.location_id
    """,
    """
    INSERT INTO import_line (batch_id, line, entity, entity_id, is_new)
    SELECT 1, id, 'unit', id, :yes FROM unit
    """,
)


def bare(database: Database, path: Path) -> dict[str, float]:
    """Copy the export and insert what joins, with one event per lot, place and state."""
    began = time.perf_counter()
    with database.begin() as db:
        driver: Any = db.connection().connection.driver_connection
        if is_sqlite(db):
            db.execute(text(RAW.format(serial="integer primary key")))
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.reader(file, delimiter=";")
                next(reader)
                marks = f"INSERT INTO raw_units ({COLUMNS}) VALUES (?,?,?,?,?,?)"
                driver.executemany(marks, reader)
        else:
            db.execute(text(RAW.format(serial="bigserial")))
            into = f"COPY raw_units ({COLUMNS}) FROM STDIN (FORMAT csv, HEADER, DELIMITER ';')"
            with driver.cursor() as cursor, cursor.copy(into) as copy, path.open("rb") as file:
                while piece := file.read(1 << 20):
                    copy.write(piece)
        copied = time.perf_counter()
        db.execute(text(PICKED))
        db.execute(text(BARE_EVENT))
        groups = db.execute(
            text("SELECT DISTINCT lot_id, usability, location_id FROM picked")
        ).all()
        ids = db.scalars(
            insert(Event).returning(Event.id, sort_by_parameter_order=True),
            [
                {"uuid": uuid4(), "recording": uuid4(), "type": "received", "event_at": AT,
                 "recorded_at": AT, "source": "bare", "location_id": g.location_id, "payload": {}}
                for g in groups
            ],
        ).all()  # fmt: skip
        db.execute(
            text("INSERT INTO bare_event VALUES (:id, :lot, :usability, :place)"),
            [
                {"id": i, "lot": g.lot_id, "usability": g.usability, "place": g.location_id}
                for i, g in zip(ids, groups, strict=True)
            ],
        )
        for target in TARGETS:
            db.execute(text(target), {"yes": True} if ":yes" in target else {})
    done = time.perf_counter()
    return {"copy": copied - began, "insert": done - copied}


# --- one load in a process of its own --------------------------------------------------------

WAYS: dict[str, Callable[[Database, Path], dict[str, float]]] = {"ours": take_in, "bare": bare}


def one(way: str, url: str, path: Path, rows: int) -> None:
    """Lay a company, load the export one way, print what it took as JSON."""
    store = DocumentStore(path.parent / f"documents-{uuid4().hex}")
    database = Database(url, info={"documents": store})
    upgrade(database)
    with database.begin() as db:
        lay_company(db, rows)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    phases = WAYS[way](database, path)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    with database.read() as db:
        counts = {
            table: db.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in ("unit", "unit_root", "event_link", "event", "import_line", "import_row")
        }
        assert counts["unit"] == counts["unit_root"] == counts["event_link"]
    database.close()
    print(
        json.dumps(
            {
                "wall": wall,
                "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                "peak_mb": after.ru_maxrss / 1024,
                "phases": phases,
                "counts": counts,
            }
        )
    )


def measure(url: str, way: str, path: Path, rows: int) -> dict[str, Any]:
    """Run one load in a fresh process."""
    done = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, __file__, "--one", way, "--url", url, "--keep", path, "--rows", str(rows)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Make the export, load it both ways on both databases, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=500_000)
    asked.add_argument("--only", default="")
    asked.add_argument("--keep", type=Path)
    asked.add_argument("--one", default="")
    asked.add_argument("--url", default="")
    options = asked.parse_args()
    if options.one:
        one(options.one, options.url, options.keep, options.rows)
        return

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # on the disk
        path = options.keep or Path(folder) / "legacy.csv"
        made = write_export(path, options.rows)
        size = path.stat().st_size / 1024**2
        print(f"\nA dirty export, {made['rows']:,} rows, {size:.0f} MB: {made}")
        print(f"{'':34}{'wall s':>9}{'ratio':>8}{'cpu s':>9}{'peak MB':>9}  aim")
        for way in ("bare", "ours"):
            with both(Path(folder)) as urls:
                for name, url in urls.items():
                    if options.only in ("", name):
                        tell(name, way, measure(url, way, path, options.rows))


_bare: dict[str, float] = {}


def tell(name: str, way: str, found: dict[str, Any]) -> None:
    """Print one line, and what its phases took."""
    if way == "bare":
        _bare[name] = found["wall"]
    words = {"bare": "bare COPY + INSERT", "ours": "file to merged"}[way]
    aim = "≤ 3, ≤ 500 MB" if way == "ours" else ""
    ratio = found["wall"] / _bare[name]
    print(
        f"{name + ', ' + words:34}{found['wall']:>9.1f}{ratio:>8.2f}{found['cpu']:>9.1f}"
        f"{found['peak_mb']:>9.0f}  {aim}"
    )
    print(" " * 6 + "  ".join(f"{phase} {took:.1f} s" for phase, took in found["phases"].items()))
    print(" " * 6 + "  ".join(f"{table} {count:,}" for table, count in found["counts"].items()))


if __name__ == "__main__":
    main()
