"""Running a loaded instance until only people, timers and messages can move it, and saving it."""

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.mixins import EndEventMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import children, projections
from engine.bpmn.errors import DiagramFault
from engine.bpmn.loading import Run, save
from engine.bpmn.projections import Picture
from engine.bpmn.step import MAX_INSTANCES
from engine.bpmn.variables import check_budget


def advance(run: Run) -> None:
    """Run until nothing but people, timers and messages can move the diagram, then save."""
    _run_engine_steps(run)
    while children.deliver_to_parent(run):
        _run_engine_steps(run)

    now = projections.picture(run.workflow)
    for task in now.work.values():
        run.engine.check_bounds(task)
        check_budget(task.data)
    for task in projections.all_tasks(run.workflow, TaskState.WAITING):
        check_budget(task.data)

    if run.workflow.is_completed():
        _refuse_false_end(run.workflow)
        end(run, "completed", shown=now)
    elif projections.is_stuck(now):
        raise DiagramFault(why="it waits for something that can never come")
    else:
        projections.project(run.db, run.instance, run.before, now, run.at)
        save(run, "running")


def end(run: Run, status: str, reason: str | None = None, *, shown: Picture | None = None) -> None:
    """Save an instance as ended and report it to its parent."""
    now = shown or projections.picture(run.workflow)
    projections.project(run.db, run.instance, run.before, now, run.at)
    save(run, status, ended_at=run.at, reason=reason)
    if run.instance.parent_group_id is not None:
        children.report(run, status)


def _run_engine_steps(run: Run) -> None:
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
