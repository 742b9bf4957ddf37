"""Completing a task of a real nonconformance, beside the library alone on the same diagram.

    python bench/complete_task.py [cases]

The command validates the form, keeps the answers, moves the diagram, traces, holds and posts what
the step's actions say, tells who is next, writes the ledger and commits. The bare loop loads the
library's own full state, completes the task with its actions answering from a list, saves and
commits: no lock, no form, no store, no evidence. Both take turns, step by step.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

import psycopg
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.spiff.serializer.task_spec import (
    BusinessRuleTaskConverter,
    SpiffBpmnTaskConverter,
)
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select

from bench import _databases
from bench._company import PEOPLE, company
from bench._table import Table
from engine.bpmn import spiff
from engine.bpmn.models import Definition
from forms import expressions
from tests.processes.company import Company

STEPS = ("triage", "confirm_segregation", "investigate")
FINDS = {
    "register_report": {"left_control": False, "hold_count": 1},
    "settle_scope": {"left_control": False},
    "hold_units": {"in_house_count": 40},
    "compare_counts": {"counts_match": True},
    "take_up_findings": {"all_identified": True},
    "open_round": {"round": 1, "pending": True},
}
ANSWERS = {
    "triage": {"outcome": "confirmed", "severity": "major"},
    "confirm_segregation": {},
    "investigate": {"cause": "process"},
}


class Engine(PythonScriptEngine):  # type: ignore[misc]  # the library has no types
    """Evaluates conditions and answers for the actions from a list."""

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        return expressions.evaluate(expression, task.data)

    def act(self, task: Any) -> None:
        task.data.update(FINDS.get(task.task_spec.name, {}))

    def send(self, task: Any) -> None:
        pass


class Bare:
    """The library alone: one row of JSON per case, in SQLite or PostgreSQL."""

    def __init__(self, files: dict[str, str], url: str, folder: Path) -> None:
        parser = spiff.Parser()
        for path, content in files.items():
            if path.endswith(".dmn"):
                parser.add_dmn_str(content.encode())
            elif path.endswith(".bpmn"):
                parser.add_bpmn_str(content.encode())
        self.spec = parser.get_spec("nonconformance")
        self.called = parser.get_subprocess_specs("nonconformance")
        own = dict.fromkeys((spiff.ServiceTask, spiff.SendTask), SpiffBpmnTaskConverter)
        decides = {spiff.DecisionTask: BusinessRuleTaskConverter}
        self.serializer = BpmnWorkflowSerializer(
            BpmnWorkflowSerializer.configure({**SPIFF_CONFIG, **own, **decides})
        )
        self.db: Any
        self.place, self.lock = "?", ""
        if url.startswith("sqlite"):
            self.db = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")
            self.begin = "BEGIN IMMEDIATE"
        else:
            self.db = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
            self.place, self.lock, self.begin = "%s", " FOR UPDATE", "BEGIN"
        self.db.execute("CREATE TABLE bare_state (id INTEGER PRIMARY KEY, state TEXT)")

    def start(self, case: int) -> None:
        workflow = BpmnWorkflow(self.spec, self.called, script_engine=Engine())
        workflow.do_engine_steps()
        self.db.execute(
            f"INSERT INTO bare_state VALUES ({self.place}, {self.place})",  # noqa: S608  "?" or "%s"
            [case, self.serializer.serialize_json(workflow)],
        )

    def step(self, case: int, element: str) -> None:
        self.db.execute(self.begin)
        (text,) = self.db.execute(
            f"SELECT state FROM bare_state WHERE id = {self.place}{self.lock}",  # noqa: S608  as above
            [case],
        ).fetchone()
        workflow = self.serializer.deserialize_json(text)
        workflow.script_engine = Engine()
        ready = workflow.get_tasks(state=TaskState.READY, manual=True)
        (task,) = [one for one in ready if one.task_spec.name == element]
        task.data.update(ANSWERS[element])
        task.run()
        workflow.do_engine_steps()
        text = self.serializer.serialize_json(workflow)
        self.db.execute(
            f"UPDATE bare_state SET state = {self.place} WHERE id = {self.place}",  # noqa: S608  as above
            [text, case],
        )
        self.db.execute("COMMIT")


@contextmanager
def contenders(url: str, folder: Path) -> Iterator[tuple[Bare, Company]]:
    """Give the library alone and the command, each on the database at `url`."""
    with company(url) as ours:
        with ours.holdfast.database.read() as db:
            files = db.scalars(
                select(Definition.files).where(Definition.key == "nonconformance")
            ).one()
        bare = Bare(files, url, folder)
        yield bare, ours
        bare.db.close()


def measure(table: Table, kind: str, bare: Bare, ours: Company, case: int, aim: str) -> None:
    """Take one case through the steps on both sides."""
    ours.make_lot(f"L-{case}", 40)
    ours.report(f"L-{case}")
    bare.start(case)
    for element in STEPS:
        task = ours.task(element)
        who = getattr(PEOPLE, task.role)
        answers = ours.answers(task, who)
        table.time(f"library alone, {kind}", lambda: bare.step(case, element))  # noqa: B023
        table.time(
            f"the command, {kind}",
            lambda: ours.complete(task, answers, None, by=who),  # noqa: B023
            wanted=aim,
        )
        ours.take_up_reports()


def main() -> None:
    """Found a company on each kind of database and take turns."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    table = Table(f"completing a task of a nonconformance: {', '.join(STEPS)}; {cases} cases")
    aims = {"SQLite": "≤ 3 ×", "PostgreSQL": "≤ 4 ×"}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        urls = stack.enter_context(_databases.both(Path(name)))
        sides = {
            kind: stack.enter_context(contenders(url, Path(name))) for kind, url in urls.items()
        }
        for case in range(-2, cases):
            counted = table if case >= 0 else Table("warming up")
            for kind, (bare, ours) in sides.items():
                measure(counted, kind, bare, ours, case, aims[kind])
    table.print(baselines={f"the command, {kind}": f"library alone, {kind}" for kind in aims})


if __name__ == "__main__":
    main()
