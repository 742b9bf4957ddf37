"""Many people at one company at once: each thread a person with a page of their own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Incident, Instance, Task
from engine.cases import verifying
from engine.cases.models import Answer, Case
from engine.errors import Busy, EngineError
from engine.evidence.signatures import PendingSign, Signature
from tests.processes.company import Company

THREADS = 8
PRESSES = 40  # how often a person who is told to wait presses the button again


def beside(company: Company, page: int, **own: Any) -> Company:
    """Return a colleague's view of the same company, whose pages have other keys."""
    return replace(company, _keys=(page + 1) * 1000, **own)


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Let each do its work in a thread of its own, all beginning together."""
    gate = Barrier(len(work))

    def begin(one: Callable[[], Any]) -> Any:
        gate.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def patiently(press: Callable[[], Any]) -> Any:
    """Press again while told that a colleague is saving; return what came, an error too."""
    for _ in range(PRESSES):
        try:
            return press()
        except Busy:
            time.sleep(0.05)
        except EngineError as told:
            return told
    return Busy()


def check_consistent(db: Session) -> None:
    """Assert what must hold of every case, however many worked on it."""
    answered = list(db.scalars(select(Answer.task_id)))
    assert len(answered) == len(set(answered)), "a task was answered twice"
    done = set(db.scalars(select(Task.id).where(Task.done_at.is_not(None))))
    assert done <= set(answered), "a task is done without its answer"
    used = set(db.scalars(select(PendingSign.nonce).where(PendingSign.used_at.is_not(None))))
    assert set(db.scalars(select(Signature.nonce))) == used
    assert not db.scalars(select(Incident.error)).all()
    for case in db.scalars(select(Case)):
        result = verifying.verify_case(db, case.stream)
        assert result.holds, f"{case.number}: {result.causes}"
        root = db.get_one(Instance, case.instance_id)
        assert (root.ended_at is None) == (case.state == "open")
