"""The page of a case with 500 ledger entries and its history, beside a page that asks nothing.

    python bench/case_page.py [--entries 500] [--rounds 60]

Server time of the whole page, through the application without a network: session, queries, the
drawn diagrams with their marks, navigation, template. The case is a real one in its disposition;
comments, each with its ledger entry, fill its history.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from sqlalchemy import func, select

from bench import _databases
from bench._company import PEOPLE, browser, company, opened, settle
from bench._table import Table
from engine.bpmn.models import Task
from engine.cases import commands, tasks
from engine.evidence.ledger import LedgerEntry
from tests.processes.company import Company


def load(ours: Company, entries: int) -> None:
    """Take a case to its disposition and work on it until its ledger is long enough."""
    ours.make_lot("L-1", 40)
    ours.to_disposition("L-1")
    case = ours.case
    with ours.holdfast.database.begin() as db:
        here = select(func.count()).select_from(LedgerEntry)
        count = db.scalar(here.where(LedgerEntry.stream == case.stream)) or 0
        task, by = ours.task("propose_disposition"), PEOPLE.qa_engineer
        for n in range(entries - count):
            if n % 10 == 0:
                text = f"Looked at piece {n}: seal width 3.1 mm, channel at the corner."
                commands.comment(db, case, text, by=by, at=ours.at)
            elif db.get_one(Task, task.id).claimed_by_id is None:
                tasks.claim(db, task.id, by=by, at=ours.at)
            else:
                tasks.give_back(db, task.id, by=by, at=ours.at)
    settle(ours.holdfast)


def measure(kind: str, ours: Company, table: Table, rounds: int) -> None:
    """Open the pages of the case and the baseline in turn."""
    client = browser(ours.holdfast, PEOPLE.qa_manager)
    case = f"/nonconformances/{ours.number}"

    pages = {
        f"a page that asks nothing, {kind}": "/keyboard",
        f"the case, {kind}": case,
        f"its history, {kind}": f"{case}/history",
    }
    for path in pages.values():
        opened(client, path)  # warm
    for _ in range(rounds):
        for name, path in pages.items():
            table.time(name, lambda: opened(client, path), wanted="p95 ≤ 150 ms")  # noqa: B023


def main() -> None:
    """Measure both kinds of database."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--entries", type=int, default=500)
    asked.add_argument("--rounds", type=int, default=60)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name, _databases.both(Path(name)) as urls:
        for kind, url in urls.items():
            with company(url) as ours:
                load(ours, options.entries)
                table = Table(f"a case with {options.entries} ledger entries, {kind}")
                measure(kind, ours, table, options.rounds)
                table.print()


if __name__ == "__main__":
    main()
