"""Getting ready to sign: the answers are checked, the record frozen, the nonce handed out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.cases.commands import checked_task
from engine.cases.records import layout_of
from engine.cases.signing import meaning_of, record_to_sign
from engine.cases.tasks import lock_case_of, refuse_unless_open, refuse_unless_theirs
from engine.evidence import ceremony, sealing
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person


@dataclass(frozen=True)
class DrawnUp:
    """Answers ready to be signed: what they mean, the record, the layout that prints it."""

    meaning: str
    record: RecordToSign
    layout: str | None


def draw_up(
    db: Session, task_id: UUID, raw: dict[str, Any], *, by: Person, at: datetime
) -> DrawnUp | None:
    """Check the answers and draw up the record; None when these answers need no signature.

    Raises what completing the task would raise. Print the review copy from it outside any
    transaction (`sealing.review_copy`), then call `prepare` with the copy's hash.
    """
    case, task = lock_case_of(db, task_id)
    refuse_unless_open(db, case, task)
    refuse_unless_theirs(db, case, task, by, at=at)
    answers = checked_task(db, case, task, raw, by=by, at=at).answers
    meaning = meaning_of(task.signature, answers)
    if meaning is None or case.migrating_to:
        return None
    record = record_to_sign(db, case, task, answers, review_pdf_sha256=None)
    return DrawnUp(meaning, record, layout_of(task))


def prepare(
    db: Session,
    task_id: UUID,
    raw: dict[str, Any],
    *,
    by: Person,
    session_id: str,
    at: datetime,
    review_pdf_sha256: str | None = None,
) -> PendingSign | None:
    """Freeze the record for the sign page and hand out the nonce; None when nothing is signed.

    Flushes. Signatures bind the review copy too, where there is one.
    """
    drawn = draw_up(db, task_id, raw, by=by, at=at)
    if drawn is None:
        return None
    record = RecordToSign(**{**vars(drawn.record), "review_pdf_sha256": review_pdf_sha256})
    if review_pdf_sha256 is not None and drawn.layout is not None:
        sealing.keep_review(
            db,
            stream=record.stream,
            layout=drawn.layout,
            record=record.content,
            review_sha256=review_pdf_sha256,
            by=by,
            at=at,
        )
    return ceremony.open_pending(
        db, record=record, meaning=drawn.meaning, by=by, session_id=session_id, at=at
    )
