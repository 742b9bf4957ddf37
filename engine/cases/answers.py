"""What people answered: kept as versions, never rewritten."""

import hashlib
import json
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from engine.cases.models import Answer, Case
from engine.people.person import Person

START_FORMS = UUID("5f0c1f0e-6a43-4c55-9a0e-2f7a5d7b8c11")  # names the answer of a start form

_later = aliased(Answer)
REPLACED = select(_later.id).where(_later.supersedes_id == Answer.id).exists()


def answers_sha256(answers: dict[str, Any]) -> str:
    """Return the fingerprint of answers as they are kept (key order counts for nothing)."""
    text = json.dumps(answers, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def task_of_report(case: Case) -> UUID:
    """Return what a report is kept under: a start form has no task."""
    return uuid5(START_FORMS, case.number)


def keep(
    db: Session,
    case: Case,
    *,
    task_id: UUID,
    instance_id: int | None,
    process: str,
    element_id: str,
    answers: dict[str, Any],
    by: Person,
    on_behalf_of_id: int | None,
    at: datetime,
    signature_id: int | None = None,
    corrects: Answer | None = None,
    reason: str | None = None,
    migrated_from: str | None = None,
) -> Answer:
    """Write one answer, or a new version that corrects an earlier one for a reason. Flushes."""
    answer = Answer(
        case_id=case.id,
        instance_id=instance_id,
        task_id=task_id,
        process=process,
        element_id=element_id,
        version=corrects.version + 1 if corrects else 1,
        answers=answers,
        sha256=answers_sha256(answers),
        by_id=by.id,
        on_behalf_of_id=on_behalf_of_id,
        at=at,
        signature_id=signature_id,
        supersedes_id=corrects.id if corrects else None,
        reason=reason,
        migrated_from=migrated_from,
    )
    db.add(answer)
    db.flush()
    return answer


def standing(
    db: Session,
    case: Case,
    *,
    process: str | None = None,
    element_id: str | None = None,
    instance_id: int | None = None,
) -> list[Answer]:
    """Return the answers that no later version replaces, oldest first; the names narrow it."""
    narrow = {"process": process, "element_id": element_id, "instance_id": instance_id}
    given = {name: wanted for name, wanted in narrow.items() if wanted is not None}
    return list(db.scalars(_standing(*given), {"case_id": case.id, **given}))


@cache
def _standing(*names: str) -> Select[Answer]:
    """Return the query; it is asked at every step and takes longer to build than to run."""
    asked = [getattr(Answer, name) == bindparam(name) for name in ("case_id", *names)]
    return select(Answer).where(*asked, ~REPLACED).order_by(Answer.id)


def latest(
    db: Session, case: Case, process: str, element_id: str, *, instance_id: int | None = None
) -> Answer | None:
    """Return what stands of the last answer at an element, or None when nobody answered it."""
    found = standing(db, case, process=process, element_id=element_id, instance_id=instance_id)
    return found[-1] if found else None
