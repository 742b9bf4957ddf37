"""The commands that move a diagram: start, complete, fire, deliver, cancel, count children in.

Each is part of one transaction of its caller: it locks the instance, loads its state, lets the
diagram run until only people, timers and messages can move it, brings the projections in line and
saves under a version check. Commands flush; edges commit.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import EndEventMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine import clock
from engine.bpmn import library, projections, segregation, spiff
from engine.bpmn.errors import (
    BeingWorkedOn,
    CaseIsOver,
    ChangedMeanwhile,
    DiagramFault,
    NobodyWaits,
    NoSuchCase,
    NoSuchTask,
    NotAVariable,
    StepFailed,
    TaskAlreadyDone,
    TaskWithdrawn,
)
from engine.bpmn.models import (
    ChildGroup,
    ChildReport,
    Definition,
    Incident,
    Instance,
    Subscription,
    Task,
    Timer,
)
from engine.bpmn.step import MAX_INSTANCES, StepEngine
from engine.bpmn.variables import check_budget, check_variables
from engine.errors import EngineError
from engine.people.person import Person

LOCK_NOT_AVAILABLE = "55P03"
TICK = timedelta(microseconds=1)


@dataclass
class _Run:
    """One instance loaded for one step."""

    db: Session
    instance: Instance
    workflow: BpmnWorkflow
    engine: StepEngine
    at: datetime


@dataclass(frozen=True)
class Parent:
    """Whose child a new instance is: the group it is counted in and its key there."""

    instance: Instance
    group: ChildGroup
    key: str


# --- commands --------------------------------------------------------------------------------


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
    with _step("start", arguments, process=process, by=by, at=at) as attempt:
        given = check_variables(variables)
        definition = _definition_for(db, process, parent)
        instance = _new_instance(db, definition, process, business_key, parent, by=by, at=at)
        engine = attempt.engine = _engine(db, instance, by=by, at=at)
        workflow = spiff.new_workflow(definition.spec_gz, process, engine)
        for needed in getattr(workflow.spec.io_specification, "data_inputs", ()):
            if needed.bpmn_id not in given:
                raise NotAVariable(name=needed.bpmn_id, why=f"{process} needs it at its start")
        workflow.task_tree.data.update(given)
        _advance(_Run(db, instance, workflow, engine, at))
    return instance


def complete_task(
    db: Session, task_id: UUID, *, variables: Mapping[str, Any], by: Person | None, at: datetime
) -> Task:
    """Record that the task is done, write `variables`, and let the diagram take its next steps.

    Raises `TaskAlreadyDone` when a colleague got there first, `TaskWithdrawn` when the case went
    on without it, `DoneByTheSamePerson` when the diagram wants someone else. Variables are what
    the form declares, no more: ids, flags, counts and codes.
    """
    task, instance = _lock_task(db, task_id)
    arguments = {"task_id": str(task_id), "variables": dict(variables)}
    with _step("complete_task", arguments, instance=instance, by=by, at=at) as attempt:
        _refuse_closed(task)
        segregation.check(db, task, by)
        given = check_variables(variables)
        run = _load(db, instance, by=by, at=at, attempt=attempt)
        library_task = run.workflow.get_task_from_id(task_id)
        if not library_task.has_state(TaskState.READY):
            raise DiagramFault(why=f"{task.element_id} is open here and not in the diagram")

        run.engine.element_id = task.element_id
        library_task.data.update(given)
        library_task.run()
        task.done_at, task.done_by_id = at, by.id if by else None
        task.on_behalf_of_id = segregation.principal(by, task.role)
        db.flush()
        if hook := db.info.get("on_task"):
            hook(db, task, "closed")
        _advance(run)
        if attempt.was_incident:
            _resolve_incidents(db, instance, "complete_task", "task_id", str(task_id), by=by, at=at)
    return task


def fire_timer(db: Session, timer_id: int, *, at: datetime) -> Instance | None:
    """Fire one due timer; None when it was fired or cancelled meanwhile, or is not due."""
    found = db.get(Timer, timer_id)
    if found is None:
        return None

    # the instance first, as everywhere: whoever has it may be removing this very row
    instance = _lock(db, found.instance_id)
    timer = db.get(Timer, timer_id, populate_existing=True)
    if timer is None or timer.due_at > at or _is_over(instance):
        return None

    arguments = {"timer_id": timer_id}
    with _step("fire_timer", arguments, instance=instance, by=None, at=at) as attempt:
        run = _load(db, instance, by=None, at=at, attempt=attempt)
        run.engine.element_id = timer.element_id
        library_task = run.workflow.get_task_from_id(timer.task_id)
        # the library fires strictly after the due time; at the due time is due
        with clock.at(max(at, timer.due_at + TICK)):
            library_task.task_spec._update(library_task)  # noqa: SLF001  there is no other way
        timer.attempts += 1
        _advance(run)
        if attempt.was_incident:
            _resolve_incidents(db, instance, "fire_timer", "timer_id", timer_id, by=None, at=at)
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
    wanted = select(Subscription).where(Subscription.name == name, Subscription.key == key)
    found = db.scalar(wanted)
    if found is None:
        raise NobodyWaits(name=name, key=key)

    instance = _lock(db, found.instance_id)
    subscription = db.scalar(wanted.execution_options(populate_existing=True))
    if subscription is None or subscription.instance_id != instance.id or _is_over(instance):
        raise NobodyWaits(name=name, key=key)

    arguments = {"name": name, "key": key, "variables": dict(variables)}
    with _step("deliver_message", arguments, instance=instance, by=by, at=at) as attempt:
        given = check_variables(variables)
        run = _load(db, instance, by=by, at=at, attempt=attempt)
        run.engine.element_id = subscription.element_id
        _catch(run.workflow.get_task_from_id(subscription.task_id), given)
        _advance(run)
        if attempt.was_incident:
            _resolve_incidents(db, instance, "deliver_message", "key", key, by=by, at=at)
    return instance


def take_up_reports(db: Session, parent_id: int, *, at: datetime, by: Person | None = None) -> int:
    """Count in the children that have ended; deliver the group's message with the last.

    Runs as the parent's own command, so that children never lock their parent. Returns how many
    reports were taken up.
    """
    instance = _lock(db, parent_id)
    if _is_over(instance):
        return 0
    arguments = {"parent_id": parent_id}
    with _step("take_up_reports", arguments, instance=instance, by=by, at=at) as attempt:
        count, any_complete = _count_in(db, instance, at)
        if any_complete:
            _advance(_load(db, instance, by=by, at=at, attempt=attempt))
        if attempt.was_incident:
            _resolve_incidents(
                db, instance, "take_up_reports", "parent_id", parent_id, by=by, at=at
            )
    return count


def cancel(
    db: Session, instance_id: int, *, reason: str, by: Person | None, at: datetime
) -> Instance:
    """End an instance and all its children for `reason`; what was done stays recorded."""
    instance = _lock(db, instance_id)
    if _is_over(instance):
        raise CaseIsOver

    with _step("cancel", {"reason": reason}, instance=instance, by=by, at=at) as attempt:
        run = _load(db, instance, by=by, at=at, attempt=attempt)
        run.workflow.cancel()
        _end(run, "cancelled", reason)
        children = select(Instance.id).where(
            Instance.parent_id == instance_id, Instance.status.in_(("running", "incident"))
        )
        for child_id in db.scalars(children.order_by(Instance.id)).all():
            cancel(db, child_id, reason=reason, by=by, at=at)
    return instance


def parents_with_reports(db: Session) -> list[int]:
    """Return the running instances whose children have ended and are not counted in yet."""
    query = (
        select(ChildReport.parent_id)
        .join(Instance, Instance.id == ChildReport.parent_id)
        .where(ChildReport.taken_up_at.is_(None), Instance.status == "running")
        .distinct()
        .order_by(ChildReport.parent_id)
    )
    return list(db.scalars(query))


# --- loading and locking ---------------------------------------------------------------------


def _lock(db: Session, instance_id: int) -> Instance:
    query = select(Instance).where(Instance.id == instance_id).with_for_update()
    try:
        instance = db.scalar(query.execution_options(populate_existing=True))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise BeingWorkedOn from error
        raise
    if instance is None:
        raise NoSuchCase

    return instance


def _lock_task(db: Session, task_id: UUID) -> tuple[Task, Instance]:
    found = db.get(Task, task_id)
    if found is None:
        raise NoSuchTask

    instance = _lock(db, found.instance_id)
    task = db.get(Task, task_id, populate_existing=True, with_for_update=True)
    if task is None:
        raise NoSuchTask

    return task, instance


def _refuse_closed(task: Task) -> None:
    if task.done_at is not None:
        raise TaskAlreadyDone
    if task.cancelled_at is not None:
        raise TaskWithdrawn


def _is_over(instance: Instance) -> bool:
    return instance.ended_at is not None


def _definition_for(db: Session, process: str, parent: Parent | None) -> Definition:
    if parent is not None:
        pinned = library.definition(db, parent.instance.definition_id)
        if library.holds(pinned, process):
            return pinned
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
        definition_id=definition.id,
        process=process,
        root_id=parent.instance.root_id if parent else None,
        parent_id=parent.instance.id if parent else None,
        parent_group_id=parent.group.id if parent else None,
        parent_key=parent.key if parent else None,
        business_key=business_key,
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


def _engine(db: Session, instance: Instance, *, by: Person | None, at: datetime) -> StepEngine:
    def open_children(
        process: str, message: str, items: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> ChildGroup:
        return _open_children(db, instance, process, message, items, by=by, at=at)

    return StepEngine(db=db, instance=instance, by=by, at=at, open_children=open_children)


def _load(
    db: Session, instance: Instance, *, by: Person | None, at: datetime, attempt: "_Attempt"
) -> _Run:
    if _is_over(instance):
        raise CaseIsOver

    engine = attempt.engine = _engine(db, instance, by=by, at=at)
    workflow = spiff.load(
        instance.state,
        instance.state_sha256,
        instance.engine_version,
        spec_gz=library.definition(db, instance.definition_id).spec_gz,
        process=instance.process,
        engine=engine,
    )
    return _Run(db, instance, workflow, engine, at)


# --- running ---------------------------------------------------------------------------------


def _advance(run: _Run) -> None:
    """Run until nothing but people, timers and messages can move the diagram, then save."""
    _run_engine_steps(run)
    while _deliver_to_parent(run):
        _run_engine_steps(run)

    for task in projections.open_work(run.workflow):
        run.engine.check_bounds(task)
        check_budget(task.data)
    for task in projections.all_tasks(run.workflow, TaskState.WAITING):
        check_budget(task.data)

    if run.workflow.is_completed():
        _refuse_false_end(run.workflow)
        _end(run, "completed")
    elif projections.is_stuck(run.workflow):
        raise DiagramFault(why="it waits for something that can never come")
    else:
        projections.project(run.db, run.instance, run.workflow, run.at)
        _save(run, "running")


def _run_engine_steps(run: _Run) -> None:
    # the library refreshes timers only at the end of its own loop: one that is already due
    # makes new work, so go round until there is none
    while True:
        run.workflow.do_engine_steps(will_complete_task=run.engine.before)
        _check_instances(run.workflow)
        ready = projections.all_tasks(run.workflow, TaskState.READY)
        if all(task.task_spec.manual for task in ready):
            return


def _check_instances(workflow: BpmnWorkflow) -> None:
    for task in projections.all_tasks(workflow, TaskState.STARTED):
        if not isinstance(task.task_spec, LoopTask):
            continue
        count = sum(child.task_spec.name == task.task_spec.task_spec for child in task.children)
        if count > MAX_INSTANCES:
            raise DiagramFault(
                why=f"{task.task_spec.name} opens {count} instances, the limit is "
                f"{MAX_INSTANCES}: open children instead"
            )


def _refuse_false_end(workflow: BpmnWorkflow) -> None:
    """Believe in an end only where an end event was reached.

    The library calls a process complete when it finds nothing unfinished above depth 1000.
    """
    ended = any(
        isinstance(task.task_spec, EndEventMixin) and task.has_state(TaskState.COMPLETED)
        for task in workflow.tasks.values()
    )
    unfinished = TaskState.READY | TaskState.WAITING | TaskState.STARTED | TaskState.FUTURE
    if not ended or any(task.has_state(unfinished) for task in workflow.tasks.values()):
        raise DiagramFault(why="it says it is complete and did not reach its end")


def _end(run: _Run, status: str, reason: str | None = None) -> None:
    projections.project(run.db, run.instance, run.workflow, run.at)
    _save(run, status, ended_at=run.at, reason=reason)
    if run.instance.parent_group_id is not None:
        _report(run, status)


def _save(
    run: _Run, status: str, *, ended_at: datetime | None = None, reason: str | None = None
) -> None:
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
    # written by hand, not by the unit of work: the version in WHERE is the second lock
    run.db.flush()
    saved = run.db.execute(
        update(Instance)
        .where(Instance.id == instance.id, Instance.version == version)
        .values(values),
        execution_options={"synchronize_session": False},
    )
    if saved.rowcount != 1:  # type: ignore[attr-defined]
        raise ChangedMeanwhile
    for name, value in values.items():
        set_committed_value(instance, name, value)


def _catch(task: Any, payload: Mapping[str, Any]) -> None:
    definition = task.task_spec.event_definition
    event = BpmnEvent(definition, payload=dict(payload))
    if not task.task_spec.catches(task, event):
        raise NobodyWaits(name=definition.name, key=str(task.workflow.correlations))
    task.task_spec.catch(task, event)
    task.data.update(payload)
    task.task_spec._update(task)  # noqa: SLF001  what `send_event` does, for one receiver


# --- children --------------------------------------------------------------------------------


def _open_children(
    db: Session,
    instance: Instance,
    process: str,
    message: str,
    items: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    by: Person | None,
    at: datetime,
) -> ChildGroup:
    group = ChildGroup(
        instance_id=instance.id,
        process=process,
        message=message,
        total_count=len(items),
        open_count=len(items),
    )
    db.add(group)
    db.flush()
    for key, variables in items:
        start(
            db,
            process,
            business_key=f"{instance.business_key}/{key}",
            variables=variables,
            by=by,
            at=at,
            parent=Parent(instance, group, key),
        )
    return group


def _report(run: _Run, status: str) -> None:
    parent = run.db.get(Instance, run.instance.parent_id)
    if parent is None or _is_over(parent):
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


def _count_in(db: Session, instance: Instance, at: datetime) -> tuple[int, bool]:
    new = (ChildReport.parent_id == instance.id, ChildReport.taken_up_at.is_(None))
    reports = db.scalars(select(ChildReport).where(*new)).all()
    for report in reports:
        report.taken_up_at = at
        group = db.get_one(ChildGroup, report.group_id)
        group.open_count -= 1
    db.flush()
    return len(reports), _complete_group(db, instance) is not None


def _complete_group(db: Session, instance: Instance, *but: int) -> ChildGroup | None:
    return db.scalar(
        select(ChildGroup)
        .where(
            ChildGroup.instance_id == instance.id,
            ChildGroup.open_count == 0,
            ChildGroup.delivered_at.is_(None),
            ChildGroup.id.not_in(but),
        )
        .order_by(ChildGroup.id)
        .limit(1)
    )


def _deliver_to_parent(run: _Run) -> bool:
    """Give one complete group's message to whoever waits for it here; say whether anyone did."""
    waits = projections.waiting(run.workflow, MessageEventDefinition)
    if not waits:
        return False

    _count_in(run.db, run.instance, run.at)
    passed: list[int] = []
    while group := _complete_group(run.db, run.instance, *passed):
        for task in waits:
            if task.task_spec.event_definition.name == group.message:
                group.delivered_at = run.at
                run.db.flush()
                _catch(task, {})
                return True
        passed.append(group.id)
    return False


