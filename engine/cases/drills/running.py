"""An unattended drill: robots answer each step when it is due by the drill's own clock.

The clock jumps from one due thing to the next: a step, an answer of a hospital, a timer, a job. It
is the drill's alone (`engine.clock`): no timer, job or deadline of any other case comes due by it.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.bpmn import timers
from engine.bpmn.errors import DoneByTheSamePerson
from engine.bpmn.models import Instance, Task, Timer
from engine.cases import commands, upkeep
from engine.cases.drills import answering, hospitals, interrupted, settling
from engine.cases.drills.attending import RECORDER
from engine.cases.drills.models import SyntheticAnswer
from engine.cases.drills.scoring import finish
from engine.cases.drills.starting import drill_of, give_up, start
from engine.cases.models import Case
from engine.cases.recalls import gates, passing
from engine.cases.recalls.models import Gate
from engine.cases.reporting import schedule
from engine.cases.tasks import open_tasks
from engine.db import Database
from engine.errors import EngineError, Invalid
from engine.evidence import checkpoints
from engine.people import Person
from engine.people.robots import robot
from engine.words import say as say_in

REPORTER, AUTHORITY = "qa_engineer", "regulatory_affairs"
GATE_AFTER = timedelta(days=1)  # an authority lets the action go on
LONGEST = timedelta(days=400)  # of the drill's clock: what has not ended by then never will
MOST_ROBOTS = 4
Said = Callable[[str], None]
Begun = Callable[[Session, Case], None]  # what else is written down with the drill

log = logging.getLogger(__name__)


class DrillStuck(EngineError):
    """No robot may do “%(place)s”. The drill was abandoned."""


def run(
    database: Database,
    scope: str,
    *,
    now: Callable[[], datetime] = clock.now,
    seed: str | None = None,
    language: str | None = None,
    say: Said = lambda _: None,
    begun: Begun = lambda _db, _case: None,
) -> str:
    """Carry a drill about what `scope` says through to its report; return its number.

    A recall that goes no further is a drill that did not pass: the report says where it stopped.

    `now` is the server's time. What an earlier one left half-way is abandoned first. Raises
    `interrupted.DrillRuns`, `DrillStuck`, and whatever says that the scope cannot be read.
    """
    number = _begin(database, scope, now=now, seed=seed, language=language, begun=begun)
    say(number)
    try:
        with interrupted.at_work(database, number, now=now):
            Robots(database, number, scope, now=now, say=say).work()
    except Exception as stuck:  # whatever it was, nothing of it goes on
        _give_up(database, number, stuck, at=now())
        raise
    finally:
        with database.begin() as db:
            checkpoints.checkpoint(db, at=now())
    return number


def _begin(
    database: Database,
    scope: str,
    *,
    now: Callable[[], datetime],
    seed: str | None,
    language: str | None,
    begun: Begun,
) -> str:
    at = now()
    with database.begin() as db:
        interrupted.refuse_running(db, at=at)
        reporter = robot(db, REPORTER, at=at)
        spoken = language or db.info.get("language", "en")
        raw = answering.report_of(scope, at=at, language=spoken)
        case = start(
            db, raw, by=reporter, at=at, key=f"drill:{at.isoformat()}", is_attended=False,
            seed=seed, language=spoken,
        )  # fmt: skip
        begun(db, case)
        return case.number


def _give_up(database: Database, number: str, stuck: Exception, *, at: datetime) -> None:
    """Abandon a drill that cannot go on, unless somebody ended it: that is then why it cannot."""
    try:
        with database.begin() as db:
            case, drill = drill_of(db, number)
            if drill.ended_at is None:
                give_up(db, number, reason=because(stuck, case.language), by=None, at=at)
    except Exception:  # what went wrong first is what has to be told
        log.exception("drill %s could not be ended", number)


def because(stuck: Exception, language: str) -> str:
    """Return what went wrong as its record says it, in the language of the drill."""
    if isinstance(stuck, Invalid) or not isinstance(stuck, EngineError):
        return f"{type(stuck).__name__}: {stuck}"
    return say_in(stuck.message, language, **stuck.facts)


class Robots:
    """All the people of one drill, at the moment its clock stands at."""

    def __init__(
        self,
        database: Database,
        number: str,
        scope: str,
        *,
        now: Callable[[], datetime],
        say: Said,
    ) -> None:
        """Take up a drill that was started just now."""
        self._database, self._number, self._scope = database, number, scope
        self._now, self._say = now, say
        self._here = now()  # the server's time: within the drill's clock nobody knows it
        with database.read() as db:
            case, drill = drill_of(db, number)
            self._case_id, self._language, self._own = case.id, case.language, drill.clock
            self._at = self._started = case.opened_at

    def work(self) -> None:
        """Go from one due thing to the next until nothing is left to do, then score it."""
        while self._is_open():
            self._do_what_is_due()
            if not self._is_open():
                break
            due = self._next()
            if due is None or due - self._started > LONGEST:
                break  # it goes no further: that is what the drill found
            self._at = max(due, self._at + timedelta(seconds=1))
        ended_at = self._now()
        with clock.at(self._at, own=self._own):
            with self._database.begin() as db:
                finish(db, self._number, at=self._at, ended_at=ended_at)
            self._run_jobs()

    def _is_open(self) -> bool:
        self._here = self._now()
        with self._database.read() as db:
            return drill_of(db, self._number)[0].state == "open"

    def _do_what_is_due(self) -> None:
        """Do all that is due at this moment, and what that makes due at once."""
        with clock.at(self._at, own=self._own):
            timers.fire_due(self._database, self._at)
            upkeep.take_up_reports(self._database, at=self._at)
            schedule.open_due(self._database, at=self._at)
            self._run_jobs()
            for task in self._tasks_due():
                self._do(task)
            self._open_gates()
            self._answer()
            self._claim()

    def _run_jobs(self) -> None:
        verbs = self._database.info["job_verbs"]
        while jobs.run_due_jobs(self._database, verbs, at=self._at).done_count:
            pass

    def _tasks_due(self) -> list[Task]:
        with self._database.read() as db:
            return [one for one in _open_tasks(db, self._number) if self._is_due(one)]

    def _claim(self) -> None:
        """Take what is open, so that it stands in nobody's list of tasks."""
        with self._database.read() as db:
            free = {one.role for one in _open_tasks(db, self._number) if not one.claimed_by_id}
        for role in sorted(free):
            by = next(self._robots(role))
            with self._database.begin() as db:
                for task in _open_tasks(db, self._number):
                    if task.role == role and task.claimed_by_id is None:
                        task.claimed_by_id, task.claimed_at = by.id, self._at

    def _is_due(self, task: Task) -> bool:
        return answering.due_at(task) <= self._at

    def _do(self, task: Task) -> None:
        """Have a robot of its role do a task, another where the first did an earlier step."""
        for by in self._robots(task.role):
            try:
                with self._database.begin() as db:
                    if task.element_id == "reconcile":
                        settling.settle(db, db.get_one(Case, self._case_id), by=by, at=self._at)
                    raw = answering.answers_at(
                        db, task, self._scope, language=self._language, by=by, at=self._at
                    )
                    commands.complete_task(
                        db, task.id, raw, by=by, at=self._at, key=f"drill:{task.id}"
                    )
            except DoneByTheSamePerson:
                continue
            self._say(f"  {self._at:%Y-%m-%d %H:%M}  {task.name}")
            upkeep.take_up_reports(self._database, at=self._at)
            return
        raise DrillStuck(place=task.name)

    def _robots(self, role: str) -> Iterator[Person]:
        for number in range(1, MOST_ROBOTS + 1):
            with self._database.begin() as db:
                found = robot(db, role, number=number, at=self._here)
            yield found

    def _open_gates(self) -> None:
        """Let each authority answer a day after its gate was closed."""
        with self._database.read() as db:
            closed = [one.id for one in _closed(db, self._case_id) if self._may_open(one)]
        for gate_id in closed:
            by = next(self._robots(AUTHORITY))
            with self._database.begin() as db:
                passing.open_in_drill(db, self._number, gate_id, by=by, at=self._at)

    def _may_open(self, gate: Gate) -> bool:
        return gate.closed_at + GATE_AFTER <= self._at

    def _answer(self) -> None:
        """Lay down what hospitals will answer, and record what is due."""
        with self._database.begin() as db:
            case, drill = drill_of(db, self._number)
            hospitals.plan(db, case, drill)
            due = hospitals.due(db, case, at=self._at)
        for answer_id in due:
            by = next(self._robots(RECORDER))
            with self._database.begin() as db:
                _, drill = drill_of(db, self._number)
                hospitals.give(db, drill, answer_id, by=by, at=self._at)
        if due:
            upkeep.take_up_reports(self._database, at=self._at)

    # --- what comes next ----------------------------------------------------------------------

    def _next(self) -> datetime | None:
        """Return when the next thing is due by the drill's clock, None when there is none."""
        with self._database.read() as db:
            moments = [answering.due_at(one) for one in _open_tasks(db, self._number)]
            moments += [one.closed_at + GATE_AFTER for one in _closed(db, self._case_id)]
            moments += self._waiting(db)
        return min(moments, default=None)

    def _waiting(self, db: Session) -> list[datetime]:
        queries = (
            select(func.min(Timer.due_at, type_=Timer.due_at.type))
            .join(Instance, Instance.id == Timer.instance_id)
            .where(Instance.clock == self._own, Instance.status == "running"),
            select(func.min(jobs.Job.due_at, type_=jobs.Job.due_at.type)).where(
                jobs.Job.clock == self._own,
                jobs.Job.done_at.is_(None),
                jobs.Job.given_up_at.is_(None),
            ),
            select(func.min(SyntheticAnswer.due_at, type_=SyntheticAnswer.due_at.type)).where(
                SyntheticAnswer.case_id == self._case_id, SyntheticAnswer.given_at.is_(None)
            ),
        )
        return [one for one in (db.scalar(query) for query in queries) if one is not None]


def _open_tasks(db: Session, number: str) -> list[Task]:
    return list(db.scalars(open_tasks(number).order_by(Task.opened_at, Task.id)))


def _closed(db: Session, case_id: int) -> list[Gate]:
    rows = select(Gate).where(
        Gate.case_id == case_id, Gate.state == "closed", Gate.what == gates.NOTICES
    )
    return list(db.scalars(rows.order_by(Gate.id)))
