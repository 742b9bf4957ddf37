"""Correcting an answer that was already given: a new version, and every signature on it void."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands
from engine.cases import answers as kept, uploads
from engine.cases.asking import accepted, form_at
from engine.cases.context import form_context
from engine.cases.costs import recording as costs
from engine.cases.models import Answer, Case
from engine.cases.renewing import ask_again
from engine.cases.tasks import lock_case, refuse_ended
from engine.cases.typed import problems_of
from engine.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from engine.evidence import ledger, signatures
from engine.evidence.signatures import Signature, SignatureVoided, SignedRecord
from engine.people import Person, authorize
from engine.words import N_
from forms.expressions import reads
from forms.field import Field
from forms.form import Form

# what these hold was carried out in the store: it is put right there, never by rewriting words
CARRIED_OUT = frozenset(
    {"disposition_lines", "identification", "piece_results", "segregation", "suspects"}
)


class AnswerUnknown(NotFound):
    """There is no such answer. Open the case and look at its answers."""


class NotYourAnswer(NotAllowed):
    """Only the person who gave this answer, or a quality manager, may correct it."""


class AlreadyCorrected(Conflict):
    """This answer was corrected while you had it open. Look at the newer version."""


class DecidedTheWay(Refused):
    """“%(names)s” decided the way of the case, so it stays. Void and reopen the case instead."""


@dataclass(frozen=True)
class Corrected:
    """The new version, and how many signatures are void and asked again."""

    answer: Answer
    voided_count: int


def correct_answer(
    db: Session,
    answer_id: int,
    raw: dict[str, Any],
    *,
    reason: str,
    by: Person,
    at: datetime,
    key: str,
) -> Corrected:
    """Keep a corrected version of an answer with its reason; void and ask again what relied on it.

    What was carried out in the serial store stays as it was. Raises `Invalid` with every problem
    of the form. A repeated `key` changes nothing.
    """
    authorize(by, "answer.correct")
    number = db.scalar(
        select(Case.number).join(Answer, Answer.case_id == Case.id).where(Answer.id == answer_id)
    )
    if number is None:
        raise AnswerUnknown
    case = lock_case(db, number)
    old = db.get_one(Answer, answer_id)
    asked = {"answer": answer_id, "raw": raw, "reason": reason, "by": by.id}
    if earlier := commands.earlier_result(db, key, name="correct_answer", request=asked):
        return Corrected(db.get_one(Answer, earlier["answer"]), earlier["voided_count"])

    _refuse(db, case, old, reason, by)
    form = form_at(db, old.process, old.element_id, instance_id=old.instance_id)
    answers = _load(db, case, form, old, raw, by=by, at=at)
    _refuse_other_way(form, old.answers, answers)
    new = kept.keep(
        db,
        case,
        task_id=old.task_id,
        instance_id=old.instance_id,
        process=old.process,
        element_id=old.element_id,
        answers=answers,
        by=by,
        on_behalf_of_id=None,
        at=at,
        corrects=old,
        reason=reason.strip(),
    )
    costs.keep_effort(db, form, new, by=by, at=at)
    place = f"answer:{answer_id}"
    uploads.adopt(db, case, answers, place=place, by=by, at=at, task_id=old.task_id)
    voided = _void_signatures(db, case, old, reason.strip(), by=by, at=at)
    case.version += 1
    body = {
        "task": str(old.task_id),
        "element": f"{old.process}.{old.element_id}",
        "version": new.version,
        "old_sha256": old.sha256,
        "new_sha256": new.sha256,
        "reason": reason.strip(),
        "voided_signatures": [one.id for one in voided],
    }
    ledger.append(db, case.stream, "answer_corrected", body, by=by, at=at)
    result = {"answer": new.id, "voided_count": len(voided)}
    commands.remember(
        db, key, name="correct_answer", request=asked, result=result, by_id=by.id, at=at
    )
    return Corrected(new, len(voided))


def correctable(form: Form, old: dict[str, Any]) -> Form:
    """Return the form without what was carried out in the store: that cannot be corrected here.

    What is asked because of it is asked as it was when `old` was answered.
    """
    done = {field.id for field in form.fields if field.kind in CARRIED_OUT}
    asked = {field.id for field in form.asks(old)}

    def kept_fields(fields: Iterable[Field]) -> Iterator[Field]:
        for field in fields:
            hangs_on_it = bool(field.show_when) and bool(reads(field.show_when).needed & done)
            if field.id not in done and not hangs_on_it:
                yield field
            elif field.id not in done and field.id in asked:
                yield replace(field, show_when="")

    return replace(
        form,
        sections=tuple(replace(s, fields=tuple(kept_fields(s.fields))) for s in form.sections),
    )


def _refuse(db: Session, case: Case, old: Answer, reason: str, by: Person) -> None:
    refuse_ended(case)
    if by.id != old.by_id and "qa_manager" not in by.roles:
        raise NotYourAnswer
    if db.scalar(select(Answer.id).where(Answer.supersedes_id == old.id)) is not None:
        raise AlreadyCorrected
    missing = N_("Write the reason for the correction.")
    if problems := problems_of(reason, "reason", N_("Reason"), missing=missing):
        raise Invalid(problems)


def _load(
    db: Session,
    case: Case,
    form: Form,
    old: Answer,
    raw: dict[str, Any],
    *,
    by: Person,
    at: datetime,
) -> dict[str, Any]:
    fixed = {
        f.id: old.answers[f.id]
        for f in form.fields
        if f.kind in CARRIED_OUT and f.id in old.answers
    }
    context = form_context(db, case=case, by=by, at=at, instance_id=old.instance_id)
    wanted = {name: value for name, value in raw.items() if name not in fixed}
    loaded = accepted(correctable(form, old.answers), wanted, context).answers
    return {f.id: {**loaded, **fixed}[f.id] for f in form.fields if f.id in {**loaded, **fixed}}


def _refuse_other_way(form: Form, old: dict[str, Any], new: dict[str, Any]) -> None:
    changed = [
        field.label
        for field in form.fields
        if field.variable and old.get(field.id) != new.get(field.id)
    ]
    if changed:
        raise DecidedTheWay(names=", ".join(changed))


def _void_signatures(
    db: Session, case: Case, old: Answer, reason: str, *, by: Person, at: datetime
) -> list[Signature]:
    """Void every standing signature whose record contains the old version, and ask it again."""
    relying = list(
        db.scalars(
            select(Signature)
            .join(SignedRecord, SignedRecord.sha256 == Signature.record_sha256)
            .where(
                Signature.stream == case.stream,
                SignedRecord.content.contains(old.sha256, autoescape=True)
                | (Signature.id == (old.signature_id or 0)),
                Signature.id.not_in(select(SignatureVoided.signature_id)),
            )
            .order_by(Signature.id)
        )
    )
    for signature in relying:
        signatures.void(db, signature, reason=reason, by=by, at=at)
        ask_again(db, case, signature, by=by, at=at)
    return relying
