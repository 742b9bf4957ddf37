"""Completing a task as a command, beside a bare load-complete-save-commit loop of the library.

Same diagram, same run, interleaved step by step: the ratio is what our transaction (lock, version,
projections, lean state) costs over the library alone. The library's loop keeps its full state in
SQLite, as its own examples do.

    python bench/bpmn_step.py [cases]
"""

import json
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer import DEFAULT_CONFIG
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import _databases
from bench._table import Table
from engine.bpmn import library, runtime
from engine.bpmn.models import Task
from engine.db import Database, create_schema
from engine.people.person import Person
from tests.engine.bpmn.drawing import both, end, process, start, user, xor
from tests.support.schema import load_models

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TASKS = 12
ME = Person(1, "mei.chen", "Chen Mei", frozenset({"qa_engineer", "qa_manager"}))
YOU = Person(2, "li.wang", "Wang Li", frozenset({"qa_engineer", "qa_manager"}))


def diagram() -> str:
    """Twelve user tasks, two of them parallel, behind one choice."""
    names = [f"step_{n}" for n in range(TASKS)]
    line = [user(one, after) for one, after in pairwise(names[:-2])]
    return process(
        "bench",
        start("opened", "choose"),
        xor("choose", (names[-1], "severity == 'none'"), (names[0], None)),
        *line,
        user(names[-3], "split"),
        both("split", names[-2], "other_step"),
        user(names[-2], "join"),
        user("other_step", "join"),
        both("join", "merge"),
        user(names[-1], "merge"),
        xor("merge", ("done", None)),
        end(),
        inputs=("severity",),
    )


class Bare:
    """The library alone: one row of JSON per case."""

    def __init__(self, folder: Path, xml: str) -> None:
        parser = SpiffBpmnParser()
        parser.add_bpmn_xml(etree.fromstring(xml.encode()))
        self.spec = parser.get_spec("bench")
        self.serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(DEFAULT_CONFIG))
        self.db = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE state (id INTEGER PRIMARY KEY, state TEXT)")

    def start(self) -> int:
        workflow = BpmnWorkflow(self.spec)
        workflow.task_tree.data["severity"] = "minor"
        workflow.do_engine_steps()
        text = self.serializer.serialize_json(workflow)
        return int(self.db.execute("INSERT INTO state (state) VALUES (?)", [text]).lastrowid or 0)

    def step(self, case: int) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        (text,) = self.db.execute("SELECT state FROM state WHERE id = ?", [case]).fetchone()
        workflow = self.serializer.deserialize_json(text)
        task = workflow.get_tasks(state=TaskState.READY, manual=True)[0]
        task.data["answer"] = "yes"
        task.run()
        workflow.do_engine_steps()
        workflow.refresh_timers()
        text = self.serializer.serialize_json(workflow)
        self.db.execute("UPDATE state SET state = ? WHERE id = ?", [text, case])
        self.db.execute("COMMIT")


class Ours:
    """The command, on one database."""

    def __init__(self, url: str, root: Path) -> None:
        self.database = Database(url)
        load_models()
        create_schema(self.database.writer)
        with self.database.begin() as db:
            draft = library.install(db, "bench", root=root, by=None, at=NOW)
            for capacity, by in (("process_owner", ME), ("quality", YOU)):
                library.sign_release(db, draft.id, capacity=capacity, signature_id=1, by=by, at=NOW)

    def start(self) -> int:
        with self.database.begin() as db:
            return runtime.start(
                db, "bench", business_key="NC-1", variables={"severity": "minor"}, by=ME, at=NOW
            ).id

    def step(self, case: int) -> None:
        with self.database.begin() as db:
            mine = (Task.instance_id == case, Task.done_at.is_(None))
            task_id = db.scalars(select(Task.id).where(*mine).limit(1)).one()
            runtime.complete_task(db, task_id, variables={"answer": "yes"}, by=ME, at=NOW)


def lay_house(root: Path, xml: str) -> None:
    """Write the diagram and a form for each of its tasks."""
    for folder in ("workflows/bench", "forms/bench"):
        (root / folder).mkdir(parents=True)
    (root / "workflows/bench/bench.bpmn").write_text(xml, "utf-8")
    for name in [f"step_{n}" for n in range(TASKS)] + ["other_step"]:
        (root / f"forms/bench/{name}.toml").write_text(f"title = {json.dumps(name)}\n", "utf-8")


def main() -> None:
    """Run every case through all its tasks, the contenders taking turns."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    xml = diagram()
    table = Table(f"completing a task: {cases} cases of {TASKS} tasks")
    aims = {"SQLite": "≤ 3 ×", "PostgreSQL": "≤ 4 ×"}
    with tempfile.TemporaryDirectory() as name, _databases.both(Path(name)) as urls:
        folder = Path(name)
        lay_house(folder, xml)
        bare = Bare(folder, xml)
        runners = {kind: Ours(url, folder) for kind, url in urls.items()}
        for _case in range(cases):
            alone = bare.start()
            running = {kind: ours.start() for kind, ours in runners.items()}
            for _step in range(TASKS):
                table.time("library alone, SQLite", lambda: bare.step(alone))  # noqa: B023
                for kind, case in running.items():
                    table.time(
                        f"the command, {kind}",
                        lambda: runners[kind].step(case),  # noqa: B023
                        wanted=aims[kind],
                    )
        for ours in runners.values():
            ours.database.close()
    table.print()


if __name__ == "__main__":
    main()
