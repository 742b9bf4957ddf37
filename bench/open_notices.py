"""Opening the notices of one recall: rows, diagrams, and what the dashboard then costs.

    python bench/open_notices.py [consignees]

The rows and the count the recall waits for are one short transaction; the diagrams start in parts
of a hundred. Beside it, the runner alone: the same diagrams started one by one, nothing around.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from sqlalchemy import func, select

from bench import _databases, _recall
from bench._company import PEOPLE, browser, company, settle
from bench._table import Table, quantile
from engine.bpmn import runtime
from engine.bpmn.models import Instance
from tests.processes.company import Company

ROUNDS = 40


def main() -> None:
    """Open them on each kind of database and print CPU seconds of this process."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print(f"opening {count} notices of one recall (aim: ≤ 60 s CPU for 10,000)")
    with tempfile.TemporaryDirectory() as name, _databases.both(Path(name)) as urls:
        for kind, url in urls.items():
            with company(url) as ours:
                _recall.release_notices(ours)
                _recall.lay_consignees(ours, count)
                _recall.begin(ours, ours.at)
                settle(ours.holdfast)
                began, cpu = perf_counter(), process_time()
                _recall.open_notices(ours)
                step = perf_counter() - began
                ours.holdfast.run_jobs()
                whole, spent = perf_counter() - began, process_time() - cpu
                with ours.holdfast.database.read() as db:
                    started = db.scalar(
                        select(func.count(Instance.id)).where(
                            Instance.process == "consignee_notice"
                        )
                    )
                assert started == count, started
                alone = _alone(ours, min(count, 500)) * count / min(count, 500)
                print(
                    f"{kind:12} the recall's own step {step:6.2f} s, all diagrams {whole:7.2f} s,"
                    f" CPU {spent:7.2f} s; runner alone {alone:7.2f} s CPU, ratio"
                    f" {spent / alone:.2f}"
                )
                _recall.send_letters(ours, count)
                settle(ours.holdfast)
                _dashboard(ours, f"dashboard of {count:,} notices, {kind}")


def _dashboard(ours: Company, title: str) -> None:
    """Open the page Consignees and a page that asks nothing in turn; print times and CPU."""
    client = browser(ours.holdfast, PEOPLE.qa_manager)
    path, table = f"/recalls/{_recall.NUMBER}/consignees", Table(title)
    spent = []
    for turn in range(ROUNDS + 2):
        for name, address in (("a page that asks nothing", "/keyboard"), ("dashboard", path)):
            cpu, began = process_time(), perf_counter()
            answer = client.get(address)
            took, wall = process_time() - cpu, perf_counter() - began
            assert answer.status_code == 200, answer.text
            if turn >= 2:  # the first are warming up
                table.note(name, wall * 1000, wanted="p95 ≤ 200 ms" if address == path else "")
                spent += [took * 1000] if address == path else []
    table.print()
    print(f"CPU of this process: median {median(spent):.0f} ms, p95 {quantile(spent, 95):.0f} ms")


def _alone(ours: Company, count: int) -> float:
    """Return the CPU seconds of starting the same diagram `count` times and nothing else."""
    cpu = process_time()
    with ours.holdfast.database.begin() as db:
        for number in range(count):
            runtime.start(
                db, "consignee_notice", business_key=f"alone-{number}",
                variables={"notice_id": number, "follow_up_after": "P3D"}, by=None,
                at=ours.at,
            )  # fmt: skip
    return process_time() - cpu


if __name__ == "__main__":
    main()
