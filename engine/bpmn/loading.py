"""One instance locked, loaded for one step, and saved again under a version check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from engine.bpmn import library, projections, spiff
from engine.bpmn.errors import CaseIsOver, ChangedMeanwhile, NoSuchCase, NoSuchTask
from engine.bpmn.models import Instance, Task
from engine.bpmn.projections import Picture
from engine.bpmn.step import StepEngine

WRITTEN = ("state", "state_sha256", "status", "ended_at", "ended_reason", "version")

ONE_INSTANCE = (
    select(Instance)
    .join(Instance.definition)
    .options(contains_eager(Instance.definition))
    .where(Instance.id == bindparam("id"))
    .with_for_update(of=Instance)
)
# the instance before its task, as everywhere: rows are locked in the order they are named
ONE_TASK = (
    select(Instance, Task)
    .join(Instance.definition)
    .join(Task, Task.instance_id == Instance.id)
    .options(contains_eager(Instance.definition))
    .where(Task.id == bindparam("id"))
    .with_for_update(of=(Instance, Task))
)
# by hand, not by the unit of work: the version in WHERE is the second lock
SAVED = (
    update(Instance.__table__)  # type: ignore[arg-type]  # declared tables are Table at run time
    .where(Instance.id == bindparam("of"), Instance.version == bindparam("from_version"))
    .values({name: bindparam(name) for name in WRITTEN})
)


@dataclass
class Run:
    """One instance loaded for one step, with what it showed before."""

    db: Session
    instance: Instance
    workflow: BpmnWorkflow
    engine: StepEngine
    at: datetime
    before: Picture


def lock(db: Session, instance_id: int) -> Instance:
    """Lock an instance to the end of the transaction; raises `NoSuchCase`."""
    found = _locked(db, ONE_INSTANCE, instance_id)
    if found is None:
        raise NoSuchCase

    instance: Instance = found[0]
    return instance


def lock_task(db: Session, task_id: UUID) -> tuple[Task, Instance]:
    """Lock a task's instance, then the task; raises `NoSuchTask`."""
    found = _locked(db, ONE_TASK, task_id)
    if found is None:
        raise NoSuchTask

    instance, task = found
    return task, instance


def _locked(db: Session, query: Any, key: object) -> Any:
    return db.execute(
        query, {"id": key}, execution_options={"populate_existing": True}
    ).one_or_none()


def is_over(instance: Instance) -> bool:
    """Say whether an instance has ended."""
    return instance.ended_at is not None


def load(db: Session, instance: Instance, engine: StepEngine, *, at: datetime) -> Run:
    """Return a locked instance ready for one step; raises `CaseIsOver`."""
    if is_over(instance):
        raise CaseIsOver

    workflow = spiff.load(
        instance.state,
        instance.state_sha256,
        instance.engine_version,
        spec_gz=library.spec_gz(instance.definition),
        process=instance.process,
        engine=engine,
    )
    return Run(db, instance, workflow, engine, at, projections.picture(workflow))


def save(
    run: Run, status: str, *, ended_at: datetime | None = None, reason: str | None = None
) -> None:
    """Save the state; raises `ChangedMeanwhile` when someone else has."""
    instance = run.instance
    state, sha256 = spiff.save(run.workflow)
    version = instance.version
    values = {
        "state": state,
        "state_sha256": sha256,
        "status": status,
        "ended_at": ended_at,
        "ended_reason": reason,
        "version": version + 1,
    }
    run.db.flush()
    saved = run.db.connection().execute(
        SAVED, {**values, "of": instance.id, "from_version": version}
    )
    if saved.rowcount != 1:
        raise ChangedMeanwhile
    for name, value in values.items():
        set_committed_value(instance, name, value)
