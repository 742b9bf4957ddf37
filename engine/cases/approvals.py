"""Approvals: what a decision is asked for, whose work it is, and what a person decided lately."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.bpmn.segregation import elements
from engine.cases import balance
from engine.cases.about import about
from engine.cases.dispositions import TYPES
from engine.cases.inbox import is_decision
from engine.cases.models import Answer, Case, Line, LinePart, Round
from engine.cases.pages import Proposal, SignedDecision, TaskRow
from engine.cases.tasks import NotQualified
from engine.evidence.meanings import DECISION_IF_REFUSABLE, DECISIONS
from engine.evidence.signatures import Signature, SignatureVoided
from engine.people import Person, PersonAccount, holds_qualification
from engine.words import N_, say

LATELY = timedelta(days=30)
MOST_LATELY = 20
ALL_AFFECTED = N_("All affected")


T = TypeVar("T")


class _Work(NamedTuple):
    """An answer without what was answered: who did which step, when."""

    case_id: int
    instance_id: int | None
    process: str
    element_id: str
    by_id: int
    at: datetime


@dataclass(frozen=True)
class _Given:
    """What a page of decisions rests on, read at once: the queries do not grow with its rows."""

    tasks: dict[UUID, Task]
    cases: dict[str, Case]
    work: dict[int, list[_Work]]  # by case, newest first
    lines: dict[int, list[Line]]  # by the instance that carries them out
    proposed: dict[int, list[Line]]  # by case, of its round that is proposed
    quantities: dict[int, Decimal]  # by line
    affected: dict[int, Decimal]  # by case
    lacking: dict[str, NotQualified]  # by the code of the qualification
    names: dict[int, str]


def proposals(
    db: Session, rows: Iterable[TaskRow], person: Person, *, language: str, at: datetime
) -> list[tuple[TaskRow, Proposal]]:
    """Return each row of a list of tasks with what its decision is asked for."""
    listed = list(rows)
    given = _given(db, listed, person, at=at)
    return [(row, _proposal(given, row, language=language)) for row in listed]


def _given(db: Session, rows: Sequence[TaskRow], person: Person, *, at: datetime) -> _Given:
    tasks = list(db.scalars(select(Task).where(Task.id.in_({row.id for row in rows}))))
    numbers = {row.case_number for row in rows}
    cases = list(db.scalars(select(Case).where(Case.number.in_(numbers))))
    ids = {case.id for case in cases}
    work = _work(db, ids)
    lines = _lines(db, Line.instance_id.in_({task.instance_id for task in tasks}))
    proposed = _proposed(db, ids)
    return _Given(
        tasks={task.id: task for task in tasks},
        cases={case.number: case for case in cases},
        work=work,
        lines=_by(lines, lambda line: line.instance_id or 0),
        proposed=_by(proposed, lambda line: line.case_id),
        quantities=_quantities(db, {line.id for line in (*lines, *proposed)}),
        affected=balance.affected_of(db, ids),
        lacking=_lacking(db, {task.qualification or "" for task in tasks}, person, at),
        names=_names(db, {one.by_id for done in work.values() for one in done}),
    )


def _proposal(given: _Given, row: TaskRow, *, language: str) -> Proposal:
    task, case = given.tasks[row.id], given.cases[row.case_number]
    work = _decided_on(given.work.get(case.id, []), task)
    return Proposal(
        amounts=tuple(
            (say(label, language), f"{quantity.normalize():f}")
            for label, quantity in _amounts(given, case, task)
        ),
        by=given.names[work.by_id] if work else None,
        step=f"{work.process}.{work.element_id}" if work else None,
        at=work.at if work else None,
        refused=row.refused or given.lacking.get(task.qualification or ""),
    )


def _lacking(db: Session, codes: set[str], person: Person, at: datetime) -> dict[str, NotQualified]:
    return {
        code: NotQualified(code=code)
        for code in codes
        if code and not holds_qualification(db, person.id, code, at=at)
    }


def _work(db: Session, case_ids: set[int]) -> dict[int, list[_Work]]:
    columns = (getattr(Answer, name) for name in _Work._fields)
    rows = db.execute(
        select(*columns).where(Answer.case_id.in_(case_ids)).order_by(Answer.id.desc())
    )
    return _by((_Work(*row) for row in rows), lambda one: one.case_id)


def _decided_on(newest_first: Sequence[_Work], task: Task) -> _Work | None:
    """Return the work that is decided on: of the step set apart, else the last that was done."""
    for step in elements(task.separate_from):
        for one in newest_first:
            if (one.process, one.element_id) == step:
                return one
    before = [one for one in newest_first if one.at <= task.opened_at]
    same = [one for one in before if one.instance_id == task.instance_id]
    return next(iter((*same, *before)), None)


def _amounts(given: _Given, case: Case, task: Task) -> list[tuple[str, Decimal]]:
    lines = given.lines.get(task.instance_id, [])
    if not lines and task.process == "disposition":
        lines = given.proposed.get(case.id, [])
    if lines:
        none = Decimal(0)
        return [(TYPES[line.type].label, given.quantities.get(line.id, none)) for line in lines]
    return [(ALL_AFFECTED, given.affected.get(case.id, Decimal(0)))]


def _lines(db: Session, which: ColumnElement[bool]) -> list[Line]:
    return list(db.scalars(select(Line).where(which).order_by(Line.number)))


def _proposed(db: Session, case_ids: set[int]) -> list[Line]:
    newest = (
        select(func.max(Round.id))
        .where(Round.case_id.in_(case_ids), Round.state == "proposed")
        .group_by(Round.case_id)
    )
    return _lines(db, Line.round_id.in_(newest))


def _quantities(db: Session, line_ids: set[int]) -> dict[int, Decimal]:
    rows = db.execute(
        select(LinePart.line_id, func.sum(LinePart.quantity))
        .where(LinePart.line_id.in_(line_ids))
        .group_by(LinePart.line_id)
    )
    return {row[0]: row[1] for row in rows}


def _names(db: Session, people: set[int]) -> dict[int, str]:
    rows = db.execute(
        select(PersonAccount.id, PersonAccount.printed_name).where(PersonAccount.id.in_(people))
    )
    return {row[0]: row[1] for row in rows}


def _by(rows: Iterable[T], key: Callable[[T], int]) -> dict[int, list[T]]:
    groups: dict[int, list[T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def signed_lately(db: Session, person: Person, *, at: datetime) -> list[SignedDecision]:
    """Return the decisions that a person signed in the last days, newest first."""
    rows = db.execute(
        select(Signature, SignatureVoided.signature_id)
        .outerjoin(SignatureVoided, SignatureVoided.signature_id == Signature.id)
        .where(
            Signature.person_id == person.id,
            Signature.meaning.in_((*DECISIONS, DECISION_IF_REFUSABLE, "reject")),
            Signature.task_id.is_not(None),
            Signature.at > at - LATELY,
        )
        .order_by(Signature.id.desc())
    ).all()
    decided = _decisions(db, [row[0].task_id or "" for row in rows])
    tasks = {str(task.id): task for task in decided}
    named = about(db, decided)
    found = [
        SignedDecision(
            task_id=tasks[signed.task_id or ""].id,
            name=tasks[signed.task_id or ""].name,
            case_number=signed.stream.removeprefix("case:"),
            meaning=signed.meaning,
            at=signed.at,
            is_void=voided_id is not None,
            about=named.get(tasks[signed.task_id or ""].id),
        )
        for signed, voided_id in rows
        if signed.task_id in tasks
    ]
    return found[:MOST_LATELY]


def _decisions(db: Session, ids: Sequence[str]) -> Sequence[Task]:
    ours = Task.id.in_([UUID(one) for one in ids if one])
    return db.scalars(select(Task).where(ours, is_decision())).all()
