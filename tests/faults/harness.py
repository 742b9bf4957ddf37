"""Kill a command at every point where it touches the world, recover, and see what is left.

Points are discovered, not listed: one run counts every statement, flush, commit and file written;
then, for each of them, a fresh copy of the database gets a child process that is killed there
(SIGKILL, so nothing is cleaned up), and another that does what a restart does. A `Scenario` says
what is run and what must hold afterwards.

A scenario is an attribute of a module, named `module:NAME`. Children are forked from one process
that has imported it, so a kill costs milliseconds.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.db import Database
from tests.support.tree import ROOT

Copy = Callable[[], AbstractContextManager[tuple[str, Path]]]


@dataclass(frozen=True)
class Scenario:
    """What is killed and what must be true after recovery.

    `open` gives the database as the composition root would, with `folder` for what is kept in
    files; `prepare` runs once, before. `act` is what a person or a timer sends, under one
    idempotency key, and `work` what the workers do after it: these are killed at every point.
    A restart runs `act` and `recover` (the workers, when every lease has run out); `check` asserts.
    """

    open: Callable[[str, Path], Database]
    prepare: Callable[[Database], None]
    act: Callable[[Database], None]
    work: Callable[[Database], None]
    recover: Callable[[Database], None]
    check: Callable[[Database], None]


@dataclass(frozen=True)
class Point:
    """One moment to be killed at: what kind, and the statement or file it concerns."""

    kind: str
    about: str

    def __str__(self) -> str:
        return f"{self.kind} {self.about}".strip()


@dataclass(frozen=True)
class Kill:
    """What came of one kill: where, whether the child died there, what recovery found."""

    number: int
    point: Point
    was_killed: bool
    failure: str | None


class Runner:
    """The process that has imported the scenario and forks a child for each order."""

    def __init__(self, scenario: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.faults.child", scenario],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def order(self, verb: str, url: str, folder: Path, *, kill_at: int = 0) -> dict[str, Any]:
        """Have a child do one thing; give what it reports: `killed`, `failure`, `points`."""
        process = self._process
        assert process.stdin
        assert process.stdout
        asked = {"verb": verb, "url": url, "folder": str(folder), "kill_at": kill_at}
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the process that forks the children ended: its words stand above"
        return dict(json.loads(answer))

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)
        assert self._process.stdout
        self._process.stdout.close()


@contextmanager
def runner(scenario: str) -> Iterator[Runner]:
    """Give a runner and end it."""
    running = Runner(scenario)
    try:
        yield running
    finally:
        running.close()


def sample(count: int, most: int) -> list[int]:
    """Give up to `most` numbers from 1 to `count`, evenly spread, the first and last among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(step * (count - 1) / (most - 1)) for step in range(most)})


class Sweep:
    """Kills a scenario at its points, each on a fresh copy of what was prepared at `url`."""

    def __init__(self, url: str, folder: Path, copy: Copy) -> None:
        self.url = url
        self.folder = folder
        self._copy = copy

    def run(self, scenario: str, *, most: int | None = None) -> list[Kill]:
        """Kill at every point, or at `most` of them evenly spread."""
        with runner(scenario) as running:
            self._done(running.order("prepare", self.url, self.folder))
            points = self._points(running)
            numbers = sample(len(points), most or len(points))
            return [self._kill(running, number, points[number - 1]) for number in numbers]

    def _points(self, running: Runner) -> list[Point]:
        with self._copy() as (url, folder):
            report = self._done(running.order("act_and_work", url, folder))
            self._done(running.order("recover_and_check", url, folder))
            return [Point(kind, about) for kind, about in report["points"]]

    def _kill(self, running: Runner, number: int, point: Point) -> Kill:
        with self._copy() as (url, folder):
            killed = running.order("act_and_work", url, folder, kill_at=number)
            after = running.order("recover_and_check", url, folder)
            failure = killed["failure"] or after["failure"]
            return Kill(number, point, was_killed=killed["killed"], failure=failure)

    @staticmethod
    def _done(report: dict[str, Any]) -> dict[str, Any]:
        assert report["failure"] is None, report["failure"]
        return report


def assert_survived(kills: list[Kill]) -> None:
    """Fail with every kill that recovery did not make good, and where it struck."""
    assert kills, "nothing was killed"
    lost = [f"killed at {k.number}, {k.point}:\n{k.failure}" for k in kills if k.failure]
    assert not lost, f"{len(lost)} of {len(kills)} kills left a mark\n\n" + "\n".join(lost)
    missed = [str(kill.point) for kill in kills if not kill.was_killed]
    assert not missed, (
        f"these points were not reached again: the run differs from time to time: {missed}"
    )
