"""Checking and signing: what happens between the form and the record."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import commands, preparing
from engine.cases.answers import answers_sha256
from engine.cases.context import form_context
from engine.cases.inbox import task_rows
from engine.cases.models import Answer, Case
from engine.cases.pages import DocumentLine, Receipt, SignatureLine
from engine.cases.tasks import open_tasks, printed_name
from engine.cases.versions import Version
from engine.clock import now
from engine.evidence import documents, sealing
from engine.evidence.signatures import Signature
from forms.context import Context
from webapp.config import holdfast
from webapp.errors import page as error_page, status_of
from webapp.queries.task import task_and_case
from webapp.sentences import in_words
from webapp.session import person, session_id
from webapp.times import language
from webapp.transactions import begin


def fingerprint(raw: dict[str, Any]) -> str:
    """Return what a check page carries of the answers it shows, so that no others are sent."""
    return answers_sha256(raw)


def check_again(changed: commands.AnswersChanged, address: str) -> ResponseReturnValue:
    """Say that other answers were typed since, and where to check them."""
    title = gettext("Your answers changed")
    return error_page(status_of(changed), in_words(changed), title=title, again=address)


def context_of(db: Session, case: Case | None, task: Task | None) -> Context:
    """Return what the form of a task may ask of the world."""
    context = form_context(
        db,
        case=case,
        by=person(),
        at=now(),
        instance_id=task.instance_id if task is not None else None,
    )
    # the page may be read in another language than the person's own
    return replace(context, language=language())


def accepted(db: Session, task_id: UUID, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the answers as they are kept; raises `Invalid` with every problem."""
    task, case = task_and_case(db, task_id)
    found = commands.checked(
        db,
        task.process,
        task.element_id,
        raw,
        case=case,
        by=person(),
        at=now(),
        instance_id=task.instance_id,
    )
    return found.answers


def open_page(task_id: UUID, raw: dict[str, Any]) -> str | None:
    """Open the sign page of these answers and return its nonce, or None when nothing is signed.

    The review copy is printed outside any transaction: it takes a third of a second. Raises
    `Invalid` and what completing the task would raise.
    """
    with begin() as db:
        drawn = preparing.draw_up(db, task_id, raw, by=person(), at=now())
    if drawn is None:
        return None

    review = None
    if drawn.layout is not None:
        review = sealing.review_copy(
            holdfast().documents, layout=drawn.layout, record=drawn.record.content
        )
    with begin() as db:
        opened = preparing.prepare(
            db,
            task_id,
            raw,
            by=person(),
            session_id=str(session_id()),
            at=now(),
            review_pdf_sha256=review,
        )
        return opened.nonce if opened is not None else None


def receipt(db: Session, task_id: UUID, *, at: datetime) -> Receipt:
    """Return what was recorded and signed at a task, and which steps wait now."""
    task, case = task_and_case(db, task_id)
    answer = db.scalars(
        select(Answer).where(Answer.task_id == task_id).order_by(Answer.version.desc())
    ).first()
    signed = db.get(Signature, answer.signature_id) if answer and answer.signature_id else None
    waiting = db.scalars(open_tasks(case.number).order_by(Task.due_at)).all()
    return Receipt(
        task_name=task.name,
        case_number=case.number,
        at=task.done_at or at,
        by=printed_name(db, task.done_by_id),
        signature=signature_line(signed) if signed else None,
        record_sha256=signed.record_sha256 if signed else None,
        document=next(iter(_documents(db, case, task)), None),
        next_steps=task_rows(db, [(one, case, None) for one in waiting], person(), at=at),
    )


def signature_line(signed: Signature, *, is_void: bool = False) -> SignatureLine:
    """Return a signature in full words."""
    return SignatureLine(
        printed_name=signed.printed_name,
        meaning=signed.meaning,
        at=signed.at,
        role=signed.role,
        reason=signed.reason,
        is_void=is_void,
    )


def _documents(db: Session, case: Case, task: Task) -> list[DocumentLine]:
    if task.document is None:
        return []
    kept = [
        one
        for one in documents.documents_of(db, case.stream)
        if one.kind.endswith(f"/{task.document}")
    ]
    return [document_line(db, one) for one in reversed(kept)]


def document_line(
    db: Session, one: documents.Document, version: Version | None = None
) -> DocumentLine:
    """Return a document as lists show it, with its signatures in words."""
    ids = one.signature_ids or []
    signed = db.scalars(select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id))
    return DocumentLine(
        id=one.id,
        name=one.name,
        kind=one.kind,
        state=one.state,
        media_type=one.media_type,
        bytes=one.bytes or 0,
        sha256=one.sha256 or "",
        at=one.at,
        by=printed_name(db, one.by_id) if one.by_id else None,
        signatures=tuple(signature_line(each) for each in signed),
        version=version.number if version else None,
        newest=version.newest if version else None,
        standing=version.standing if version else None,
    )
