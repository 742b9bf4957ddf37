"""One attempt to move an instance: the clock held, a fault turned into what an incident needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.errors import ChangedMeanwhile, DiagramFault, NobodyWaits, StepFailed
from engine.bpmn.models import Incident, Instance
from engine.bpmn.step import StepEngine
from engine.errors import Busy, EngineError
from engine.locks import is_busy
from engine.people.person import Person


@dataclass
class Attempt:
    """A command under way: what it is called, on what, and whether it was in trouble before."""

    name: str
    arguments: dict[str, Any]
    by: Person | None
    at: datetime
    was_incident: bool
    engine: StepEngine | None = None


@contextmanager
def attempt(
    name: str,
    arguments: dict[str, Any],
    *,
    by: Person | None,
    at: datetime,
    instance: Instance | None = None,
    process: str = "",
) -> Iterator[Attempt]:
    """Hold the clock and turn a technical fault into `StepFailed`.

    A sentence for a person (`EngineError`) passes through when a person acts; in the background
    nobody would read it, so there it becomes an incident too.
    """
    instance_id = instance.id if instance else None
    process = instance.process if instance else process
    in_trouble = instance is not None and instance.status == "incident"
    current = Attempt(name, arguments, by, at, in_trouble)
    try:
        with clock.at(at):
            yield current
    except (StepFailed, Busy, ChangedMeanwhile, NobodyWaits):
        raise
    except Exception as error:
        if _is_no_fault(error, by):
            raise
        raise StepFailed(
            attempt=name,
            arguments=arguments,
            cause=error,
            instance_id=instance_id,
            process=process,
            element_id=current.engine.element_id if current.engine else None,
            by_id=by.id if by else None,
            at=at,
        ) from error


def _is_no_fault(error: Exception, by: Person | None) -> bool:
    """Say whether there is nothing to repair: a sentence for who acts, or a database to wait for.

    A lock that timed out, a deadlock and a lost connection pass when the step is tried again.
    """
    if isinstance(error, OperationalError):
        return is_busy(error) or error.connection_invalidated
    return isinstance(error, EngineError) and not isinstance(error, DiagramFault) and by is not None


def resolve(db: Session, instance: Instance, done: Attempt, named_by: str) -> None:
    """Close the incidents of what has now succeeded; the instance runs again without any.

    `named_by` is the argument that says which of several such attempts it is.
    """
    if not done.was_incident:
        return

    open_here = (Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
    for incident in db.scalars(select(Incident).where(*open_here, Incident.attempt == done.name)):
        if incident.facts.get(named_by) == done.arguments[named_by]:
            incident.resolved_at = done.at
            incident.resolved_by_id = done.by.id if done.by else None
    db.flush()
    left = db.scalar(select(func.count()).select_from(Incident).where(*open_here))
    if left and instance.ended_at is None:
        instance.status = "incident"
        db.flush()
