"""The process that is killed: it forks a child for each order read from its standard input."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, configure_mappers

from engine.db import Database
from tests.faults.harness import Scenario

WRITING = os.O_WRONLY | os.O_RDWR


class Points:
    """Counts the moments at which the command touches the world, and kills itself at one."""

    def __init__(self, kill_at: int) -> None:
        self.passed: list[tuple[str, str]] = []
        self._kill_at = kill_at

    def pass_(self, kind: str, about: str) -> None:
        self.passed.append((kind, " ".join(about.split())[:120]))
        if len(self.passed) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def listen(self, folder: Path) -> None:
        """Hear every statement, flush and commit of any engine, file of `folder`, mail sent."""
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda _connection: self.pass_("before commit", ""))
        event.listen(Session, "after_flush", lambda *_: self.pass_("after flush", ""))
        event.listen(Session, "after_commit", lambda _session: self.pass_("after commit", ""))
        sys.addaudithook(lambda name, arguments: self._audit(folder, name, arguments))

    def _statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.pass_("statement", statement)

    def _audit(self, folder: Path, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "smtplib.send":
            self.pass_("mail", "")
        elif name in {"os.rename", "os.link", "os.remove"} and str(folder) in str(arguments[0]):
            self.pass_(name, Path(str(arguments[0])).suffix)
        elif name == "open" and str(folder) in str(arguments[0]) and int(arguments[2]) & WRITING:
            self.pass_("file", Path(str(arguments[0])).suffix)


def act_and_work(scenario: Scenario, database: Database) -> None:
    """Do what is asked and what the workers do after it."""
    scenario.act(database)
    scenario.work(database)


def recover_and_check(scenario: Scenario, database: Database) -> None:
    """Do what a restart does, twice: the second must find nothing left to do."""
    for _ in range(2):
        scenario.act(database)
        scenario.recover(database)
    scenario.check(database)


def prepare(scenario: Scenario, database: Database) -> None:
    """Lay what the scenario starts from."""
    scenario.prepare(database)


VERBS: dict[str, Callable[[Scenario, Database], None]] = {
    "act_and_work": act_and_work, "recover_and_check": recover_and_check, "prepare": prepare,
}  # fmt: skip


def carry_out(scenario: Scenario, order: dict[str, Any], report_to: int) -> None:
    """Do the order in this child and report; never returns when it is killed."""
    points = Points(order["kill_at"])
    folder = Path(order["folder"])
    failure = None
    try:
        database = scenario.open(order["url"], folder)
        points.listen(folder)
        VERBS[order["verb"]](scenario, database)
        database.close()
    except BaseException:  # noqa: BLE001 - a failed assertion is what we came to report
        failure = traceback.format_exc()
    with os.fdopen(report_to, "w") as report:
        json.dump({"killed": False, "failure": failure, "points": points.passed}, report)


def in_a_child(scenario: Scenario, order: dict[str, Any]) -> dict[str, Any]:
    """Fork, wait, and give the child's report or how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            carry_out(scenario, order, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as report:
        words = report.read()
    _, status = os.waitpid(child, 0)
    if words:
        return dict(json.loads(words))
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    failure = None if killed else f"the child ended without a report: status {status}"
    return {"killed": killed, "failure": failure, "points": []}


def warm_up() -> None:
    """Load what every child would load anew: the mappers and both drivers."""
    configure_mappers()
    for url in ("sqlite://", "postgresql+psycopg://"):
        Database(url).close()


def main() -> None:
    """Read orders, one JSON line each, until the input ends."""
    module, _, name = sys.argv[1].partition(":")
    scenario = getattr(import_module(module), name)
    warm_up()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a scenario prints must not mix with the answers
    for line in sys.stdin:
        answers.write(json.dumps(in_a_child(scenario, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
