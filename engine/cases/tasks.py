"""Who does a task: claim it, give it back, hand it over; and who may do it at all."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from engine.bpmn.errors import TaskAlreadyDone, TaskWithdrawn
from engine.bpmn.models import Instance, Task
from engine.bpmn.segregation import refuse_if_barred
from engine.cases.models import Case
from engine.errors import Conflict, NotAllowed, NotFound
from engine.evidence import ledger
from engine.people import Person, authorize, holds_qualification
from engine.people.queries import account_of
from engine.people.robots import RobotsOnlyPractise

# the steps that another system's case can be brought to, and what is answered on the way there
BEFORE = {
    "confirm_segregation": frozenset({"triage"}),
    "investigate": frozenset({"triage", "confirm_segregation", "resolve_count_mismatch"}),
    "propose_disposition": frozenset(
        {"triage", "confirm_segregation", "resolve_count_mismatch", "investigate"}
    ),
}
_root = aliased(Instance)
# rows are locked in the order they are named
CASE_OF_TASK = (
    select(Case, Task)
    .join(_root, _root.business_key == Case.number)
    .join(Task, Task.root_id == _root.id)
    .join(Instance, Instance.id == Task.instance_id)
    .where(Task.id == bindparam("id"))
    .with_for_update(of=(Case, Instance, Task))
)


class CaseUnknown(NotFound):
    """There is no case %(number)s. Check the number and try again."""


class TaskUnknown(NotFound):
    """There is no such task. It may belong to another company's Holdfast; check the link."""


class TaskClaimed(Conflict):
    """%(by)s has claimed this task. Ask them to give it back, or a manager to hand it over."""


class NotYourRole(NotAllowed):
    """This task is for %(role)s. Ask an administrator if that should be you."""


class NotQualified(NotAllowed):
    """This task needs the qualification %(code)s, and yours is missing or has expired."""


class MigrationNotSigned(Conflict):
    """Case %(number)s is brought over from another system. Quality signs that first."""


class LeftToRobots(NotAllowed):
    """This drill is carried out by robots, by a clock of its own. Start one that people attend."""


class CaseEnded(Conflict):
    """Case %(number)s is %(state)s. Nothing in it can be changed unless it is reopened."""


def lock_case_of(db: Session, task_id: UUID) -> tuple[Case, Task]:
    """Lock the case of a task, its diagram, then the task. Raises `TaskUnknown`.

    Always in this order: a timer that fires has the diagram and wants its tasks.
    """
    found = db.execute(
        CASE_OF_TASK, {"id": task_id}, execution_options={"populate_existing": True}
    ).one_or_none()
    if found is None:
        raise TaskUnknown

    case, task = found
    return case, task


