"""Obligations: the board over 10,000 open ones, and the hourly reckoning of every open recall.

    python bench/obligations.py [--recalls 500] [--rounds 40]

Each recall reaches five jurisdictions, two of them member states, and owes some twenty things; they
are opened by the reckoning itself. Page times are of the server, through the application without a
network, beside a page that asks nothing of them. The reckoning is CPU time of this process.
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from sqlalchemy import func, insert, select

from bench import _databases
from bench._company import PEOPLE, browser, company, opened, settle
from bench._table import Table
from engine.bpmn.models import Definition, Instance
from engine.cases.models import Case, Fact
from engine.cases.obligations import keeping
from engine.cases.obligations.models import Obligation
from engine.cases.recalls.models import JurisdictionDecision
from tests.processes.company import Company

REACHED = {"US": ["US"], "EU": ["DE", "IE"], "CN": ["CN"], "CA": ["CA"], "GB": ["GB"]}


def load(ours: Company, recalls: int) -> None:
    """Open recalls whose action is decided, over the last weeks."""
    now = datetime.now(UTC)
    instances, cases, facts, decisions = [], [], [], []
    with ours.holdfast.database.begin() as db:
        definition_id = db.scalars(select(Definition.id).limit(1)).one()
        for n in range(1, recalls + 1):
            number, at = f"RC-2025-{n:05d}", now - timedelta(hours=n)
            instances.append({
                "id": n, "definition_id": definition_id, "process": "recall", "root_id": n,
                "business_key": number, "state": b"", "state_sha256": "", "engine_version": "",
                "started_at": at, "status": "running", "version": 1,
            })  # fmt: skip
            cases.append({
                "id": n, "number": number, "process": "recall", "instance_id": n,
                "title": f"Sensors of delivery {n} drift", "subject": f"SENS-{n}",
                "language": "en", "state": "open", "opened_by_id": PEOPLE.qa_technician.id,
                "opened_at": at, "severity": "major", "version": 1,
            })  # fmt: skip
            facts.append({"case_id": n, "name": "decision", "value": at.isoformat(),
                          "recorded_at": at})  # fmt: skip
            decisions += [{"case_id": n, "key": code, "code": code, "countries": countries,
                           "reached_by": "units", "opened_at": at}
                          for code, countries in REACHED.items()]  # fmt: skip
        for table, rows in ((Instance, instances), (Case, cases), (Fact, facts),
                            (JurisdictionDecision, decisions)):  # fmt: skip
            db.execute(insert(table), rows)
    settle(ours.holdfast)


def reckon(ours: Company, table: Table, name: str, wanted: str = "") -> int:
    """Reckon every recall and note the CPU time; return how many were not up to date."""
    began = process_time()
    count = keeping.reckon_all(ours.holdfast.database, at=datetime.now(UTC))
    table.note(name, (process_time() - began) * 1000, wanted=wanted)
    return count


def measure(kind: str, ours: Company, recalls: int, rounds: int) -> None:
    """Reckon twice, and open the board and its baseline in turn."""
    work = Table(f"reckoning {recalls:,} recalls, {kind}")
    assert reckon(ours, work, "all of them opened") == recalls
    assert reckon(ours, work, "nothing changed", "CPU ≤ 30 s") == 0
    with ours.holdfast.database.read() as db:
        many = db.scalar(select(func.count(Obligation.id))) or 0
    settle(ours.holdfast)
    client = browser(ours.holdfast, PEOPLE.regulatory_affairs)

    pages = Table(f"the board, {many:,} open obligations, {kind}")
    for page in ("/keyboard", "/obligations"):
        opened(client, page)  # warm
    for _ in range(rounds):
        pages.time(f"a page without them, {kind}", lambda: opened(client, "/keyboard"))
        pages.time(
            f"the board, {kind}", lambda: opened(client, "/obligations"), wanted="p95 ≤ 200 ms"
        )
        pages.time(f"… what is late, {kind}", lambda: opened(client, "/obligations?show=late"))
    work.print()
    pages.print()


def main() -> None:
    """Measure both kinds of database."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--recalls", type=int, default=500)
    asked.add_argument("--rounds", type=int, default=40)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name, _databases.both(Path(name)) as urls:
        for kind, url in urls.items():
            with company(url) as ours:
                load(ours, options.recalls)
                measure(kind, ours, options.recalls, options.rounds)


if __name__ == "__main__":
    main()
