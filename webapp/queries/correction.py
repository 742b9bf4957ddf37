"""An answer that is being corrected: its form, who may, and old beside new."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.asking import accepted, form_at
from engine.cases.context import form_context
from engine.cases.correcting import AlreadyCorrected, AnswerUnknown, NotYourAnswer, correctable
from engine.cases.models import Answer, Case
from engine.cases.overview import case_named
from engine.cases.tasks import refuse_ended
from engine.people import Person
from forms.context import Context
from forms.field import Shown
from forms.form import Form
from webapp.times import language


@dataclass(frozen=True)
class Correction:
    """What is corrected: the answer that stands, and the form of what may be corrected in it."""

    case: Case
    answer: Answer
    form: Form
    context: Context
    fixed: tuple[str, ...]  # labels of what was carried out, which stays


@dataclass(frozen=True)
class Compared:
    """One question with the old and the new answer."""

    label: str
    old: Shown | None
    new: Shown | None

    @property
    def is_changed(self) -> bool:
        """Tell whether the answer differs."""
        return self.old != self.new


def correction(
    db: Session, number: str, answer_id: int, person: Person, *, at: datetime
) -> Correction:
    """Return what `person` may correct; raises why they may not."""
    case = case_named(db, number)
    answer = db.get(Answer, answer_id)
    if answer is None or answer.case_id != case.id:
        raise AnswerUnknown
    refuse_ended(case)
    if person.id != answer.by_id and "qa_manager" not in person.roles:
        raise NotYourAnswer
    if db.scalar(select(Answer.id).where(Answer.supersedes_id == answer.id)) is not None:
        raise AlreadyCorrected
    whole = form_at(
        db,
        answer.process,
        answer.element_id,
        instance_id=answer.instance_id or case.instance_id,
    )
    form = correctable(whole, answer.answers)
    asked = {field.id for field in form.fields}
    return Correction(
        case=case,
        answer=answer,
        form=form,
        context=replace(
            form_context(db, case=case, by=person, at=at, instance_id=answer.instance_id),
            language=language(),
        ),
        fixed=tuple(field.label for field in whole.fields if field.id not in asked),
    )


def compared(asked: Correction, raw: Mapping[str, Any]) -> list[Compared]:
    """Return every question with its old and new answer; raises `Invalid` with every problem."""
    form = asked.form
    new = accepted(form, dict(raw), asked.context).answers
    old = asked.answer.answers
    ids = {field.id for field in (*form.asks(old), *form.asks(new))}
    return [
        Compared(
            field.label,
            form.show(field, old, language()),
            form.show(field, new, language()),
        )
        for field in form.fields
        if field.id in ids and form.kinds[field.id].takes_answer
    ]
