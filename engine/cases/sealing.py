"""When the last signature of a document is given, the finished record is asked to be sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import jobs
from engine.bpmn.models import Task
from engine.cases import balance
from engine.cases.models import Case
from engine.cases.records import attached_to, document_of, layout_of, writes_rows
from engine.cases.renewing import first_task, renewed_signature, standing_for
from engine.cases.tasks import lock_case
from engine.evidence import sealing
from engine.evidence.documents import Document
from engine.evidence.signatures import Signature
from engine.people import Person
from engine.people.queries import person_of

VERB = "seal_large"


def seal_if_last(
    db: Session, case: Case, task: Task, *, by: Person, at: datetime
) -> Document | None:
    """Ask for a document to be sealed when `task` gave its last signature. Flushes.

    A board signs one document at several tasks; a later round makes a document of its own. A
    document whose signatures were voided by a correction gets a new version with the last that is
    given again; the sealed version stays as it was. Where a row for each unit is written with it,
    and there are many, a job does so.
    """
    if writes_rows(task) and balance.is_large(db, case.id):
        body = {"case": case.number, "task": str(task.id), "by": by.id}
        jobs.ask(db, f"{VERB}:{task.id}", name=VERB, body=body, at=at)
        return None
    return _seal(db, case, task, by=by, at=at)


def seal_large(db: Session, job: jobs.Job) -> dict[str, int | None]:
    """Write the rows of a large case and ask for its document to be sealed."""
    case = lock_case(db, job.body["case"])
    task = db.get_one(Task, UUID(job.body["task"]))
    by = person_of(db, job.body["by"], at=job.asked_at)
    document = _seal(db, case, task, by=by, at=job.asked_at)
    return {"document": document.id if document else None}


def _seal(db: Session, case: Case, task: Task, *, by: Person, at: datetime) -> Document | None:
    renewed = renewed_signature(db, task)
    first = task if renewed is None else first_task(db, renewed)
    layout = layout_of(first) if first is not None else None
    if first is None or layout is None or _still_open(db, first):
        return None

    key = f"{case.number}:{first.document}:{first.instance_id}"
    earlier = list(
        db.scalars(
            select(Document)
            .where(Document.key.startswith(f"{key}:", autoescape=True))
            .order_by(Document.id)
        )
    )
    again = [one for one in earlier if renewed and renewed.id in (one.signature_ids or ())]
    asked = _signatures(db, again[-1].signature_ids or []) if again else _new(db, first, earlier)
    standing = [standing_for(db, one) for one in asked]
    signed = [one for one in standing if one is not None]
    if not signed or len(signed) < len(standing):
        return None  # one is still asked again, or was withdrawn

    return sealing.request_sealed(
        db,
        stream=case.stream,
        layout=layout,
        record=document_of(db, case, first),
        signatures=signed,
        by=by,
        at=at,
        key=f"{key}:{len(earlier) + 1}",
        attachments=attached_to(db, case, first, by=by, at=at),
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


def _new(db: Session, task: Task, earlier: list[Document]) -> list[Signature]:
    """Return the signatures at the document's tasks that no document holds yet."""
    used = {signature for one in earlier for signature in one.signature_ids or ()}
    tasks = db.scalars(
        select(Task.id).where(Task.instance_id == task.instance_id, Task.document == task.document)
    )
    at_tasks = Signature.task_id.in_([str(task_id) for task_id in tasks])
    found = db.scalars(select(Signature).where(at_tasks).order_by(Signature.id))
    return [one for one in found if one.id not in used]


def _signatures(db: Session, ids: list[int]) -> list[Signature]:
    return list(db.scalars(select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id)))
