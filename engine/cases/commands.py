"""What people do to a case: report it, complete a task, note, attach. Each is one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from engine import commands
from engine.bpmn import runtime
from engine.bpmn.models import Task
from engine.cases import answers as kept, facts, uploads
from engine.cases.agreeing import refuse_disagreement
from engine.cases.asking import accepted, form_at
from engine.cases.context import form_context
from engine.cases.costs import recording as costs
from engine.cases.models import Answer, Attachment, Case, Comment, Draft
from engine.cases.numbering import next_number
from engine.cases.reported import feeding
from engine.cases.sealing import seal_if_last
from engine.cases.signing import Signing, meaning_of, record_to_sign
from engine.cases.tasks import (
    lock_case,
    lock_case_of,
    refuse_ended,
    refuse_unless_open,
    refuse_unless_theirs,
)
from engine.cases.typed import written
from engine.errors import Conflict, Refused
from engine.evidence import ceremony, documents, ledger
from engine.evidence.documents import StoredFile
from engine.evidence.signatures import Signature
from engine.people import Person, acting_for, authorize
from engine.serials.intake import legacy
from engine.words import N_
from forms.form import Answers

PREFIX = {"nonconformance": "NC", "recall": "RC"}
DRILL_PREFIX = {"recall": "DR"}  # a series of its own: practice takes no number of a real case
WHO_REPORTS = {"nonconformance": "case.report", "recall": "recall.report"}


TITLE_LENGTH = 90

_HERE = (Draft.person_id == bindparam("person"), Draft.place == bindparam("place"))
OF_PLACE = select(Draft).where(*_HERE)
DROPPED = delete(Draft).where(*_HERE)


class AnswersChanged(Conflict):
    """Your answers were changed in another window after you checked them. Check them again."""


class SignatureNeeded(Refused):
    """This answer is signed. Check it on the next page and sign it there."""


@dataclass(frozen=True)
class Opened:
    """A case just opened: its number, and the case as stored."""

    number: str
    case_id: int


def checked(
    db: Session,
    process: str,
    element: str,
    raw: dict[str, Any],
    *,
    case: Case | None,
    by: Person,
    at: datetime,
    instance_id: int | None = None,
) -> Answers:
    """Validate what was typed against the form; raises `Invalid` with every problem."""
    form = form_at(db, process, element, instance_id=instance_id)
    context = form_context(db, case=case, by=by, at=at, instance_id=instance_id)
    answers = accepted(form, raw, context)
    if events := feeding.named_in(answers.answers):
        feeding.refuse_unknown(db, events, at=feeding.FIELD)
    return answers


def checked_task(
    db: Session, case: Case, task: Task, raw: dict[str, Any], *, by: Person, at: datetime
) -> Answers:
    """Validate what was typed at a task; raises `Invalid` with every problem."""
    answers = checked(
        db,
        task.process,
        task.element_id,
        raw,
        case=case,
        by=by,
        at=at,
        instance_id=task.instance_id,
    )
    refuse_disagreement(db, case, task, answers.answers)
    return answers


def report(
    db: Session,
    raw: dict[str, Any],
    *,
    by: Person,
    at: datetime,
    key: str,
    process: str = "nonconformance",
    language: str | None = None,
    shown_sha256: str | None = None,
    is_drill: bool = False,
) -> Opened:
    """Open a case from its start form: number, answers, diagram, ledger. `key` makes it one.

    `shown_sha256` is the fingerprint of what the person checked; raises `AnswersChanged`. A drill
    is practised on the real data under a number of its own.
    """
    authorize(by, WHO_REPORTS[process])
    asked = {"process": process, "raw": raw, "by": by.id, **({"drill": True} if is_drill else {})}
    earlier = commands.earlier_result(db, key, name="report", request=asked)
    if earlier is not None:
        return Opened(**earlier)

    _refuse_changed(raw, shown_sha256)
    answers = checked(db, process, "report", raw, case=None, by=by, at=at)
    number = next_number(db, (DRILL_PREFIX if is_drill else PREFIX)[process], at=at)
    case = Case(
        number=number,
        process=process,
        is_drill=is_drill,
        title=_title(answers.answers["description"]),
        language=language or db.info.get("language", "en"),
        opened_by_id=by.id,
        opened_at=at,
    )
    db.add(case)
    db.flush()
    _begin(db, case, answers, by=by, at=at)
    drop_draft(db, by, f"start:{process}")

    opened = {"number": number, "case_id": case.id}
    commands.remember(db, key, name="report", request=asked, result=opened, by_id=by.id, at=at)
    return Opened(number, case.id)


def _title(description: str) -> str:
    """Return the first sentence of what is wrong, as a name for the case."""
    first = description.strip().split("\n")[0]
    for stop in (". ", "。"):
        first = first.split(stop)[0]
    if len(first) <= TITLE_LENGTH:
        return first.rstrip(".")
    cut = first[: TITLE_LENGTH - 1]
    # between two words; Chinese writes none apart
    whole = cut.rpartition(" ")[0] if " " in cut[TITLE_LENGTH // 2 :] else cut
    return f"{whole.rstrip(' ,;:')}…"


def _begin(db: Session, case: Case, answers: Answers, *, by: Person, at: datetime) -> None:
    answer = kept.keep(
        db,
        case,
        task_id=kept.task_of_report(case),
        instance_id=None,
        process=case.process,
        element_id="report",
        answers=answers.answers,
        by=by,
        on_behalf_of_id=None,
        at=at,
    )
    aware = answers.answers.get("aware_at")
    if aware:
        facts.record(db, case, "awareness", aware["at"], by=by, at=at, evidence="report")
    if who := answers.answers.get("aware_by"):
        facts.record(db, case, "awareness_by", str(who), by=by, at=at, evidence="report")
    instance = runtime.start(
        db,
        case.process,
        business_key=case.number,
        variables=answers.variables,
        by=by,
        at=at,
    )
    case.instance_id = instance.id
    uploads.adopt(db, case, answers.answers, place=f"start:{case.process}", by=by, at=at)
    ledger.append(
        db,
        case.stream,
        "case_opened",
        {"number": case.number, "title": case.title, "answer_sha256": answer.sha256},
        by=by,
        at=at,
    )
    if events := feeding.named_in(answers.answers):
        feeding.feed(db, case, events, by=by, at=at)


def complete_task(
    db: Session,
    task_id: UUID,
    raw: dict[str, Any],
    *,
    by: Person,
    at: datetime,
    key: str,
    signing: Signing | None = None,
    shown_sha256: str | None = None,
) -> Task:
    """Record the answers, sign them where the task asks it, and let the diagram go on.

    Raises `TaskAlreadyDone` when a colleague got there first, `Invalid` with every problem of the
    form, `SignatureNeeded` when the answers are signed and `signing` is missing, `AnswersChanged`
    when `shown_sha256` is not their fingerprint. A repeated `key` returns the first result.
    """
    authorize(by, "task.complete")
    case, task = lock_case_of(db, task_id)  # always the case first: one lock order everywhere
    asked = {"task": str(task_id), "raw": raw, "by": by.id}
    if commands.earlier_result(db, key, name="complete_task", request=asked) is not None:
        return task

    refuse_unless_open(db, case, task)
    refuse_unless_theirs(db, case, task, by, at=at)
    _refuse_changed(raw, shown_sha256)
    answers = checked_task(db, case, task, raw, by=by, at=at)
    # nobody here signs what was decided elsewhere: quality signs the migration as a whole
    brought = legacy.named(db, case.number) if case.migrating_to else None
    signature = None
    if brought is None and not by.is_robot:  # a signature is a person's
        signature = _sign(db, case, task, answers.answers, signing, by=by, at=at)
    answer = _keep(db, case, task, answers.answers, signature, brought, by=by, at=at)
    if costs.says_effort(answers.answers):
        form = form_at(db, task.process, task.element_id, instance_id=task.instance_id)
        costs.keep_effort(db, form, answer, by=by, at=at)
    runtime.complete_task(db, task_id, variables=answers.variables, by=by, at=at)
    place = f"task:{task_id}"
    uploads.adopt(db, case, answers.answers, place=place, by=by, at=at, task_id=task_id)
    seal_if_last(db, case, task, by=by, at=at)
    drop_draft(db, by, place)
    case.version += 1
    ledger.append(
        db,
        case.stream,
        "task_completed",
        {
            "task": str(task_id),
            "element": f"{task.process}.{task.element_id}",
            "answer_sha256": answer.sha256,
            "signature": signature.id if signature else None,
            **({"migrated_from": brought} if brought else {}),
        },
        by=by,
        at=at,
    )
    commands.remember(
        db,
        key,
        name="complete_task",
        request=asked,
        result={"task": str(task_id)},
        by_id=by.id,
        at=at,
    )
    return task


def _refuse_changed(raw: dict[str, Any], shown_sha256: str | None) -> None:
    """Raise `AnswersChanged` when these are not the answers that were shown to be checked."""
    if shown_sha256 is not None and shown_sha256 != kept.answers_sha256(raw):
        raise AnswersChanged


def _sign(
    db: Session,
    case: Case,
    task: Task,
    answers: dict[str, Any],
    signing: Signing | None,
    *,
    by: Person,
    at: datetime,
) -> Signature | None:
    meaning = meaning_of(task.signature, answers)
    if meaning is None:
        return None
    if signing is None:
        raise SignatureNeeded

    shown = record_to_sign(db, case, task, answers, review_pdf_sha256=None)
    return ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=shown.sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=signing.reason,
    )


def _keep(
    db: Session,
    case: Case,
    task: Task,
    answers: dict[str, Any],
    signature: Signature | None,
    migrated_from: str | None,
    *,
    by: Person,
    at: datetime,
) -> Answer:
    answer = kept.keep(
        db,
        case,
        task_id=task.id,
        instance_id=task.instance_id,
        process=task.process,
        element_id=task.element_id,
        answers=answers,
        by=by,
        on_behalf_of_id=acting_for(by, task.role),
        at=at,
        signature_id=signature.id if signature else None,
        migrated_from=migrated_from,
    )
    task.on_behalf_of_id = answer.on_behalf_of_id
    return answer


def save_draft(db: Session, place: str, raw: dict[str, Any], *, by: Person, at: datetime) -> Draft:
    """Keep what was typed so far, unchecked, for this person and place."""
    draft = find_draft(db, place, by=by)
    if draft is None:
        draft = Draft(person_id=by.id, place=place, answers=raw, saved_at=at)
        db.add(draft)
    draft.answers, draft.saved_at = raw, at
    db.flush()
    return draft


def find_draft(db: Session, place: str, *, by: Person) -> Draft | None:
    """Return what this person has typed at a place, or None."""
    return db.scalar(OF_PLACE, {"person": by.id, "place": place})


def drop_draft(db: Session, by: Person, place: str) -> None:
    """Forget what this person has typed at a place."""
    db.execute(DROPPED, {"person": by.id, "place": place})


def comment(db: Session, case: Case, text: str, *, by: Person, at: datetime) -> Comment:
    """Add a remark to a case, open or not."""
    authorize(by, "case.comment")
    words = written(text, "text", N_("Comment"), missing=N_("Write the comment first."))

    note = Comment(case_id=case.id, text=words, by_id=by.id, at=at)
    db.add(note)
    db.flush()
    ledger.append(db, case.stream, "comment_added", {"text": words}, by=by, at=at)
    return note


def attach(db: Session, number: str, file: StoredFile, *, by: Person, at: datetime) -> Attachment:
    """Add a file, stored before (`documents.store_file`), to an open case; raises `CaseEnded`."""
    authorize(by, "case.attach")
    case = lock_case(db, number)  # no file after the entry that closes the case
    refuse_ended(case)
    stored = documents.attach_stored(db, stream=case.stream, file=file, by=by, at=at)
    attachment = Attachment(case_id=case.id, document_id=stored.id, by_id=by.id, at=at)
    db.add(attachment)
    db.flush()
    ledger.append(db, case.stream, "file_attached", {"document": stored.id}, by=by, at=at)
    return attachment