def lock_case(db: Session, number: str) -> Case:
    """Lock a case to the end of the transaction. Raises `CaseUnknown`."""
    case = db.scalar(
        select(Case)
        .where(Case.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise CaseUnknown(number=number)

    return case


def case_numbered(db: Session, number: str) -> Case:
    """Return a case, without a query where the step has locked it. Raises `CaseUnknown`."""
    for loaded in db.identity_map.values():
        if isinstance(loaded, Case) and loaded.number == number:
            return loaded
    case = db.scalar(select(Case).where(Case.number == number))
    if case is None:
        raise CaseUnknown(number=number)
    return case


def open_tasks(number: str) -> Select[Task]:
    """Choose the tasks of a case that wait to be done."""
    roots = select(Instance.id).where(Instance.business_key == number)
    return select(Task).where(
        Task.root_id.in_(roots), Task.done_at.is_(None), Task.cancelled_at.is_(None)
    )


def refuse_ended(case: Case) -> None:
    """Raise `CaseEnded` unless the case is open."""
    if case.state != "open":
        raise CaseEnded(number=case.number, state=case.state)


def refuse_unless_open(db: Session, case: Case, task: Task) -> None:
    """Raise when the case has ended or the task is done or withdrawn."""
    refuse_ended(case)
    if task.done_at is not None:
        raise TaskAlreadyDone(by=printed_name(db, task.done_by_id))
    if task.cancelled_at is not None:
        raise TaskWithdrawn
    if (waits := waits_for_migration(case, task)) is not None:
        raise waits


def waits_for_migration(case: Case, task: Task) -> MigrationNotSigned | None:
    """Return why a task waits while its case is brought over from another system, or None."""
    if not case.migrating_to or task.element_id in BEFORE[case.migrating_to]:
        return None
    return MigrationNotSigned(number=case.number)


def refuse_unless_theirs(db: Session, case: Case, task: Task, by: Person, *, at: datetime) -> None:
    """Raise unless `by` may do this task: separation, role, nobody else's claim, qualification.

    Who is set apart is told so first: no role would change it. What was decided in another system
    is written down by who brings the case over, whatever role the step has.
    """
    refuse_if_barred(db, task, by)
    if by.is_robot and not case.is_drill:
        raise RobotsOnlyPractise
    if case.is_drill and not by.is_robot and _is_left_to_robots(db, task):
        raise LeftToRobots
    if case.migrating_to:
        authorize(by, "case.migrate")
    elif task.role not in by.roles:
        raise NotYourRole(role=task.role)
    if task.claimed_by_id not in (None, by.id) and not by.is_robot:
        raise TaskClaimed(by=printed_name(db, task.claimed_by_id))
    needed = None if case.migrating_to else task.qualification
    if needed and not by.is_robot and not holds_qualification(db, by.id, needed, at=at):
        raise NotQualified(code=needed)


def _is_left_to_robots(db: Session, task: Task) -> bool:
    return db.get_one(Instance, task.root_id).clock is not None


def claim(db: Session, task_id: UUID, *, by: Person, at: datetime) -> Task:
    """Take a task; claiming one's own again changes nothing."""
    authorize(by, "task.claim")
    case, task = lock_case_of(db, task_id)
    refuse_unless_open(db, case, task)
    refuse_unless_theirs(db, case, task, by, at=at)

    if task.claimed_by_id is None:
        task.claimed_by_id, task.claimed_at = by.id, at
        _note(db, case, task, "task_claimed", {}, by=by, at=at)
    return task


def give_back(db: Session, task_id: UUID, *, by: Person, at: datetime) -> Task:
    """Let go of a task that one has claimed, so that a colleague can take it."""
    authorize(by, "task.claim")
    case, task = lock_case_of(db, task_id)
    refuse_unless_open(db, case, task)
    if task.claimed_by_id not in (None, by.id):
        raise TaskClaimed(by=printed_name(db, task.claimed_by_id))

    if task.claimed_by_id is not None:
        task.claimed_by_id = task.claimed_at = None
        _note(db, case, task, "task_given_back", {}, by=by, at=at)
    return task


def hand_over(
    db: Session, task_id: UUID, *, to: Person, reason: str, by: Person, at: datetime
) -> Task:
    """Give a task to someone who may do it, whoever had it."""
    authorize(by, "task.reassign")
    case, task = lock_case_of(db, task_id)
    refuse_unless_open(db, case, task)
    task.claimed_by_id = None
    refuse_unless_theirs(db, case, task, to, at=at)

    task.claimed_by_id, task.claimed_at = to.id, at
    body = {"to": to.printed_name, "reason": reason}
    _note(db, case, task, "task_handed_over", body, by=by, at=at)
    return task


def _note(
    db: Session,
    case: Case,
    task: Task,
    action: str,
    body: dict[str, str],
    *,
    by: Person,
    at: datetime,
) -> None:
    said = {"task": str(task.id), "element": f"{task.process}.{task.element_id}", **body}
    ledger.append(db, case.stream, action, said, by=by, at=at)


def printed_name(db: Session, person_id: int | None) -> str:
    """Return how a person is named in a sentence."""
    if person_id is None:
        return "Holdfast"
    return account_of(db, person_id).printed_name
