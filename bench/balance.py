"""The balance of one recall at full size: entered, moved, summed up and shown.

    python bench/balance.py [--units 1000000] [--consignees 10000] [--rounds 5]

On a SQLite file and on a PostgreSQL server of its own. Units lie with consignees in sixty
countries, of fifty lots; they enter by one `post_set`, a tenth of them is then confirmed by one
more, and single replies are posted in between. Beside the kept totals stands what each is beside:
the sum of all postings. Times are CPU of this process and wall.
"""

# ruff: noqa: S608  numbers come from here

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import literal, select, text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from bench import _databases
from bench._cpu import peak
from engine.cases import balance, lying
from engine.cases.models import BalanceUnit, Case, Posting
from engine.db import Database, create_schema
from engine.migrations import load_models
from engine.serials.models import CUSTODY, USABILITY, Location, Lot, Part, Party, TraceNode, Unit
from engine.serials.sets import is_sqlite

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
COUNTRIES, LOTS = 60, 50
HOW: Any = {"evidence": "bench", "by": None, "at": AT}


def main() -> None:
    """Load, time, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--units", type=int, default=1_000_000)
    asked.add_argument("--consignees", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=5)
    options = asked.parse_args()
    load_models()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        run("SQLite", _databases.sqlite(Path(folder)), options)
    with _databases.postgresql() as url:
        run("PostgreSQL", url, options)


def run(kind: str, url: str, options: argparse.Namespace) -> None:
    """Load and time one database."""
    database = Database(url)
    create_schema(database.writer)
    load(database, options)
    print(f"\n{kind}: {options.units:,} units with {options.consignees:,} consignees")
    with database.begin() as db:
        recall = db.scalars(select(Case)).one()
        timed("entered by one command", lambda: enter(db, recall))
    with database.begin() as db:
        if not url.startswith("sqlite"):
            db.execute(text("ANALYZE"))
        recall = db.scalars(select(Case)).one()
        timed("a tenth confirmed by one command", lambda: confirm(db, recall))
        replies(db, recall, options.rounds)
    with database.read() as db:
        recall = db.scalars(select(Case)).one()
        shown(db, recall, options.rounds)
        timed("fingerprint for the closing", lambda: lying.fingerprint(db, recall.id))
        timed("held against all postings", lambda: lying.agree(db, recall.id))
    print(f"most memory of this process: {peak():.0f} MB")
    database.close()


def load(database: Database, options: argparse.Namespace) -> None:
    """Write the parties, lots and units a recall is about."""
    conforming, there = USABILITY.code("conforming"), CUSTODY.code("at_consignee")
    with database.begin() as db:
        maker = Party(code="M", name="Maker", kind="manufacturer")
        db.add(maker)
        db.add(Case(number="RC-2026-0001", process="recall", title="Pumps", language="en",
                    opened_by_id=1, opened_at=AT))  # fmt: skip
        hospitals = [
            Party(code=f"H{n}", name=f"Hospital {n}", kind="consignee",
                  country=f"{chr(65 + n % COUNTRIES // 26)}{chr(65 + n % COUNTRIES % 26)}")
            for n in range(options.consignees)
        ]  # fmt: skip
        db.add_all(hospitals)
        db.flush()
        part = Part(part_no="PUMP", name="Pump", kind="device", control="serial",
                    manufacturer_id=maker.id)  # fmt: skip
        nodes = [TraceNode(kind="lot") for _ in range(LOTS)]
        db.add_all([part, *nodes])
        db.flush()
        db.add_all(
            Lot(id=node.id, part_id=part.id, manufacturer_id=maker.id, lot_no=f"L{node.id}")
            for node in nodes
        )
        db.add_all(
            Location(party_id=one.id, code=one.code, name=one.name, kind="consignee")
            for one in hospitals
        )
        db.flush()
        first_lot = nodes[0].id
        first_place = db.scalars(select(Location.id).order_by(Location.id)).first()
        each = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :units)"
            if is_sqlite(db)
            else "WITH n(i) AS (SELECT generate_series(1, :units))"
        )
        db.execute(
            text(
                "INSERT INTO unit (part_id, serial, lot_id, custody, usability, location_id,"
                f" is_released, version) {each} SELECT {part.id}, 'SN-' || i, {first_lot} + i %"
                f" {LOTS}, {there}, {conforming}, {first_place} + i % {options.consignees}, true, 1"
                " FROM n"
            ),
            {"units": options.units},
        )


def enter(db: Session, recall: Case) -> int:
    """Bring every unit in by its place, as a frozen scope does."""
    nothing = literal(None, BalanceUnit.unit_id.type)
    come = select(
        literal(balance.SCOPE).label("account"),
        Unit.id.label("unit_id"),
        nothing.label("lot_id"),
        nothing.label("subject_id"),
        literal(Decimal(1), Posting.quantity.type).label("quantity"),
        nothing.label("party_id"),
        Location.party_id.label("to_party_id"),
    ).join(Location, Location.id == Unit.location_id)
    return balance.post_set(db, recall, come, to="at_consignee", **HOW)


def confirm(db: Session, recall: Case) -> int:
    """Take a tenth as confirmed."""
    lies = balance.lying_in(recall.id, ["at_consignee"]).subquery()
    tenth = select(lies).where(lies.c.unit_id % 10 == 0)
    return balance.post_set(db, recall, tenth, to="confirmed_at_consignee", **HOW)


def replies(db: Session, recall: Case, rounds: int) -> None:
    """Time one consignee's reply as a posting of its own."""
    parties = db.scalars(select(Party.id).where(Party.kind == "consignee").limit(rounds)).all()

    def one(party_id: int) -> None:
        lies = balance.lying_in(recall.id, ["at_consignee"], party_id=party_id)
        balance.post_set(db, recall, lies, to="used", **HOW)

    median(f"one reply of {rounds}", [lambda party_id=one_id: one(party_id) for one_id in parties])


def shown(db: Session, recall: Case, rounds: int) -> None:
    """Time what a page shows."""
    for label, ask in (
        ("totals", lambda: balance.totals(db, recall.id)),
        ("totals, all postings added up", lambda: lying.posted_totals(db, recall.id)),
        ("first 50 consignees", lambda: balance.by(db, recall, "consignee", limit=50)),
        ("every consignee", lambda: balance.by(db, recall, "consignee")),
        ("countries", lambda: balance.by(db, recall, "country")),
        ("first 50 lots", lambda: balance.by(db, recall, "lot", limit=50)),
    ):
        median(label, [ask] * rounds)


def timed(label: str, act: Callable[[], object]) -> None:
    """Print the time of one act."""
    began, cpu = perf_counter(), process_time()
    came_to = act()
    print(
        f"{label:34}{process_time() - cpu:>9.2f} s CPU{perf_counter() - began:>9.2f} s  {came_to}"
    )


def median(label: str, acts: list[Callable[[], object]]) -> None:
    """Print the median time of several acts."""
    times = []
    for act in acts:
        began = perf_counter()
        act()
        times.append((perf_counter() - began) * 1000)
    print(f"{label:34}{statistics.median(times):>9.1f} ms")


if __name__ == "__main__":
    main()
