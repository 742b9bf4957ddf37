"""What a person should know before they fill in a task: a rejection, or what is still open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.agreeing import BY_LINE
from engine.cases.carrying_out import PROCESS
from engine.cases.context import line_parts
from engine.cases.dispositions import Part
from engine.cases.inbox import task_rows
from engine.cases.models import Case, Subject
from engine.cases.overview import roots_of
from engine.cases.pages import TaskRow
from engine.cases.recalls import destroying, stop_ship
from engine.cases.recalls.doings import DESTROYING, EXAMINING, REWORKING, problems_in
from engine.cases.rejections import Rejection, turned_down
from engine.errors import Problem
from engine.people import Person, PersonAccount
from forms.form import Form
from webapp.queries.beside import Panel
from webapp.queries.case import GivenAnswer

CLOSING = ("nonconformance", "verify_and_close")
# the steps at which goods are destroyed, altered or sent away, and those that lead there
OF_LINE = {
    "decide_samples": DESTROYING,
    "approve_rework_instruction": REWORKING,
    **{element: doing for element, (doing, _) in BY_LINE.items()},
}
INVESTIGATING = ("nonconformance", "investigate")
CHECKING = ("*:verify", "*:witness")  # signed on another's work
WRITTEN = ("disposition_lines", "long_text")  # what is kept of a proposal: no tick, no file


@dataclass(frozen=True)
class Beforehand:
    """Who turned the proposal down, what the form starts from, and what keeps a case open."""

    rejections: tuple[Rejection, ...] = ()
    start: Mapping[str, Any] = field(default_factory=dict)
    still_open: tuple[TaskRow, ...] = ()
    held_back: tuple[Problem, ...] = ()  # by an authority that has to know first


def beforehand(
    db: Session, case: Case, task: Task, form: Form, person: Person, *, at: datetime
) -> Beforehand:
    """Return what to know before an open task is filled in; nothing for one that is over."""
    if not task.is_open:
        return Beforehand()
    found = turned_down(db, case, task)
    start: Mapping[str, Any] = {}
    if (form.process, form.element) == stop_ship.STEP:
        start = stop_ship.start(db, case)
    elif form.element == "propose_disposition":
        written = [one.id for one in form.fields if one.kind in WRITTEN]
        start = {name: found.proposed[name] for name in written if name in found.proposed}
    return Beforehand(
        rejections=found.rejections,
        start=start,
        still_open=_still_open(db, case, task, person, at=at),
        held_back=_held_back(db, case, task),
    )


def _held_back(db: Session, case: Case, task: Task) -> tuple[Problem, ...]:
    """Return what a closed gate keeps as it is: said before anybody begins."""
    if (task.process, task.element_id) == INVESTIGATING:
        doing, parts = EXAMINING, _subjects(db, case)
    elif task.process == PROCESS and task.element_id in OF_LINE:
        doing, parts = OF_LINE[task.element_id], line_parts(db, task.instance_id)
    else:
        return ()
    return tuple(problems_in("", destroying.held_back(db, parts, doing=doing)))


def _subjects(db: Session, case: Case) -> list[Part]:
    """Return what a case is about, as far as it is known here."""
    rows = db.scalars(select(Subject).where(Subject.case_id == case.id).order_by(Subject.id))
    return [
        Part(one.unit_id, one.lot_id, one.quantity or Decimal(1))
        for one in rows
        if one.unit_id is not None or one.lot_id is not None
    ]


def checked(task: Task, panels: Sequence[Panel]) -> GivenAnswer | None:
    """Return the answer that a task checks: who finds it wrong must know where it is corrected."""
    if not task.is_open or task.signature not in CHECKING:
        return None
    shown = [one.content for one in panels if one.kind == "answers" and one.content]
    return shown[-1][-1] if shown else None


def _still_open(
    db: Session, case: Case, task: Task, person: Person, *, at: datetime
) -> tuple[TaskRow, ...]:
    """Return the other steps of a case that is about to be closed: each of them keeps it open."""
    if (task.process, task.element_id) != CLOSING:
        return ()
    others = db.execute(
        select(Task, PersonAccount.printed_name)
        .outerjoin(PersonAccount, PersonAccount.id == Task.claimed_by_id)
        .where(
            Task.root_id.in_(roots_of(case)),
            Task.id != task.id,
            Task.done_at.is_(None),
            Task.cancelled_at.is_(None),
        )
        .order_by(Task.opened_at, Task.id)
    )
    return task_rows(db, [(one, case, name) for one, name in others], person, at=at)
