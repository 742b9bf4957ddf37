"""When the last signature of a document is given, the finished record is asked to be sealed."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.models import Case
from engine.cases.records import document_of, layout_of
from engine.evidence import documents
from engine.evidence.documents import Document
from engine.evidence.signatures import Signature, SignatureVoided
from engine.people import Person


def seal_if_last(
    db: Session, case: Case, task: Task, *, by: Person | None, at: datetime
) -> Document | None:
    """Ask for the task's document to be sealed, unless a colleague still has to sign it. Flushes.

    A board signs one document at several tasks; a later round makes a document of its own.
    """
    layout = layout_of(task)
    if layout is None or _still_open(db, task):
        return None

    key = f"{case.number}:{task.document}:{task.instance_id}"
    earlier = list(
        db.scalars(select(Document).where(Document.key.startswith(f"{key}:", autoescape=True)))
    )
    used = {signature for one in earlier for signature in one.signature_ids or ()}
    signed = [one for one in _signatures(db, task) if one.id not in used]
    if not signed:
        return None

    return documents.request_sealed(
        db,
        stream=case.stream,
        layout=layout,
        record=document_of(db, case, task),
        signatures=signed,
        by=by,
        at=at,
        key=f"{key}:{len(earlier) + 1}",
    )


def _still_open(db: Session, task: Task) -> bool:
    others = select(Task.id).where(
        Task.instance_id == task.instance_id,
        Task.document == task.document,
        Task.done_at.is_(None),
        Task.cancelled_at.is_(None),
        Task.id != task.id,
    )
    return db.scalar(others.limit(1)) is not None


def _signatures(db: Session, task: Task) -> list[Signature]:
    tasks = db.scalars(
        select(Task.id).where(Task.instance_id == task.instance_id, Task.document == task.document)
    )
    voided = select(SignatureVoided.signature_id)
    return list(
        db.scalars(
            select(Signature)
            .where(
                Signature.task_id.in_([str(task_id) for task_id in tasks]),
                Signature.id.not_in(voided),
            )
            .order_by(Signature.id)
        )
    )
