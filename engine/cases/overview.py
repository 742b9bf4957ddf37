"""The page of one case: where it stands, who did what, what is due, where every unit is."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.bpmn import diagrams
from engine.bpmn.models import Instance, Task
from engine.cases import balance, identifying, inbox
from engine.cases.about import about
from engine.cases.models import Case, Comment
from engine.cases.names import stock_names
from engine.cases.pages import (
    Balance,
    BalanceLine,
    CaseFacts,
    CasePage,
    Clock,
    Comment as CommentLine,
    DiagramMark,
    DiagramView,
    StepLine,
    TaskRow,
    Tone,
)
from engine.cases.tasks import CaseUnknown, printed_name
from engine.people import Person, PersonAccount

MOST_TASKS = 30  # of a recall: more are on the list of tasks
TONES: dict[str, Tone] = {
    "held": "amber",
    "held_elsewhere": "amber",
    "in_transit": "amber",
    "at_consignee": "red",
    "confirmed_at_consignee": "amber",
    "in_use_until_corrected": "red",
    "return_announced": "amber",
    "passed_on": "red",
    "not_received": "red",
    "not_found": "red",
    "lost": "red",
    "unresolved": "red",
    "missing_in_drill": "red",
}


def case_named(db: Session, number: str) -> Case:
    """Return the case with this number; raises `CaseUnknown`."""
    case = db.scalar(select(Case).where(Case.number == number))
    if case is None:
        raise CaseUnknown(number=number)
    return case


def recall_named(db: Session, number: str) -> Case:
    """Return the recall with this number; raises `CaseUnknown` for a case of another kind too."""
    case = case_named(db, number)
    if case.process != "recall":
        raise CaseUnknown(number=number)
    return case


def case_page(db: Session, number: str, person: Person, *, at: datetime) -> CasePage:
    """Return what the overview of a case shows to this person."""
    case = case_named(db, number)
    instances = instances_of(db, case)
    tasks = _tasks(db, case)
    return CasePage(
        facts=case_facts(db, case),
        clocks=_clocks(tasks),
        diagrams=tuple(one for instance in instances for one in _diagrams(db, instance, tasks)),
        steps=_steps(db, instances, tasks),
        balance=case_balance(db, case),
        tasks=_open_tasks(db, case, tasks, person, at=at),
        comments=_comments(db, case),
        may_void=case.state == "open",
    )


def recall_page(db: Session, case: Case, person: Person, *, at: datetime) -> CasePage:
    """Return what the overview of a recall shows: its own diagram, the most urgent of its tasks.

    It may have ten thousand children: none of their diagrams is read.
    """
    root = db.get(Instance, case.instance_id) if case.instance_id else None
    instances = [root] if root else []
    own = list(
        db.scalars(
            select(Task)
            .where(Task.instance_id == case.instance_id)
            .order_by(Task.opened_at, Task.id)
        )
    )
    waiting = (
        Task.root_id.in_(roots_of(case)),
        Task.done_at.is_(None),
        Task.cancelled_at.is_(None),
    )
    first = list(
        db.scalars(
            select(Task)
            .where(*waiting)
            .order_by(Task.due_at.is_(None), Task.due_at, Task.id)
            .limit(MOST_TASKS)
        )
    )
    return CasePage(
        facts=case_facts(db, case),
        clocks=_clocks(first),
        diagrams=tuple(one for instance in instances for one in _diagrams(db, instance, own)),
        steps=_steps(db, instances, own),
        balance=case_balance(db, case),
        tasks=_open_tasks(db, case, first, person, at=at),
        comments=_comments(db, case),
        may_void=case.state == "open",
        open_task_count=db.scalar(select(func.count()).select_from(Task).where(*waiting)) or 0,
    )


def instances_of(db: Session, case: Case) -> list[Instance]:
    """Return every running or ended diagram of the case, the root first."""
    return list(
        db.scalars(
            select(Instance).where(Instance.root_id.in_(roots_of(case))).order_by(Instance.id)
        )
    )


def roots_of(case: Case) -> Select[int]:
    """Return the query for the roots of a case: its process, recounts, breaches, reopenings."""
    return select(Instance.id).where(
        Instance.business_key == case.number, Instance.parent_id.is_(None)
    )


def case_facts(db: Session, case: Case) -> CaseFacts:
    """Return the short facts of a case."""
    subjects = identifying.standing_subjects(db, case)
    names = stock_names(db, [(s.unit_id, s.lot_id) for s in subjects])
    return CaseFacts(
        number=case.number,
        process=case.process,
        title=case.title,
        status=case.state,
        severity=case.severity,
        opened_by=printed_name(db, case.opened_by_id),
        opened_at=case.opened_at,
        closed_at=case.ended_at,
        subjects=tuple(
            f"{names[s.unit_id, s.lot_id].part} · {names[s.unit_id, s.lot_id].name}"
            if s.unit_id or s.lot_id
            else s.description or ""
            for s in subjects
        ),
        affected=balance.affected(balance.totals(db, case.id)),
        migrating_to=case.migrating_to,
        mark="DRILL" if case.is_drill else None,
    )


def case_balance(db: Session, case: Case) -> Balance | None:
    """Return the unit balance, None while nothing is known to be affected."""
    sums = balance.totals(db, case.id)
    if not sums:
        return None
    return Balance(
        total=balance.affected(sums),
        lines=tuple(
            BalanceLine(
                account=balance.ACCOUNTS[name].label,
                quantity=quantity,
                tone=TONES.get(name, "green"),
                is_affected=balance.ACCOUNTS[name].is_affected,
            )
            for name, quantity in sums.items()
        ),
        is_complete=not any(balance.ACCOUNTS[name].is_open for name in sums),
    )


def _tasks(db: Session, case: Case) -> list[Task]:
    return list(
        db.scalars(
            select(Task).where(Task.root_id.in_(roots_of(case))).order_by(Task.opened_at, Task.id)
        )
    )


def _open_tasks(
    db: Session, case: Case, tasks: list[Task], person: Person, *, at: datetime
) -> tuple[TaskRow, ...]:
    names = _names(db, tasks)
    found = [(task, case, names.get(task.claimed_by_id or 0)) for task in tasks if task.is_open]
    rows = inbox.task_rows(db, found, person, at=at)
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                not row.is_mine,
                row.role not in person.roles,
                row.due_at is None,
                row.due_at or at,
            ),
        )
    )


def _names(db: Session, tasks: list[Task]) -> dict[int, str]:
    ids = {i for task in tasks for i in (task.claimed_by_id, task.done_by_id) if i is not None}
    rows = db.execute(
        select(PersonAccount.id, PersonAccount.printed_name).where(PersonAccount.id.in_(ids))
    )
    return {row[0]: row[1] for row in rows}


def _clocks(tasks: list[Task]) -> tuple[Clock, ...]:
    due = [task for task in tasks if task.is_open and task.due_at is not None]
    return tuple(
        Clock(name=task.name, due_at=task.due_at, started_at=task.opened_at)
        for task in sorted(due, key=lambda task: task.due_at or task.opened_at)[:4]
        if task.due_at is not None
    )


def _diagrams(db: Session, instance: Instance, tasks: list[Task]) -> Iterator[DiagramView]:
    due = {(t.process, t.element_id): t.due_at for t in tasks if t.is_open}
    for drawn in diagrams.drawn(db, instance):
        yield DiagramView(
            instance_id=instance.id,
            process=drawn.process,
            name=drawn.name,
            version=drawn.version,
            marks=tuple(
                DiagramMark(
                    element_id=mark.element_id,
                    state=mark.state,
                    token_count=mark.token_count,
                    due_at=due.get((drawn.process, mark.element_id)),
                )
                for mark in drawn.marks
            ),
        )


def _steps(db: Session, instances: list[Instance], tasks: list[Task]) -> tuple[StepLine, ...]:
    names = _names(db, tasks)
    named = about(db, tasks)
    seen: dict[tuple[int, str], int] = {}
    steps = []
    for task in tasks:
        visit = seen[task.instance_id, task.element_id] = (
            seen.get((task.instance_id, task.element_id), 0) + 1
        )
        steps.append(
            StepLine(
                element_id=task.element_id,
                name=task.name,
                process=task.process,
                state="done" if task.done_at else "cancelled" if task.cancelled_at else "now",
                by=names.get(task.done_by_id or task.claimed_by_id or 0),
                at=task.done_at or task.cancelled_at,
                due_at=task.due_at,
                task_id=task.id if task.is_open else None,
                role=task.role,
                round=visit if visit > 1 and task.id not in named else None,
                about=named.get(task.id),
            )
        )
    reached = {(task.process, task.element_id) for task in tasks}
    if instances and instances[0].status == "running":
        steps += [
            StepLine(
                element_id=step.element_id,
                name=step.name,
                process=step.process,
                state="not_started",
                role=step.role,
            )
            for step in diagrams.user_tasks(db, instances[0])
            if (step.process, step.element_id) not in reached
        ]
    return tuple(steps)


def _comments(db: Session, case: Case) -> tuple[CommentLine, ...]:
    rows = db.execute(
        select(Comment, PersonAccount.printed_name)
        .join(PersonAccount, PersonAccount.id == Comment.by_id)
        .where(Comment.case_id == case.id)
        .order_by(Comment.id)
    )
    return tuple(CommentLine(by=name, at=note.at, text=note.text) for note, name in rows)
