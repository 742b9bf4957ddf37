"""What people query of a running diagram, brought in line with its state after every step."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn import durations
from engine.bpmn.errors import DiagramFault
from engine.bpmn.models import Instance, Subscription, Task, Timer, Token
from engine.bpmn.step import element_id_of, properties_of
from forms import expressions

OnTask = Callable[[Session, Task, str], None]


def all_tasks(workflow: BpmnWorkflow, state: int) -> list[Any]:
    """Return the library's tasks in `state`, those of called processes included.

    Read from the tables of tasks, not by the library's iterator, which stops at depth 1000.
    """
    workflows = [workflow, *workflow.subprocesses.values()]
    return [task for one in workflows for task in one.tasks.values() if task.has_state(state)]


def open_work(workflow: BpmnWorkflow) -> list[Any]:
    """Return what waits for a person."""
    return [task for task in all_tasks(workflow, TaskState.READY) if task.task_spec.manual]


def waiting(workflow: BpmnWorkflow, kind: type) -> list[Any]:
    """Return what waits for an event of `kind`."""
    return [
        task
        for task in all_tasks(workflow, TaskState.WAITING)
        if isinstance(task.task_spec, CatchingEvent)
        and isinstance(task.task_spec.event_definition, kind)
    ]


def is_stuck(workflow: BpmnWorkflow) -> bool:
    """Say whether nothing that could still happen would move this instance."""
    events = (TimerEventDefinition, MessageEventDefinition)
    return not open_work(workflow) and not any(waiting(workflow, kind) for kind in events)


def project(db: Session, instance: Instance, workflow: BpmnWorkflow, at: datetime) -> None:
    """Open and close tasks, timers, subscriptions and tokens to match the state; flushes."""
    _project_tasks(db, instance, workflow, at)
    _project_timers(db, instance, workflow)
    _project_subscriptions(db, instance, workflow)
    _project_tokens(db, instance, workflow, at)


def _project_tasks(db: Session, instance: Instance, workflow: BpmnWorkflow, at: datetime) -> None:
    ready = {task.id: task for task in open_work(workflow)}
    rows = db.scalars(
        select(Task).where(
            Task.instance_id == instance.id, Task.done_at.is_(None), Task.cancelled_at.is_(None)
        )
    ).all()
    hook: OnTask | None = db.info.get("on_task")
    gone = [row for row in rows if row.id not in ready]
    for row in gone:
        row.cancelled_at = at
    known = {row.id for row in rows}
    new = [_task_row(instance, task, at) for key, task in ready.items() if key not in known]
    db.add_all(new)
    db.flush()
    if hook is None:
        return
    for row in gone:
        hook(db, row, "closed")
    for row in new:
        hook(db, row, "opened")


def _task_row(instance: Instance, task: Any, at: datetime) -> Task:
    spec, properties = task.task_spec, properties_of(task.task_spec)
    sla = properties.get("sla")
    key = task.internal_data.get("item", task.internal_data.get("key_or_index"))
    return Task(
        id=task.id,
        instance_id=instance.id,
        root_id=instance.root_id,
        process=task.workflow.spec.name,
        element_id=element_id_of(spec),
        loop_key=None if key is None else str(key),
        name=spec.bpmn_name or element_id_of(spec),
        role=spec.lane or "",
        sla=sla,
        # an sla that is no duration names an obligation, whose due date is not ours
        due_at=durations.after(at, sla) if sla and durations.is_duration(sla) else None,
        signature=properties.get("signature"),
        separate_from=properties.get("separate_from"),
        qualification=properties.get("qualification"),
        procedure=properties.get("procedure"),
        document=properties.get("document"),
        priority=int(properties.get("priority", 0)),
        opened_at=at,
    )


def _project_timers(db: Session, instance: Instance, workflow: BpmnWorkflow) -> None:
    wanted = {(task.id, due): task for task, due in _due_times(workflow)}
    rows = db.scalars(select(Timer).where(Timer.instance_id == instance.id)).all()
    for row in rows:
        if (row.task_id, row.due_at) not in wanted:
            db.delete(row)
    known = {(row.task_id, row.due_at) for row in rows}
    db.add_all(
        Timer(
            instance_id=instance.id,
            task_id=task_id,
            element_id=element_id_of(task.task_spec),
            due_at=due,
        )
        for (task_id, due), task in wanted.items()
        if (task_id, due) not in known
    )
    db.flush()


def _due_times(workflow: BpmnWorkflow) -> Iterator[tuple[Any, datetime]]:
    for task in waiting(workflow, TimerEventDefinition):
        value = task.task_spec.event_definition.details(task).value
        due = datetime.fromisoformat(value)
        if due.tzinfo is None:
            # the library would take the offset the server had when it was imported
            raise DiagramFault(why=f"the timer {task.task_spec.name} has a time without offset")
        yield task, due.astimezone(UTC)


def _project_subscriptions(db: Session, instance: Instance, workflow: BpmnWorkflow) -> None:
    waits = {task.id: task for task in waiting(workflow, MessageEventDefinition)}
    rows = db.scalars(select(Subscription).where(Subscription.instance_id == instance.id)).all()
    for row in rows:
        if row.task_id not in waits:
            db.delete(row)
    db.flush()  # the old must be gone before a new one of the same name and key
    known = {row.task_id for row in rows}
    db.add_all(
        Subscription(
            instance_id=instance.id,
            task_id=task_id,
            element_id=element_id_of(task.task_spec),
            name=task.task_spec.event_definition.name,
            key=_key(instance, task),
        )
        for task_id, task in waits.items()
        if task_id not in known
    )
    db.flush()


def _key(instance: Instance, task: Any) -> str:
    expression = properties_of(task.task_spec).get("key")
    return str(expressions.evaluate(expression, task.data)) if expression else instance.business_key


def _project_tokens(db: Session, instance: Instance, workflow: BpmnWorkflow, at: datetime) -> None:
    states = TaskState.READY | TaskState.WAITING | TaskState.STARTED
    tokens = {
        task.id: task
        for task in all_tasks(workflow, states)
        if getattr(task.task_spec, "bpmn_id", None) is not None
        and not isinstance(task.task_spec, BoundaryEvent)
    }
    rows = db.scalars(select(Token).where(Token.instance_id == instance.id)).all()
    for row in rows:
        if row.id not in tokens:
            db.delete(row)
    known = {row.id for row in rows}
    db.add_all(
        Token(
            id=task_id,
            instance_id=instance.id,
            process=task.workflow.spec.name,
            element_id=element_id_of(task.task_spec),
            since=at,
        )
        for task_id, task in tokens.items()
        if task_id not in known
    )
    db.flush()
