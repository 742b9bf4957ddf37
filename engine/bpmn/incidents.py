"""Technical faults as rows: noted in a transaction of their own, tried again by a person."""

import traceback
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.bpmn import runtime
from engine.bpmn.errors import StepFailed
from engine.bpmn.models import Incident, Instance, Timer
from engine.db import Database
from engine.errors import NotFound, Refused
from engine.people.person import Person


class NoSuchIncident(NotFound):
    """There is no open incident under this number."""


class AnswerAgain(Refused):
    """This step was a person's answer. Open the task and send the answer again."""


def record_incident(database: Database, failure: StepFailed) -> int:
    """Write the incident of a step that was rolled back; return its id.

    For edges: call it after the failed transaction has ended. The instance is marked, which
    stops its timers until a retry succeeds.
    """
    with database.begin() as db:
        if failure.instance_id is not None:
            running = (Instance.id == failure.instance_id, Instance.status == "running")
            db.execute(update(Instance).where(*running).values(status="incident"))
        if failure.attempt == "fire_timer":
            fired = Timer.id == failure.arguments["timer_id"]
            db.execute(update(Timer).where(fired).values(attempts=Timer.attempts + 1))
        incident = _incident(failure)
        db.add(incident)
        db.flush()
        return incident.id


def _incident(failure: StepFailed) -> Incident:
    return Incident(
        instance_id=failure.instance_id,
        process=failure.process,
        element_id=failure.element_id,
        attempt=failure.attempt,
        # what a person answered stays out: it is the person who sends it again
        facts={k: v for k, v in failure.arguments.items() if k != "variables" or _is_ours(failure)},
        error=f"{type(failure.cause).__name__}: {failure.cause}",
        trace="".join(traceback.format_exception(failure.cause)),
        at=failure.at,
        by_id=failure.by_id,
    )


def _is_ours(failure: StepFailed) -> bool:
    return failure.attempt == "deliver_message"


def retry(db: Session, incident_id: int, *, by: Person | None, at: datetime) -> Incident:
    """Try the failed step again; success resolves the incident, failure raises `StepFailed`.

    A person's answer is never sent again by a machine: that raises `AnswerAgain`.
    """
    incident = db.get(Incident, incident_id)
    if incident is None or incident.resolved_at is not None:
        raise NoSuchIncident

    facts: dict[str, Any] = incident.facts
    if incident.attempt == "fire_timer":
        runtime.fire_timer(db, facts["timer_id"], at=at)
    elif incident.attempt == "deliver_message":
        runtime.deliver_message(
            db, facts["name"], facts["key"], variables=facts["variables"], at=at, by=by
        )
    elif incident.attempt == "take_up_reports":
        runtime.take_up_reports(db, facts["parent_id"], at=at, by=by)
    else:
        raise AnswerAgain

    incident.resolved_at, incident.resolved_by_id = at, by.id if by else None
    db.flush()
    return incident
