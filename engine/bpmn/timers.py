"""Due timers of running diagrams, fired one by one, each in a transaction of its own."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn import runtime
from engine.bpmn.errors import StepFailed
from engine.bpmn.incidents import record_incident
from engine.bpmn.models import Instance, Timer
from engine.db import Database
from engine.errors import Busy


def due_timers(db: Session, at: datetime, *, limit: int = 100) -> list[int]:
    """Return the timers that are due by the clock that runs here, the longest overdue first.

    Takes no lock. What goes by another clock (`engine.clock.own`) is not due.
    """
    return list(db.scalars(_due(at).limit(limit)))


def fire_due(database: Database, at: datetime, *, limit: int = 100) -> int:
    """Fire what is due; return how many fired. Any number of processes may do this at once.

    The instance is claimed, not the timer: whoever works on the instance may be deleting the
    timer, and two lock orders would meet in a deadlock.
    """
    fired = 0
    with database.read() as db:
        ids = due_timers(db, at, limit=limit)
    for timer_id in ids:
        try:
            with database.begin() as db:
                if _claim(db, timer_id) and runtime.fire_timer(db, timer_id, at=at) is not None:
                    fired += 1
        except Busy:
            continue  # it is still due at the next tick
        except StepFailed as failure:
            record_incident(database, failure)
    return fired


def _due(at: datetime) -> Select[int]:
    return (
        select(Timer.id)
        .join(Instance, Instance.id == Timer.instance_id)
        .where(
            Timer.due_at <= at,
            Instance.status == "running",
            Instance.clock.is_not_distinct_from(clock.own()),
        )
        .order_by(Timer.due_at, Timer.id)
    )


def _claim(db: Session, timer_id: int) -> bool:
    """Lock the timer's instance unless another poller or person has it."""
    owner = select(Timer.instance_id).where(Timer.id == timer_id).scalar_subquery()
    query = select(Instance.id).where(Instance.id == owner, Instance.status == "running")
    return db.scalar(query.with_for_update(skip_locked=True)) is not None
