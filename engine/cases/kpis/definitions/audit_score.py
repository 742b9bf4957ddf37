"""Audit compliance score.

Formula: Sum of weight × share passed ÷ sum of weights × 100, over the controls that the record can
be asked about. A critical control that fails caps the score at 59. Weights: signatures 3,
separation of duties 3, holds 3 (critical); training 2, deadlines 2, evidence 2, drill 1.

Population: Answers, tasks, holds and closed cases of the window, of the whole installation: the
record names no site of a task.

Window: Done, due, found or closed in the chosen days.

Exclusions: Drills, but for the last control. Mandatory fields are held when an answer is accepted
and the chain of the ledger by `holdfast verify`: neither is counted in. What nothing was asked of
is left out.

Unit: Points of 100.

Source: House definition; 21 CFR 11.10 and 11.50, ISO 13485:2016, 6.2 and 8.3 (unverified).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.bpmn.segregation import elements
from engine.cases.drills.models import Drill
from engine.cases.kpis.measure import (
    REAL,
    Col,
    Figure,
    Measured,
    Rows,
    Window,
    of_real_cases,
    share,
)
from engine.cases.models import Answer, Case
from engine.cases.signing import meaning_of
from engine.evidence.documents import Document
from engine.people.models import Qualification
from engine.serials.models import Hold, HoldBreach
from engine.words import N_

PART, PLACE, UNIT = "compliance", 2, "score"
CAP = Decimal(59)
NOTHING_ASKED = N_("Nothing of this time can be asked about")
DRILL_EVERY = timedelta(days=365)


@dataclass(frozen=True)
class Passed:
    """How many of a control passed, of how many, and what failed: case and what it was."""

    good: int
    of: int
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Control:
    """One control: its words, its weight, whether it is critical, and how it is asked."""

    label: str
    weight: int
    is_critical: bool
    asked: Callable[[Session, Window], Passed]


def _signed(db: Session, window: Window) -> Passed:
    """Ask whether every answer that means a signature has one."""
    answers = (
        select(Answer.id)
        .join(Task, Task.id == Answer.task_id)
        .join(Case, Case.id == Answer.case_id)
        .where(
            REAL, window.within(Answer.at), Task.signature.is_not(None), Answer.version == 1,
            Answer.migrated_from.is_(None),
        )
    )  # fmt: skip
    signed = db.scalar(
        select(func.count()).select_from(
            answers.where(Answer.signature_id.is_not(None)).subquery()
        )
    ) or 0  # fmt: skip
    bare = db.execute(
        answers.where(Answer.signature_id.is_(None)).with_only_columns(
            Case.number, Answer.element_id, Task.signature, Answer.answers
        )
    )
    failed = tuple(
        (number, element)
        for number, element, property_, said in bare
        if meaning_of(property_, said) is not None
    )
    return Passed(signed, signed + len(failed), failed)


def _apart(db: Session, window: Window) -> Passed:
    """Ask whether whoever did a task had done what it is held apart from in its case."""
    done = select(
        Case.number, Task.element_id, Task.separate_from, Task.done_by_id, Task.on_behalf_of_id,
        Task.done_at,
    )  # fmt: skip
    here = (
        window.within(Task.done_at),
        Task.separate_from.is_not(None),
        Task.done_by_id.is_not(None),
    )
    asked = db.execute(of_real_cases(done).where(*here)).all()
    cases = of_real_cases(select(Case.number).select_from(Task)).where(*here).correlate(None)
    wanted = {element for row in asked for _, element in elements(row[2])}
    did: dict[tuple[str, str, str], list[tuple[int | None, int | None, datetime]]] = {}
    deeds = of_real_cases(
        select(
            Case.number, Task.process, Task.element_id, Task.done_by_id, Task.on_behalf_of_id,
            Task.done_at,
        )
    ).where(
        Task.done_at < window.until, Task.element_id.in_(wanted), Case.number.in_(cases)
    )  # fmt: skip
    for number, process, element, *deed in db.execute(deeds) if wanted else ():
        did.setdefault((number, process, element), []).append(tuple(deed))
    failed = []
    for number, element, separate_from, by, principal, at in asked:
        mine = {by, principal} - {None}
        earlier = {
            person
            for process, other in elements(separate_from)
            for *people, done_at in did.get((number, process, other), ())
            if done_at < at
            for person in people
        }
        if mine & earlier:
            failed.append((number, element))
    return Passed(len(asked) - len(failed), len(asked), tuple(failed))


def _held(db: Session, window: Window) -> Passed:
    """Ask how many of the holds that stood in the window were shipped through."""
    stood = select(Hold.id).join(Case, Case.number == Hold.case_number).where(
        REAL,
        Hold.placed_at < window.until,
        or_(Hold.released_at.is_(None), Hold.released_at >= window.since),
    )  # fmt: skip
    of = db.scalar(select(func.count()).select_from(stood.subquery())) or 0
    broken = db.execute(
        select(Hold.case_number, Hold.id)
        .join(HoldBreach, HoldBreach.hold_id == Hold.id)
        .where(Hold.id.in_(stood), HoldBreach.door == "ship", window.within(HoldBreach.found_at))
        .distinct()
    ).all()
    failed = tuple((number, "hold_breach") for number, _ in broken)
    return Passed(of - len(failed), of, failed)


def _trained(db: Session, window: Window) -> Passed:
    """Ask whether whoever did a task had the qualification that it asks for, on that day."""
    had = (
        select(Qualification.id)
        .where(
            Qualification.person_id == Task.done_by_id,
            Qualification.code == Task.qualification,
            Qualification.valid_from <= Task.done_at,
            or_(Qualification.expires_at.is_(None), Qualification.expires_at > Task.done_at),
            or_(Qualification.withdrawn_at.is_(None), Qualification.withdrawn_at > Task.done_at),
        )
        .exists()
    )
    found = db.execute(
        of_real_cases(select(Case.number, Task.element_id, had)).where(
            window.within(Task.done_at),
            Task.qualification.is_not(None),
            Task.done_by_id.is_not(None),
        )
    ).all()
    failed = tuple((number, element) for number, element, is_trained in found if not is_trained)
    return Passed(len(found) - len(failed), len(found), failed)


def _in_time(db: Session, window: Window) -> Passed:
    """Ask how many of the tasks that were due were done by then."""
    late = or_(Task.done_at > Task.due_at, Task.done_at.is_(None))
    here = (
        window.within(Task.due_at),
        Task.cancelled_at.is_(None),
        or_(Task.done_at.is_not(None), Task.due_at < window.at),
    )
    of = db.scalar(of_real_cases(select(func.count()).select_from(Task)).where(*here)) or 0
    failed = db.execute(
        of_real_cases(select(Case.number, Task.element_id).select_from(Task)).where(*here, late)
    ).all()
    return Passed(of - len(failed), of, tuple((number, element) for number, element in failed))


def _evidenced(db: Session, window: Window) -> Passed:
    """Ask how many of the cases that were closed have a sealed record."""
    sealed = (
        select(Document.id)
        .where(Document.stream == "case:" + Case.number, Document.state == "sealed")
        .exists()
    )
    found = db.execute(
        select(Case.number, sealed).where(
            REAL, Case.state == "closed", window.within(Case.ended_at)
        )
    ).all()
    failed = tuple((number, "close_case") for number, is_sealed in found if not is_sealed)
    return Passed(len(found) - len(failed), len(found), failed)


def _drilled(db: Session, window: Window) -> Passed:
    """Ask whether a drill passed in the year before the end of the window."""
    end = min(window.until, window.at)
    last = db.scalar(
        select(func.count()).where(
            Drill.outcome == "passed",
            Drill.ended_at >= end - DRILL_EVERY,
            Drill.ended_at <= end,
        )
    )
    return Passed(1 if last else 0, 1)


CONTROLS: Mapping[str, Control] = {
    "signed": Control(N_("Signatures present"), 3, True, _signed),
    "apart": Control(N_("Separation of duties kept"), 3, True, _apart),
    "held": Control(N_("Holds enforced"), 3, True, _held),
    "trained": Control(N_("Training valid"), 2, False, _trained),
    "in_time": Control(N_("Deadlines met"), 2, False, _in_time),
    "evidenced": Control(N_("Closed cases have a sealed record"), 2, False, _evidenced),
    "drilled": Control(N_("A drill within a year"), 1, False, _drilled),
}


def score(passed: Mapping[str, Passed]) -> Decimal | None:
    """Return the score of what was asked, capped where a critical control failed; None of none."""
    asked = {code: one for code, one in passed.items() if one.of}
    weights = sum(CONTROLS[code].weight for code in asked)
    if not weights:
        return None
    points = sum(
        (Decimal(CONTROLS[code].weight) * one.good / one.of for code, one in asked.items()),
        Decimal(0),
    )
    found = points / weights * 100
    failed = any(CONTROLS[code].is_critical and one.good < one.of for code, one in asked.items())
    return min(found, CAP) if failed else found


def measured(db: Session, window: Window) -> Measured:
    """Ask every control."""
    passed = {code: control.asked(db, window) for code, control in CONTROLS.items()}
    return Measured(
        Figure(N_("Score"), score(passed), "score", of=Decimal(100), why=NOTHING_ASKED),
        groups=tuple(
            share(
                N_("Passed"), passed[code].good, passed[code].of, why=NOTHING_ASKED,
                group=control.label, group_kind="control",
            )
            for code, control in CONTROLS.items()
        ),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every control with its weight, and below it what failed."""
    return Rows(
        (
            Col("control", N_("Control"), "words"),
            Col("weight", N_("Weight"), "integer"),
            Col("critical", N_("Caps the score"), "yes_no"),
            Col("passed", N_("Passed"), "integer"),
            Col("asked", N_("Asked"), "integer"),
            Col("case", N_("Failed in case"), "case"),
            Col("step", N_("Step"), "element"),
        ),
        list(_failures(db, window)),
    )


def _failures(db: Session, window: Window) -> Iterator[tuple[object, ...]]:
    for control in CONTROLS.values():
        found = control.asked(db, window)
        yield control.label, control.weight, control.is_critical, found.good, found.of, None, None
        for number, element in found.failed:
            yield control.label, None, None, None, None, number, element
