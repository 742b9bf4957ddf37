"""The process that is killed: it forks a child for each order read from its standard input."""

import functools
import gc
import json
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, configure_mappers

from engine import commands
from engine.bpmn import attempts, children, loading, messages, projections, running, runtime
from engine.cases import commands as case_commands
from engine.db import Database
from engine.evidence import checkpoints, documents, ledger, printing, render, signatures
from tests.faults.harness import Scenario
from tests.support.schema import load_models

WRITING = os.O_WRONLY | os.O_RDWR
WRITES = ("INSERT", "UPDATE", "DELETE")
# every function of these is a step; a new one is found by itself
STEPS = (
    case_commands, commands, runtime, attempts, loading, running, children, messages, projections,
    signatures, ledger, checkpoints, documents,
)  # fmt: skip


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
        for module in STEPS:
            self._follow(module)

    def _follow(self, module: ModuleType) -> None:
        """Pass a point after each return of the module's own functions."""
        for name, function in list(vars(module).items()):
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                setattr(module, name, self._followed(function))

    def _followed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        step = f"{function.__module__}.{function.__name__}"

        @functools.wraps(function)
        def followed(*arguments: Any, **named: Any) -> Any:
            outcome = function(*arguments, **named)
            # a step that wrote nothing since the last point leaves the same world behind
            if self.passed and self.passed[-1][0] != "step":
                self.pass_("step", step)
            return outcome

        return followed

    def _statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        # to be killed before a statement that only reads is to be killed after what was before it
        if statement.lstrip().upper().startswith(WRITES):
            self.pass_("statement", statement)

    def _audit(self, folder: Path, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "smtplib.send":
            self.pass_("mail", "")
        elif name in {"os.rename", "os.link", "os.remove"} and str(folder) in str(arguments[0]):
            self.pass_(name, Path(str(arguments[0])).suffix)
        elif name == "open" and str(folder) in str(arguments[0]) and int(arguments[2]) & WRITING:
            self.pass_("file", Path(str(arguments[0])).suffix)


def act_and_work(scenario: Scenario, application: Any) -> None:
    """Do what is asked and what the workers do after it."""
    scenario.act(application)
    scenario.work(application)


def recover_and_check(scenario: Scenario, application: Any) -> Any:
    """Do what a restart does, twice: the second must find nothing left to do."""
    for _ in range(2):
        scenario.act(application)
        scenario.recover(application)
    return scenario.check(application)


VERBS: dict[str, Callable[[Scenario, Any], Any]] = {
    "act_and_work": act_and_work, "recover_and_check": recover_and_check,
}  # fmt: skip


def carry_out(scenario: Scenario, order: dict[str, Any], report_to: int) -> None:
    """Do the order in this child and report; never returns when it is killed."""
    points = Points(order["kill_at"])
    folder = Path(order["folder"])
    failure = found = None
    os.register_at_fork(after_in_child=lambda: leave_to_its_owner(report_to))
    try:
        application = scenario.open(order["url"], folder)
        if order["verb"] == "act_and_work":
            points.listen(folder)
        found = VERBS[order["verb"]](scenario, application)
        application.close()
    except BaseException:  # noqa: BLE001 - a failed assertion is what we came to report
        failure = traceback.format_exc()
    said = {"killed": False, "failure": failure, "points": points.passed, "found": found}
    with os.fdopen(report_to, "w") as report:
        json.dump(said, report)


def leave_to_its_owner(report_to: int) -> None:
    """Close in the print worker what it got from the fork: it must see its owner end."""
    os.close(report_to)
    if render._worker._pipe is not None:
        render._worker._pipe.close()


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
    return {"killed": killed, "failure": failure, "points": [], "found": None}


def prepare(scenario: Scenario, order: dict[str, Any]) -> dict[str, Any]:
    """Lay what the scenario starts from, here: what is read for it stays read for every child."""
    failure = None
    try:
        application = scenario.open(order["url"], Path(order["folder"]))
        scenario.prepare(application)
        application.close()
        render.end_worker()
        gc.collect()
        gc.freeze()  # a child that collects would copy every page it shares
    except Exception:  # noqa: BLE001 - the test shows it
        failure = traceback.format_exc()
    return {"killed": False, "failure": failure, "points": [], "found": None}


def warm_up() -> None:
    """Load what every child would load anew: mappers, drivers, and what prints.

    The print worker is forked from here instead of spawned: a second less for each.
    """
    assert printing
    render._SPAWN = multiprocessing.get_context("fork")
    load_models()
    configure_mappers()
    for url in ("sqlite://", "postgresql+psycopg://"):
        Database(url).close()


def main() -> None:
    """Read orders, one JSON line each, until the input ends."""
    warm_up()
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a scenario prints must not mix with the answers
    for line in sys.stdin:
        order = json.loads(line)
        module, _, name = order["scenario"].partition(":")
        scenario = getattr(import_module(module), name)
        report = prepare if order["verb"] == "prepare" else in_a_child
        answers.write(json.dumps(report(scenario, order)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
