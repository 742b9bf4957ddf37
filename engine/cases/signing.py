"""What is signed: the meaning an answer carries, and the record exactly as it is shown."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Definition, Instance, Task
from engine.cases.models import Case
from engine.cases.records import record_of
from engine.evidence.signatures import RecordToSign


@dataclass(frozen=True)
class Signing:
    """What a person brings to sign: the ceremony's number and their two components.

    `user_name` is needed for the first signing of a session only (21 CFR 11.200(a)(1)).
    """

    nonce: str
    password: str
    session_id: str
    user_name: str | None = None
    reason: str | None = None


def signs_always(signature: str | None) -> bool:
    """Say whether a task is signed whatever is answered."""
    return (signature or "").startswith("*:")


def meaning_of(signature: str | None, answers: dict[str, Any]) -> str | None:
    """Return what signing these answers means, or None when they need no signature.

    `signature` is the task's property: `*:close`, or `decision=approve:approve, reject:reject`.
    """
    if not signature:
        return None
    if signs_always(signature):
        return signature[2:].strip()

    field, _, cases = signature.partition("=")
    meanings = dict(pair.strip().split(":") for pair in cases.split(","))
    return meanings.get(str(answers.get(field.strip())))


def record_to_sign(
    db: Session,
    case: Case,
    task: Task,
    answers: dict[str, Any],
    *,
    review_pdf_sha256: str | None,
) -> RecordToSign:
    """Draw up exactly what the person will see and sign; the same facts give the same record."""
    instance = db.get_one(Instance, task.instance_id)
    return RecordToSign(
        stream=case.stream,
        record_type=task.document or f"{task.process}.{task.element_id}",
        record_id=str(task.id),
        record_version=1,
        content=record_of(db, case, task, answers),
        language=case.language,
        review_pdf_sha256=review_pdf_sha256,
        process=task.process,
        process_version=db.get_one(Definition, instance.definition_id).sha256,
        task_id=str(task.id),
        role=task.role,
    )
