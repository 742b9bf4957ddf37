"""Kill a command at every point where it touches the world, recover, and see what is left.

Points are discovered, not listed: one run counts every step, writing statement, flush, commit,
mail and file written; then, for each of them, a fresh copy of the database gets a child process
that is killed there (SIGKILL, so nothing is cleaned up), and another that does what a restart
does. A `Scenario` says what is run and what must hold afterwards.

A scenario is an attribute of a module, named `module:NAME`. Children are forked from one process
that has imported it, so a kill costs milliseconds.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.tree import ROOT

Copy = Callable[[], AbstractContextManager[tuple[str, Path]]]


@dataclass(frozen=True)
class Scenario:
    """What is killed and what must be true after recovery.

    `open` gives the database as the composition root would, with `folder` for what is kept in
    files; `prepare` runs once, before. `act` is what a person or a timer sends, under one
    idempotency key, and `work` what the workers do after it: these are killed at every point.
    A restart runs `act` and `recover` (the workers, when every lease has run out); `check` asserts,
    and what it returns must be what it returns after a run that nobody killed.
    """

    open: Callable[[str, Path], Any]  # what has a `close`: the others are called with it
    prepare: Callable[[Any], None]
    act: Callable[[Any], None]
    work: Callable[[Any], None]
    recover: Callable[[Any], None]
    check: Callable[[Any], Any]


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
    """The process that has imported the application and forks a child for each order."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.faults.child"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def order(
        self, scenario: str, verb: str, url: str, folder: Path, *, kill_at: int = 0
    ) -> dict[str, Any]:
        """Have a child do one thing; give its report: `killed`, `failure`, `points`, `found`."""
        process = self._process
        assert process.stdin
        assert process.stdout
        asked = {"scenario": scenario, "verb": verb, "url": url, "folder": str(folder),
                 "kill_at": kill_at}  # fmt: skip
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


def sample(count: int, most: int) -> list[int]:
    """Give up to `most` numbers from 1 to `count`, evenly spread, the first and last among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(step * (count - 1) / (most - 1)) for step in range(most)})


class Sweep:
    """Kills a scenario at its points, each on a fresh copy of what was prepared at `url`."""

    def __init__(self, running: Runner, url: str, folder: Path, copy: Copy) -> None:
        self.url = url
        self.folder = folder
        self._running = running
        self._copy = copy

    def run(self, scenario: str, *, most: int | None = None) -> list[Kill]:
        """Kill at every point, or at `most` of them evenly spread."""
        self._done(self._running.order(scenario, "prepare", self.url, self.folder))
        points, found = self._unkilled(scenario)
        numbers = sample(len(points), most or len(points))
        return [self._kill(scenario, number, points[number - 1], found) for number in numbers]

    def _unkilled(self, scenario: str) -> tuple[list[Point], Any]:
        """Run to the end once; give the points passed, and what is found afterwards."""
        with self._copy() as (url, folder):
            report = self._done(self._running.order(scenario, "act_and_work", url, folder))
            after = self._done(self._running.order(scenario, "recover_and_check", url, folder))
            return [Point(kind, about) for kind, about in report["points"]], after["found"]

    def _kill(self, scenario: str, number: int, point: Point, expected: Any) -> Kill:
        with self._copy() as (url, folder):
            order = self._running.order
            killed = order(scenario, "act_and_work", url, folder, kill_at=number)
            after = order(scenario, "recover_and_check", url, folder)
            failure = killed["failure"] or after["failure"] or differs(expected, after["found"])
            return Kill(number, point, was_killed=killed["killed"], failure=failure)

    @staticmethod
    def _done(report: dict[str, Any]) -> dict[str, Any]:
        assert report["failure"] is None, report["failure"]
        return report


def differs(expected: Any, found: Any) -> str | None:
    """Say where two summaries differ, part by part; None when they do not."""
    if expected == found:
        return None
    names = [name for name in expected if expected[name] != found[name]]
    return "\n".join(
        f"{name}: expected {expected[name]}\n{name}: found    {found[name]}" for name in names
    )


def assert_survived(kills: list[Kill]) -> None:
    """Fail with every kill that recovery did not make good, and where it struck."""
    assert kills, "nothing was killed"
    lost = [f"killed at {k.number}, {k.point}:\n{k.failure}" for k in kills if k.failure]
    assert not lost, f"{len(lost)} of {len(kills)} kills left a mark\n\n" + "\n".join(lost)
    missed = [str(kill.point) for kill in kills if not kill.was_killed]
    assert not missed, (
        f"these points were not reached again: the run differs from time to time: {missed}"
    )
