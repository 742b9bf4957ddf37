"""Approvals: what a decision is asked for, whose work it is, and what a person decided lately."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.bpmn.segregation import elements
from engine.cases import balance
from engine.cases.about import about
from engine.cases.dispositions import TYPES, lines_of, parts_of_line
from engine.cases.models import Answer, Case, Line, Round
from engine.cases.pages import Proposal, SignedDecision, TaskRow
from engine.cases.tasks import NotQualified, printed_name
from engine.evidence.meanings import DECISIONS
from engine.evidence.signatures import Signature, SignatureVoided
from engine.people import Person, holds_qualification
from engine.words import N_, say

LATELY = timedelta(days=30)
MOST_LATELY = 20
ALL_AFFECTED = N_("All affected")


def proposals(
    db: Session, rows: Iterable[TaskRow], person: Person, *, language: str, at: datetime
) -> list[tuple[TaskRow, Proposal]]:
    """Return each row of a list of tasks with what its decision is asked for."""
    return [(row, _proposal(db, row, person, language=language, at=at)) for row in rows]


def _proposal(
    db: Session, row: TaskRow, person: Person, *, language: str, at: datetime
) -> Proposal:
    task = db.get_one(Task, row.id)
    case = db.scalars(select(Case).where(Case.number == row.case_number)).one()
    work = _decided_on(db, case, task)
    return Proposal(
        amounts=tuple(
            (say(label, language), f"{quantity.normalize():f}")
            for label, quantity in _amounts(db, case, task)
        ),
        by=printed_name(db, work.by_id) if work else None,
        step=f"{work.process}.{work.element_id}" if work else None,
        at=work.at if work else None,
        refused=row.refused or _lacks(db, task, person, at),
    )


def _lacks(db: Session, task: Task, person: Person, at: datetime) -> NotQualified | None:
    code = task.qualification
    if not code or holds_qualification(db, person.id, code, at=at):
        return None
    return NotQualified(code=code)


def _decided_on(db: Session, case: Case, task: Task) -> Answer | None:
    """Return the work that is decided on: of the step set apart, else the last that was done."""
    given = select(Answer).where(Answer.case_id == case.id).order_by(Answer.id.desc())
    for process, element in elements(task.separate_from):
        apart = given.where(Answer.process == process, Answer.element_id == element)
        if (found := db.scalars(apart.limit(1)).first()) is not None:
            return found
    before = given.where(Answer.at <= task.opened_at)
    same = before.where(Answer.instance_id == task.instance_id)
    return db.scalars(same.limit(1)).first() or db.scalars(before.limit(1)).first()


def _amounts(db: Session, case: Case, task: Task) -> list[tuple[str, Decimal]]:
    lines = _lines(db, case, task)
    if lines:
        return [
            (TYPES[line.type].label, sum((p.quantity for p in parts_of_line(db, line)), Decimal(0)))
            for line in lines
        ]
    return [(ALL_AFFECTED, balance.affected(balance.totals(db, case.id)))]


def _lines(db: Session, case: Case, task: Task) -> Sequence[Line]:
    own = db.scalars(select(Line).where(Line.instance_id == task.instance_id)).all()
    if own or task.process != "disposition":
        return own
    proposed = db.scalars(
        select(Round)
        .where(Round.case_id == case.id, Round.state == "proposed")
        .order_by(Round.number.desc())
    ).first()
    return lines_of(db, proposed) if proposed else []


def signed_lately(db: Session, person: Person, *, at: datetime) -> list[SignedDecision]:
    """Return the decisions that a person signed in the last days, newest first."""
    rows = db.execute(
        select(Signature, SignatureVoided.signature_id)
        .outerjoin(SignatureVoided, SignatureVoided.signature_id == Signature.id)
        .where(
            Signature.person_id == person.id,
            Signature.meaning.in_((*DECISIONS, "reject")),
            Signature.task_id.is_not(None),
            Signature.at > at - LATELY,
        )
        .order_by(Signature.id.desc())
        .limit(MOST_LATELY)
    ).all()
    tasks = {str(task.id): task for task in _tasks(db, [row[0].task_id or "" for row in rows])}
    named = about(db, tasks.values())
    return [
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


def _tasks(db: Session, ids: Sequence[str]) -> Sequence[Task]:
    return db.scalars(select(Task).where(Task.id.in_([UUID(one) for one in ids if one]))).all()