# --- failures --------------------------------------------------------------------------------


@dataclass
class _Attempt:
    was_incident: bool
    engine: StepEngine | None = None


@contextmanager
def _step(
    attempt: str,
    arguments: dict[str, Any],
    *,
    by: Person | None,
    at: datetime,
    instance: Instance | None = None,
    process: str = "",
) -> Iterator[_Attempt]:
    """Hold the clock and turn a technical fault into `StepFailed`.

    A sentence for a person (`EngineError`) passes through when a person acts; in the background
    nobody would read it, so there it becomes an incident too.
    """
    instance_id = instance.id if instance else None
    process = instance.process if instance else process
    current = _Attempt(was_incident=instance is not None and instance.status == "incident")
    try:
        with clock.at(at):
            yield current
    except (StepFailed, BeingWorkedOn, ChangedMeanwhile, NobodyWaits):
        raise
    except Exception as error:
        if isinstance(error, EngineError) and not isinstance(error, DiagramFault) and by:
            raise
        raise StepFailed(
            attempt=attempt,
            arguments=arguments,
            cause=error,
            instance_id=instance_id,
            process=process,
            element_id=current.engine.element_id if current.engine else None,
            by_id=by.id if by else None,
            at=at,
        ) from error


def _resolve_incidents(
    db: Session,
    instance: Instance,
    attempt: str,
    name: str,
    value: object,
    *,
    by: Person | None,
    at: datetime,
) -> None:
    """Close the incidents of what has now succeeded; the instance runs again without any."""
    open_here = (Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
    for incident in db.scalars(select(Incident).where(*open_here, Incident.attempt == attempt)):
        if incident.facts.get(name) == value:
            incident.resolved_at, incident.resolved_by_id = at, by.id if by else None
    db.flush()
    left = db.scalar(select(func.count()).select_from(Incident).where(*open_here))
    if left and instance.ended_at is None:
        instance.status = "incident"
        db.flush()
