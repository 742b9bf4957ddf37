"""Tracing what an expression means: at once, or as long work where much is affected."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from engine import jobs
from engine.errors import Refused
from engine.jobs import MANY
from engine.people.person import Person
from engine.people.queries import person_of
from engine.serials import expressions, trace
from engine.serials.expressions import Question, Understood
from engine.serials.models import TraceRun, TraceRunUnit, Unit
from engine.serials.trace import Seeds

KEPT_LETTERS = 20_000  # of the text that was typed
VERB = "trace"


class NothingToTrace(Refused):
    """Nothing that is recorded here was named. Write a lot, a serial number or a range."""


class StillAsking(Refused):
    """Some of the text can mean two things. Answer what is asked, then trace."""

    def __init__(self, questions: Sequence[Question]) -> None:
        """Carry what is asked."""
        self.questions = questions
        super().__init__()


def expression_of(understood: Understood) -> dict[str, Any]:
    """Return what a run keeps of a text: the expression and the words it came from.

    Raises `StillAsking`, `NothingToTrace`.
    """
    if understood.open_questions:
        raise StillAsking(understood.open_questions)
    if not understood.expression.get("any"):
        raise NothingToTrace
    return {**understood.expression, "text": understood.text[:KEPT_LETTERS]}


def start(
    db: Session, expression: Mapping[str, Any], *, by: Person, at: datetime, key: str
) -> TraceRun | jobs.Job:
    """Trace an expression and keep the run; flushes.

    Where more than `MANY` are affected a job does it, and that is returned; `key` makes asking
    twice harmless. Raises `NothingToTrace` where it comes to no lot, run or unit.
    """
    seeds = expressions.seeds_of(db, expression)
    if seeds == Seeds():
        raise NothingToTrace
    counts = trace.counted(db, seeds)
    stock = counts.all_units.quantity + counts.all_units.quantity_cannot_exclude
    if counts.root_count + len(counts.placed) <= MANY:
        return trace.run(db, seeds, expression=expression, by=by, at=at)

    body = {
        "expression": dict(expression),
        "by": by.id,
        "units": counts.root_count,
        "quantity": f"{stock:f}",
    }
    return jobs.ask(db, f"{VERB}:{key}", name=VERB, body=body, at=at, total_count=2)


def carry_out(db: Session, job: jobs.Job) -> dict[str, Any]:
    """Trace as a job asked; the run is its result."""
    expression = job.body["expression"]
    by = person_of(db, job.body["by"], at=job.asked_at)
    seeds = expressions.seeds_of(db, expression)
    run = trace.run(db, seeds, expression=expression, by=by, at=job.asked_at)
    return {"run_id": run.id}


def run_of(db: Session, run_id: int) -> TraceRun:
    """Return a kept run; raises `trace.RunUnknown`."""
    # what a large run started from is long, and nothing that shows a run reads it
    run = db.get(TraceRun, run_id, options=[defer(TraceRun.seeds), defer(TraceRun.counts)])
    if run is None:
        raise trace.RunUnknown(run=run_id)
    return run


def reached_all_the_same(
    db: Session, run: TraceRun, *, most: int = 50
) -> tuple[int, list[tuple[int, str]]]:
    """Return how many units were taken out and are affected all the same, and the first of them.

    They contain something suspect by another way, and no wish takes them out.
    """
    taken = expressions.taken_out(db, run.expression)
    if taken is None:
        return 0, []
    reached = (
        select(Unit.id, Unit.serial)
        .join(TraceRunUnit, TraceRunUnit.unit_id == Unit.id)
        .where(TraceRunUnit.run_id == run.id, taken)
    )
    count = db.scalar(select(func.count()).select_from(reached.subquery())) or 0
    rows = db.execute(reached.order_by(Unit.serial).limit(most)).all() if count else []
    return count, [(row.id, row.serial) for row in rows]
