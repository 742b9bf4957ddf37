"""The commands that move a diagram: start, complete, fire, deliver, cancel, count children in.

Each is part of one transaction of its caller: it locks the instance, loads its state, lets the
diagram run until only people, timers and messages can move it, brings the projections in line and
saves under a version check. Commands flush; edges commit.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn import children, library, messages, segregation, spiff
from engine.bpmn.attempts import Attempt, attempt, resolve
from engine.bpmn.children import Parent, parents_with_reports
from engine.bpmn.errors import (
    CaseIsOver,
    DiagramFault,
    NotAVariable,
    TaskAlreadyDone,
    TaskWithdrawn,
)
from engine.bpmn.loading import Run, is_over, load, lock, lock_task
from engine.bpmn.models import Definition, Instance, Task, Timer
from engine.bpmn.projections import Picture
from engine.bpmn.running import advance, end
from engine.bpmn.step import StepEngine
from engine.bpmn.variables import check_variables
from engine.people import Person, PersonAccount, acting_for

__all__ = [
    "Parent",
    "cancel",
    "complete_task",
    "deliver_message",
    "fire_timer",
    "parents_with_reports",
    "start",
    "take_up_reports",
]

TICK = timedelta(microseconds=1)


def start(
    db: Session,
    process: str,
    *,
    business_key: str,
    variables: Mapping[str, Any],
    by: Person | None,
    at: datetime,
    parent: Parent | None = None,
) -> Instance:
    """Start `process` on the version in force and run it to its first waiting point.

    A child runs on its parent's closure when that holds the process. Raises `NothingReleased`.
    """
    arguments = {"process": process, "business_key": business_key, "variables": dict(variables)}
    with attempt("start", arguments, process=process, by=by, at=at) as current:
        given = check_variables(variables)
        definition = _definition_for(db, process, parent)
        instance = _new_instance(db, definition, process, business_key, parent, by=by, at=at)
        engine = _engine(db, instance, current)
        workflow = spiff.new_workflow(library.spec_gz(definition), process, engine)
        for needed in getattr(workflow.spec.io_specification, "data_inputs", ()):
            if needed.bpmn_id not in given:
                raise NotAVariable(name=needed.bpmn_id, why=f"{process} needs it at its start")
        workflow.task_tree.data.update(given)
        advance(Run(db, instance, workflow, engine, at, before=Picture()))
    return instance


def complete_task(
    db: Session, task_id: UUID, *, variables: Mapping[str, Any], by: Person | None, at: datetime
) -> Task:
    """Record that the task is done, write `variables`, and let the diagram take its next steps.

    Raises `TaskAlreadyDone` when a colleague got there first, `TaskWithdrawn` when the case went
    on without it, `DoneByTheSamePerson` when the diagram wants someone else. Variables are what
    the form declares, no more: ids, flags, counts and codes.
    """
    task, instance = lock_task(db, task_id)
    arguments = {"task_id": str(task_id), "variables": dict(variables)}
    with attempt("complete_task", arguments, instance=instance, by=by, at=at) as current:
        _refuse_closed(db, task)
        segregation.refuse_if_barred(db, task, by)
        given = check_variables(variables)
        run = _load(db, instance, current)
        library_task = run.workflow.get_task_from_id(task_id)
        if not library_task.has_state(TaskState.READY):
            raise DiagramFault(why=f"{task.element_id} is open here and not in the diagram")

        run.engine.element_id = task.element_id
        library_task.data.update(given)
        library_task.run()
        del run.before.work[task_id]  # done, not withdrawn
        task.done_at, task.done_by_id = at, by.id if by else None
        task.on_behalf_of_id = acting_for(by, task.role) if by else None
        db.flush()
        if hook := db.info.get("on_task"):
            hook(db, task, "closed")
        advance(run)
        resolve(db, instance, current, "task_id")
    return task


def fire_timer(db: Session, timer_id: int, *, at: datetime) -> Instance | None:
    """Fire one due timer; None when it was fired or cancelled meanwhile, or is not due."""
    found = db.get(Timer, timer_id)
    if found is None:
        return None

    # the instance first, as everywhere: whoever has it may be removing this very row
    instance = lock(db, found.instance_id)
    timer = db.get(Timer, timer_id, populate_existing=True)
    if timer is None or timer.due_at > at or is_over(instance):
        return None

    arguments = {"timer_id": timer_id}
    with attempt("fire_timer", arguments, instance=instance, by=None, at=at) as current:
        run = _load(db, instance, current)
        run.engine.element_id = timer.element_id
        library_task = run.workflow.get_task_from_id(timer.task_id)
        # the library fires strictly after the due time; at the due time is due
        with clock.at(max(at, timer.due_at + TICK)):
            library_task.task_spec._update(library_task)  # noqa: SLF001  there is no other way
        timer.attempts += 1
        advance(run)
        resolve(db, instance, current, "timer_id")
    return instance


def deliver_message(
    db: Session,
    name: str,
    key: str,
    *,
    variables: Mapping[str, Any],
    at: datetime,
    by: Person | None = None,
) -> Instance:
    """Give a message to the one instance that waits for it under `key`.

    Raises `NobodyWaits`. Routing is by the open subscription, unique on (name, key); the
    library's own correlation check is the second lock.
    """
    subscription, instance = messages.lock_receiver(db, name, key)
    arguments = {"name": name, "key": key, "variables": dict(variables)}
    with attempt("deliver_message", arguments, instance=instance, by=by, at=at) as current:
        given = check_variables(variables)
        run = _load(db, instance, current)
        run.engine.element_id = subscription.element_id
        messages.catch(run.workflow.get_task_from_id(subscription.task_id), given)
        advance(run)
        resolve(db, instance, current, "key")
    return instance


def take_up_reports(db: Session, parent_id: int, *, at: datetime, by: Person | None = None) -> int:
    """Count in the children that have ended; deliver the group's message with the last.

    Runs as the parent's own command, so that children never lock their parent. Returns how many
    reports were taken up.
    """
    instance = lock(db, parent_id)
    if is_over(instance):
        return 0

    arguments = {"parent_id": parent_id}
    with attempt("take_up_reports", arguments, instance=instance, by=by, at=at) as current:
        count, any_complete = children.count_in(db, instance, at)
        if any_complete:
            advance(_load(db, instance, current))
        resolve(db, instance, current, "parent_id")
    return count


def cancel(
    db: Session, instance_id: int, *, reason: str, by: Person | None, at: datetime
) -> Instance:
    """End an instance and all its children for `reason`; what was done stays recorded."""
    instance = lock(db, instance_id)
    if is_over(instance):
        raise CaseIsOver

    with attempt("cancel", {"reason": reason}, instance=instance, by=by, at=at) as current:
        run = _load(db, instance, current)
        run.workflow.cancel()
        end(run, "cancelled", reason)
        of_it = select(Instance.id).where(
            Instance.parent_id == instance_id, Instance.status.in_(("running", "incident"))
        )
        for child_id in db.scalars(of_it.order_by(Instance.id)).all():
            cancel(db, child_id, reason=reason, by=by, at=at)
    return instance


def _refuse_closed(db: Session, task: Task) -> None:
    if task.done_at is not None:
        account = db.get(PersonAccount, task.done_by_id) if task.done_by_id else None
        raise TaskAlreadyDone(by=account.printed_name if account else "Holdfast")
    if task.cancelled_at is not None:
        raise TaskWithdrawn


def _definition_for(db: Session, process: str, parent: Parent | None) -> Definition:
    if parent is not None and library.holds(parent.instance.definition, process):
        return parent.instance.definition
    return library.released(db, process)


def _new_instance(
    db: Session,
    definition: Definition,
    process: str,
    business_key: str,
    parent: Parent | None,
    *,
    by: Person | None,
    at: datetime,
) -> Instance:
    instance = Instance(
        definition=definition,
        process=process,
        root_id=parent.instance.root_id if parent else None,
        parent_id=parent.instance.id if parent else None,
        parent_group_id=parent.group.id if parent else None,
        parent_key=parent.key if parent else None,
        business_key=business_key,
        clock=parent.instance.clock if parent else clock.own(),
        engine_version=spiff.ENGINE_VERSION,
        started_at=at,
        started_by_id=by.id if by else None,
    )
    db.add(instance)
    db.flush()
    if parent is None:
        instance.root_id = instance.id
        db.flush()
    return instance


def _engine(db: Session, instance: Instance, current: Attempt) -> StepEngine:
    by, at = current.by, current.at
    opener = partial(children.open_group, start, db, instance, by=by, at=at)
    current.engine = StepEngine(db=db, instance=instance, by=by, at=at, open_children=opener)
    return current.engine


def _load(db: Session, instance: Instance, current: Attempt) -> Run:
    return load(db, instance, _engine(db, instance, current), at=current.at)
