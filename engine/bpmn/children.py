"""Children of an instance: opened together, counted in one by one as they report their end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from engine import clock
from engine.bpmn import messages, projections
from engine.bpmn.loading import Run, is_over
from engine.bpmn.models import ChildGroup, ChildReport, Instance
from engine.people.person import Person

_GROUP = ChildGroup.__table__.c
ANY_GROUP = (
    select(_GROUP.id)
    .where(_GROUP.instance_id == bindparam("parent"), _GROUP.delivered_at.is_(None))
    .limit(1)
)


@dataclass(frozen=True)
class Parent:
    """Whose child a new instance is: the group it is counted in and its key there."""

    instance: Instance
    group: ChildGroup
    key: str


class Start(Protocol):
    """Starts one instance (`runtime.start`)."""

    def __call__(
        self,
        db: Session,
        process: str,
        *,
        business_key: str,
        variables: Mapping[str, Any],
        by: Person | None,
        at: datetime,
        parent: Parent | None = None,
    ) -> Instance: ...


def open_group(
    start: Start,
    db: Session,
    instance: Instance,
    process: str,
    message: str,
    items: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    by: Person | None,
    at: datetime,
) -> dict[str, int]:
    """Start one child of `instance` per item; `message` comes to it when all have ended.

    Returns the id of each child by its key.
    """
    group = ChildGroup(
        instance_id=instance.id,
        process=process,
        message=message,
        total_count=len(items),
        open_count=len(items),
    )
    db.add(group)
    db.flush()
    return {
        key: start(
            db,
            process,
            business_key=f"{instance.business_key}/{key}",
            variables=variables,
            by=by,
            at=at,
            parent=Parent(instance, group, key),
        ).id
        for key, variables in items
    }


def report(run: Run, status: str) -> None:
    """Tell the parent, by a row that its own command takes up, that this child has ended."""
    parent = run.db.get(Instance, run.instance.parent_id)
    if parent is None or is_over(parent):
        return
    run.db.add(
        ChildReport(
            group_id=run.instance.parent_group_id,
            parent_id=parent.id,
            child_id=run.instance.id,
            key=run.instance.parent_key,
            status=status,
            at=run.at,
        )
    )
    run.db.flush()


def parents_with_reports(db: Session) -> list[int]:
    """Return the instances whose children have ended and are not counted in, by the clock here."""
    query = (
        select(ChildReport.parent_id)
        .join(Instance, Instance.id == ChildReport.parent_id)
        .where(
            ChildReport.taken_up_at.is_(None),
            Instance.status == "running",
            Instance.clock.is_not_distinct_from(clock.own()),
        )
        .distinct()
        .order_by(ChildReport.parent_id)
    )
    return list(db.scalars(query))


def count_in(db: Session, instance: Instance, at: datetime) -> tuple[int, bool]:
    """Take up the reports there are: return how many, and whether a group is complete."""
    new = (ChildReport.parent_id == instance.id, ChildReport.taken_up_at.is_(None))
    reports = db.scalars(select(ChildReport).where(*new)).all()
    for one in reports:
        one.taken_up_at = at
        group = db.get_one(ChildGroup, one.group_id)
        group.open_count -= 1
    db.flush()
    return len(reports), _complete_group(db, instance) is not None


def _complete_group(db: Session, instance: Instance, *but: int) -> ChildGroup | None:
    """Return a group nobody was told of; a later group of the same message may still run."""
    same = aliased(ChildGroup)
    still_open = (
        select(same.id)
        .where(
            same.instance_id == ChildGroup.instance_id,
            same.message == ChildGroup.message,
            same.open_count > 0,
        )
        .exists()
    )
    return db.scalar(
        select(ChildGroup)
        .where(
            ChildGroup.instance_id == instance.id,
            ChildGroup.open_count == 0,
            ChildGroup.delivered_at.is_(None),
            ChildGroup.id.not_in(but),
            ~still_open,
        )
        .order_by(ChildGroup.id)
        .limit(1)
    )


def _has_group(run: Run) -> bool:
    run.db.flush()
    found = run.db.connection().execute(ANY_GROUP, {"parent": run.instance.id})
    return found.first() is not None


def deliver_to_parent(run: Run) -> bool:
    """Give one complete group's message to whoever waits for it here; say whether anyone did."""
    waits = projections.waiting(run.workflow, MessageEventDefinition)
    # asked at each step of whatever waits for a message: ten thousand notices have no children
    if not waits or not _has_group(run):
        return False

    count_in(run.db, run.instance, run.at)
    passed: list[int] = []
    while group := _complete_group(run.db, run.instance, *passed):
        for task in waits:
            if task.task_spec.event_definition.name == group.message:
                _mark_delivered(run, group.message)
                messages.catch(task, {})
                return True
        passed.append(group.id)
    return False


def _mark_delivered(run: Run, message: str) -> None:
    """Mark every group of this message: what was waited for is told once, not once a group."""
    told = run.db.scalars(
        select(ChildGroup).where(
            ChildGroup.instance_id == run.instance.id,
            ChildGroup.message == message,
            ChildGroup.delivered_at.is_(None),
        )
    )
    for group in told:
        group.delivered_at = run.at
    run.db.flush()
