"""Messages to running diagrams: who waits for one, and how it is given."""

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.errors import NobodyWaits
from engine.bpmn.loading import is_over, lock
from engine.bpmn.models import Instance, Subscription


def lock_receiver(db: Session, name: str, key: str) -> tuple[Subscription, Instance]:
    """Lock the one instance that waits for a message under `key`; raises `NobodyWaits`."""
    wanted = select(Subscription).where(Subscription.name == name, Subscription.key == key)
    found = db.scalar(wanted)
    if found is None:
        raise NobodyWaits(name=name, key=key)

    # looked up again: while we waited for the instance, another may have been faster
    instance = lock(db, found.instance_id)
    subscription = db.scalar(wanted.execution_options(populate_existing=True))
    if subscription is None or subscription.instance_id != instance.id or is_over(instance):
        raise NobodyWaits(name=name, key=key)

    return subscription, instance


def catch(task: Any, payload: Mapping[str, Any]) -> None:
    """Give a message to the library's task that waits for it; raises `NobodyWaits`."""
    definition = task.task_spec.event_definition
    event = BpmnEvent(definition, payload=dict(payload))
    if not task.task_spec.catches(task, event):
        raise NobodyWaits(name=definition.name, key=str(task.workflow.correlations))
    task.task_spec.catch(task, event)
    task.data.update(payload)
    task.task_spec._update(task)  # noqa: SLF001  what `send_event` does, for one receiver
