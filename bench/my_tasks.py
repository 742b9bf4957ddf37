"""My tasks with 100,000 open tasks, beside a page that asks nothing of the tasks.

    python bench/my_tasks.py [--tasks 100000] [--rounds 60]

Server time of the whole page, through the application without a network: session, queries,
navigation with its counts, template. The tasks lie in one case for every five, spread over the
roles as work is (a fifth are for a quality engineer); last, one role owns them all.
"""

import argparse
import random
import sys
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from sqlalchemy import insert, select, update

from bench import _databases
from bench._company import PEOPLE, browser, company, opened, settle
from bench._table import Table
from engine.bpmn.models import Definition, Instance, Task
from engine.cases.models import Case
from engine.people import Person
from tests.processes.company import Company

ROLES = ("qa_engineer", "warehouse", "qa_manager", "inspector", "production")
PER_CASE = 5
BATCH = 10_000


def load(ours: Company, count: int) -> None:
    """Open `count` tasks in bulk, due from a week ago to three weeks ahead."""
    chance = random.Random(7)
    now = datetime.now(UTC)
    with ours.holdfast.database.begin() as db:
        definition_id = db.scalars(select(Definition.id).limit(1)).one()
        instances, cases, tasks = [], [], []
        for n in range(1, count // PER_CASE + 1):
            number = f"NC-2025-{n:06d}"
            opened = now - timedelta(hours=n % 700)
            instances.append({
                "id": n, "definition_id": definition_id, "process": "nonconformance",
                "root_id": n, "business_key": number, "state": b"", "state_sha256": "",
                "engine_version": "", "started_at": opened, "status": "running", "version": 1,
            })  # fmt: skip
            cases.append({
                "number": number, "process": "nonconformance", "instance_id": n,
                "title": f"Pouch seal is open, lot {n}", "subject": f"SET-{n} · L-{n}",
                "language": "en", "state": "open", "opened_by_id": PEOPLE.qa_technician.id,
                "opened_at": opened, "severity": "major", "version": 1,
            })  # fmt: skip
        for n in range(count):
            root = n // PER_CASE + 1
            role = ROLES[n % len(ROLES)]
            tasks.append({
                "id": uuid.UUID(int=chance.getrandbits(128)), "instance_id": root,
                "root_id": root, "process": "nonconformance", "element_id": "triage",
                "name": "Triage report", "role": role, "priority": 0,
                "due_at": now + timedelta(minutes=chance.randrange(-10_000, 30_000)),
                "signature": "outcome=duplicate:attest" if n % 3 else None,
                "separate_from": "nonconformance.triage" if n % 7 == 0 else None,
                "opened_at": now - timedelta(hours=n % 700),
                "claimed_by_id": getattr(PEOPLE, role).id if n % 11 == 0 else None,
                "claimed_at": now if n % 11 == 0 else None,
            })  # fmt: skip
        for table, rows in ((Instance, instances), (Case, cases), (Task, tasks)):
            for at in range(0, len(rows), BATCH):
                db.execute(insert(table), rows[at : at + BATCH])
    settle(ours.holdfast)


def measure(
    kind: str, ours: Company, person: Person, table: Table, rounds: int, which: str
) -> None:
    """Open the list and the baseline in turn."""
    client = browser(ours.holdfast, person)

    for page in ("/", "/keyboard", "/?sort=case", "/?page=40"):
        opened(client, page)  # warm
    for _ in range(rounds):
        table.time(f"a page without tasks, {kind}", lambda: opened(client, "/keyboard"))
        table.time(f"my tasks, {which}, {kind}", lambda: opened(client, "/"), wanted="p95 ≤ 150 ms")
        table.time(f"… page 40 of them, {kind}", lambda: opened(client, "/?page=40"))
        table.time(f"… by case, {kind}", lambda: opened(client, "/?sort=case"))


def main() -> None:
    """Measure both kinds of database."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--tasks", type=int, default=100_000)
    asked.add_argument("--rounds", type=int, default=40)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name, _databases.both(Path(name)) as urls:
        for kind, url in urls.items():
            with company(url) as ours:
                load(ours, options.tasks)
                spread = Table(f"my tasks, {options.tasks:,} open, {kind}")
                measure(kind, ours, PEOPLE.qa_engineer, spread, options.rounds, "a fifth mine")
                spread.print()
                with ours.holdfast.database.begin() as db:
                    db.execute(update(Task).values(role="qa_engineer"))
                settle(ours.holdfast)
                alone = Table(f"my tasks, {options.tasks:,} open and all of one role, {kind}")
                measure(kind, ours, PEOPLE.qa_engineer, alone, options.rounds, "all mine")
                alone.print()


if __name__ == "__main__":
    main()
