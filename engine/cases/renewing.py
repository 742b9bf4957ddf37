"""Signatures asked again: what a voided signature was given on is shown corrected, and signed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.bpmn.models import Instance, Task
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.db import Base, KeyType, only_grows
from engine.evidence.meanings import sentence
from engine.evidence.signatures import Signature, SignatureVoided
from engine.people import Person
from engine.words import N_, say

PROCESS = "signature_renewal"
WITHDRAWN = ("reject",)  # what signing means when it is given to withdraw


class Renewal(Base):
    """Which voided signature a renewal asks again."""

    __tablename__ = "renewal"

    instance_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("process_instance.id"), primary_key=True, autoincrement=False
    )
    signature_id: Mapped[int] = mapped_column(KeyType, ForeignKey("signature.id"), unique=True)


only_grows(Renewal)


def ask_again(
    db: Session, case: Case, signature: Signature, *, by: Person, at: datetime
) -> Instance:
    """Ask the role that gave a voided signature to give it again; flushes."""
    renewal = open_child(db, case, PROCESS, by=by, at=at)
    db.add(Renewal(instance_id=renewal.id, signature_id=signature.id))
    asked = db.scalars(select(Task).where(Task.instance_id == renewal.id)).one()
    # whoever signed in that role, or a colleague of the role, signs again: never who may not
    asked.role = signature.role or asked.role
    if (first := first_task(db, signature)) is not None:
        asked.separate_from, asked.qualification = first.separate_from, first.qualification
    db.flush()
    return renewal


def renewed_signature(db: Session, task: Task) -> Signature | None:
    """Return the voided signature that a task asks again, None for any other task."""
    if task.process != PROCESS:
        return None
    renewal = db.get(Renewal, task.instance_id)
    return db.get(Signature, renewal.signature_id) if renewal else None


def first_task(db: Session, signature: Signature) -> Task | None:
    """Return the task where a signature was first given, however often it was asked again."""
    task = db.get(Task, UUID(signature.task_id)) if signature.task_id else None
    if task is None:
        return None
    earlier = renewed_signature(db, task)
    return first_task(db, earlier) if earlier is not None else task


def standing_for(db: Session, signature: Signature) -> Signature | None:
    """Return the signature that stands now in the place of one: itself, or what was given again.

    None while it is asked again, and where it was withdrawn.
    """
    if db.get(SignatureVoided, signature.id) is None:
        return signature
    task_id = db.scalar(
        select(Task.id)
        .join(Renewal, Renewal.instance_id == Task.instance_id)
        .where(Renewal.signature_id == signature.id, Task.element_id == "sign_again")
    )
    again = db.scalar(
        select(Signature).where(
            Signature.task_id == str(task_id), Signature.meaning.not_in(WITHDRAWN)
        )
    )
    return standing_for(db, again) if again is not None else None


def sections(db: Session, case: Case, task: Task) -> list[dict[str, Any]]:
    """Return what a renewal shows above the person's own answer: the signature that was voided."""
    signature = renewed_signature(db, task)
    if signature is None:
        return []
    language = case.language
    return [
        {
            "heading": say(N_("Signature that is asked again"), language),
            "rows": [
                [say(N_("Given by"), language), signature.printed_name],
                [say(N_("Meaning"), language), sentence(signature.meaning, language)],
                [say(N_("Given at"), language), signature.at.isoformat()],
                [say(N_("On"), language), signature.record_type],
            ],
        }
    ]
