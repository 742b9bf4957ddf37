"""What people query of a running diagram, brought in line with its state after every step.

The rows are a function of the state and are saved with it in one transaction. So a step reads
none of them: it compares what the state showed before with what it shows now, and writes the
difference.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from engine.bpmn import durations
from engine.bpmn.errors import DiagramFault
from engine.bpmn.models import Instance, Subscription, Task, Timer, Token
from engine.bpmn.step import element_id_of, properties_of
from forms import expressions

OnTask = Callable[[Session, Task, str], None]

STANDING = TaskState.READY | TaskState.WAITING | TaskState.STARTED
TIMER_GONE = delete(Timer).where(
    Timer.task_id == bindparam("task"), Timer.due_at == bindparam("due")
)
# plain rows: no step loads a token, nor what it has just laid of the others
NEW_TIMERS, NEW_WAITS, NEW_TOKENS = insert(Timer), insert(Subscription), insert(Token)
TOKENS_GONE = delete(Token).where(Token.id.in_(bindparam("ids", expanding=True)))


@dataclass
class Picture:
    """What a state shows: open work, due timers, awaited messages and tokens, by their keys."""

    work: dict[UUID, Any] = field(default_factory=dict)
    timers: dict[tuple[UUID, datetime], Any] = field(default_factory=dict)
    waits: dict[UUID, Any] = field(default_factory=dict)
    tokens: dict[UUID, Any] = field(default_factory=dict)


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
    return [task for task in all_tasks(workflow, TaskState.WAITING) if _waits_for(task, kind)]


def _waits_for(task: Any, kind: type) -> bool:
    spec = task.task_spec
    return isinstance(spec, CatchingEvent) and isinstance(spec.event_definition, kind)


def picture(workflow: BpmnWorkflow) -> Picture:
    """Return what the state of a workflow shows now."""
    shown = Picture()
    for task in all_tasks(workflow, STANDING):
        spec = task.task_spec
        if task.has_state(TaskState.READY) and spec.manual:
            shown.work[task.id] = task
        elif task.has_state(TaskState.WAITING) and _waits_for(task, TimerEventDefinition):
            shown.timers[task.id, _due_at(task)] = task
        elif task.has_state(TaskState.WAITING) and _waits_for(task, MessageEventDefinition):
            shown.waits[task.id] = task
        if getattr(spec, "bpmn_id", None) is not None and not isinstance(spec, BoundaryEvent):
            shown.tokens[task.id] = task
    return shown


def _due_at(task: Any) -> datetime:
    due = datetime.fromisoformat(task.task_spec.event_definition.details(task).value)
    if due.tzinfo is None:
        # the library would take the offset the server had when it was imported
        raise DiagramFault(why=f"the timer {task.task_spec.name} has a time without offset")
    return due.astimezone(UTC)


def is_stuck(shown: Picture) -> bool:
    """Say whether nothing that could still happen would move what shows this."""
    return not (shown.work or shown.timers or shown.waits)


def project(db: Session, instance: Instance, before: Picture, now: Picture, at: datetime) -> None:
    """Open and close tasks, timers, subscriptions and tokens: the difference; flushes."""
    gone = _close_tasks(db, before.work.keys() - now.work.keys(), at)
    opened = [
        _task_row(instance, task, at) for key, task in now.work.items() if key not in before.work
    ]
    db.add_all(opened)
    db.flush()
    _project_timers(db, instance, before, now)
    _project_subscriptions(db, instance, before, now)
    _project_tokens(db, instance, before, now, at)
    _tell(db, gone, "closed")
    _tell(db, opened, "opened")


def _close_tasks(db: Session, gone: Iterable[UUID], at: datetime) -> list[Task]:
    """Withdraw the tasks the diagram went on without."""
    ids = list(gone)
    if not ids:
        return []
    rows = list(
        db.scalars(
            select(Task).where(
                Task.id.in_(ids), Task.done_at.is_(None), Task.cancelled_at.is_(None)
            )
        )
    )
    for row in rows:
        row.cancelled_at = at
    return rows


def _tell(db: Session, rows: Iterable[Task], change: str) -> None:
    hook: OnTask | None = db.info.get("on_task")
    if hook is not None:
        for row in rows:
            hook(db, row, change)


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


def _project_timers(db: Session, instance: Instance, before: Picture, now: Picture) -> None:
    for task_id, due in before.timers.keys() - now.timers.keys():
        db.execute(TIMER_GONE, {"task": task_id, "due": due})
    new = [
        {
            "instance_id": instance.id,
            "task_id": task_id,
            "element_id": element_id_of(task.task_spec),
            "due_at": due,
        }
        for (task_id, due), task in now.timers.items()
        if (task_id, due) not in before.timers
    ]
    if new:
        db.connection().execute(NEW_TIMERS, new)


def _project_subscriptions(db: Session, instance: Instance, before: Picture, now: Picture) -> None:
    # at once: the old must be gone before a new one of the same name and key
    if gone := before.waits.keys() - now.waits.keys():
        db.execute(delete(Subscription).where(Subscription.task_id.in_(gone)))
    new = [
        {
            "instance_id": instance.id,
            "task_id": task_id,
            "element_id": element_id_of(task.task_spec),
            "name": task.task_spec.event_definition.name,
            "key": _key(instance, task),
        }
        for task_id, task in now.waits.items()
        if task_id not in before.waits
    ]
    if new:
        db.connection().execute(NEW_WAITS, new)


def _key(instance: Instance, task: Any) -> str:
    expression = properties_of(task.task_spec).get("key")
    return str(expressions.evaluate(expression, task.data)) if expression else instance.business_key


def _project_tokens(
    db: Session, instance: Instance, before: Picture, now: Picture, at: datetime
) -> None:
    connection = db.connection()
    if gone := before.tokens.keys() - now.tokens.keys():
        connection.execute(TOKENS_GONE, {"ids": list(gone)})
    new = [
        {
            "id": task_id,
            "instance_id": instance.id,
            "process": task.workflow.spec.name,
            "element_id": element_id_of(task.task_spec),
            "since": at,
        }
        for task_id, task in now.tokens.items()
        if task_id not in before.tokens
    ]
    if new:
        connection.execute(NEW_TOKENS, new)
