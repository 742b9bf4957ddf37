"""Freezing the scope of a recall beside the bare INSERT … SELECT of its postings and targets.

    python bench/freeze_scope.py [sqlite:///FILE | postgresql+psycopg://…] [--devices 50000]

Without an address it runs on a SQLite file and on a PostgreSQL server of its own; `--devices
1000000` takes some six minutes on each. Every device is affected: the heat lot of all of them is
traced, the trace is proposed and frozen as the first scope, and its pages are asked. The bare lines
write the same postings and hold targets into tables without indexes, rules or evidence. Times are
CPU of this process, and of PostgreSQL the backend's beside it; memory is the most this process
ever held.
"""

import argparse
import sys
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from bench import _databases
from bench._cpu import head, peak, timed
from bench._genealogy import Made, load, plan
from engine.cases import balance, scopes
from engine.cases.following import follow
from engine.cases.models import Case
from engine.cases.scopes import signed
from engine.clock import now
from engine.db import Database
from engine.migrations import load_models
from engine.serials import trace
from engine.serials.exchange.announce import announce_events
from engine.serials.trace import Seeds

BARE_POSTINGS = (
    "CREATE TABLE bare_posting AS SELECT 1 AS case_id, 'scope' AS from_account,"
    " 'held' AS to_account, w.unit_id, n.custody FROM trace_run_unit w"
    " JOIN unit n ON n.id = w.unit_id WHERE w.run_id = {run} AND w.unit_id = w.root_id"
)
BARE_TARGETS = (
    "CREATE TABLE bare_target AS SELECT 1 AS hold_id, 'unit' AS kind, w.unit_id"
    " FROM trace_run_unit w WHERE w.run_id = {run} AND w.unit_id = w.root_id"
)


def main() -> None:
    """Load, freeze, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("url", nargs="?")
    asked.add_argument("--devices", type=int, default=50_000)
    options = asked.parse_args()
    load_models()
    for url in _databases.asked_or_both(options.url):
        run(url, options.devices)


def run(url: str, devices: int) -> None:
    """Load one database and freeze everything in it."""
    made = plan(devices)
    database = load(url, made, lambda what: None)
    database.info["event_sinks"] = (follow, announce_events)
    head(url, devices)
    freeze(database, made)
    print(f"most memory of this process: {peak():.0f} MB")
    database.close()


def freeze(database: Database, made: Made) -> None:
    """Propose everything, freeze it, and look at what pages ask of it."""
    with database.begin() as db:
        case = Case(
            number="RC-2026-0001", process="recall", title="Bench", language="en",
            opened_by_id=1, opened_at=now(),
        )  # fmt: skip
        db.add(case)
        db.flush()
        seeds = Seeds(lots=frozenset({made.everything}))
        term = {"lot": {"id": made.everything, "number": "H", "part": ""}}
        found = timed(db, "traced and kept", lambda: trace.run(
            db, seeds, expression={"any": [term], "text": "H"}, by=None, at=now()))  # fmt: skip
        version = timed(db, "proposed", lambda: scopes.propose_run(
            db, case, found, reason="bench", by=None, at=now()))  # fmt: skip
        number, run_id = version.number, found.id
    with database.begin() as db:
        case = db.get_one(Case, case.id)
        version = scopes.numbered(db, case, number)
        timed(db, "what is shown before signing", lambda: signed.consequences(db, case, version))
        done = timed(db, "FROZEN", lambda: scopes.freeze(
            db, case, version, by=None, at=now(), is_provisional=False))  # fmt: skip
        assert done.added_units == found.root_count, (done.added_units, found.root_count)
    with database.begin() as db:
        case = db.get_one(Case, case.id)
        timed(db, "balance of the case", lambda: balance.totals(db, case.id))
        timed(db, "everybody reached", lambda: scopes.by_consignee(db, case))
        party = scopes.by_consignee(db, case)[0].party_id
        timed(db, "one consignee's units", lambda: scopes.units_of(db, case, party))
        timed(db, "has anything come since?", lambda: scopes.moved_on(
            db, scopes.numbered(db, case, number)))  # fmt: skip
    with database.begin() as db:
        for what, sql in (("bare postings", BARE_POSTINGS), ("bare targets", BARE_TARGETS)):
            timed(db, what, lambda sql=sql: db.execute(text(sql.format(run=run_id))))


if __name__ == "__main__":
    main()
