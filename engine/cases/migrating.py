"""Bringing another system's open case to the step it had come to there, signed by quality.

The case is reported here like any other, so its goods are held. Then the answers of the steps
before are written down by a person, each marked with where it was decided and signed by nobody;
quality signs them all at once, and from then on every step is done and signed as usual.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.models import Answer, Attachment, Case
from engine.cases.overview import roots_of
from engine.cases.records.sections import (
    Section,
    balance as balance_section,
    head,
    kept_answers,
    sources,
    subjects,
)
from engine.cases.signing import Signing
from engine.cases.tasks import BEFORE, lock_case, open_tasks, printed_name, refuse_ended
from engine.errors import Conflict, NotAllowed
from engine.evidence import ceremony, ledger
from engine.evidence.documents import Document
from engine.evidence.signatures import PendingSign, RecordToSign, Signature
from engine.people import Person, authorize
from engine.serials.errors import NothingDescribed
from engine.serials.intake import legacy
from engine.serials.models import LegacyCase
from engine.words import N_, say
from forms import words


class AlreadyUnderWay(Conflict):
    """Case %(number)s is under way already. Report the migrated case anew, then bring it over."""


class NotMigrating(Conflict):
    """Case %(number)s is not being brought over. Look at its history."""


class StillToAnswer(Conflict):
    """Steps before “%(step)s” are still open. Write down what was decided there first."""


class MigratedByYou(NotAllowed):
    """You wrote down what was decided in the other system, so someone else must sign for it."""


def begin(db: Session, legacy_id: int, number: str, step: str, *, by: Person, at: datetime) -> Case:
    """Say that a case just reported goes on with another system's, and at which step; flushes.

    From now on the steps before take migrated answers, and no other step takes any.
    """
    authorize(by, "case.migrate")
    if step not in BEFORE:
        raise NothingDescribed(kind="task", id=step)
    case = lock_case(db, number)
    refuse_ended(case)
    answered = [one.element_id for one in kept.standing(db, case)]
    if answered != ["report"] or legacy.behind(db, number) is not None:
        raise AlreadyUnderWay(number=number)

    there = legacy.go_on_as(db, legacy_id, number, by=by, at=at)
    case.migrating_to = step
    case.version += 1
    body = {"source": there.source, "number": there.number, "step": step}
    ledger.append(db, case.stream, "case_migration_begun", body, by=by, at=at)
    db.flush()
    return case


def to_answer(db: Session, case: Case) -> list[Task]:
    """Return the open steps before the one that a case is brought to."""
    if not case.migrating_to:
        return []
    return list(
        db.scalars(
            open_tasks(case.number)
            .where(Task.element_id.in_(BEFORE[case.migrating_to]))
            .order_by(Task.opened_at)
        )
    )


def open_signing(
    db: Session, number: str, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze the migration for the sign page; flushes. Raises why it cannot be signed."""
    case = lock_case(db, number)
    there = _refuse(db, case, by)
    return ceremony.open_pending(
        db,
        record=record_of(db, case, there),
        meaning="approve",
        by=by,
        session_id=session_id,
        at=at,
    )


def sign(db: Session, number: str, signing: Signing, *, by: Person, at: datetime) -> Signature:
    """Sign a migration as a whole; every step after it is done and signed as usual. Flushes."""
    case = lock_case(db, number)
    there = _refuse(db, case, by)
    signature = ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=record_of(db, case, there).sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=signing.reason,
    )
    body = {
        "source": there.source,
        "number": there.number,
        "step": case.migrating_to,
        "signature": signature.id,
        "answers": [one.sha256 for one in _migrated(db, case)],
    }
    ledger.append(db, case.stream, "case_migrated", body, by=by, at=at)
    case.migrating_to = None
    case.version += 1
    db.flush()
    return signature


def record_of(db: Session, case: Case, there: LegacyCase) -> RecordToSign:
    """Draw up what is signed: the case there, the answers written down, the files, the balance."""
    answers = _migrated(db, case)
    content = {
        **head(db, case, title=N_("Migration of a case"), number=case.number),
        "sources": sources(answers),
        "sections": [
            _as_it_came(db, case, there),
            subjects(db, case),
            *kept_answers(db, case, answers),
            *_files(db, case),
            balance_section(db, case),
        ],
    }
    return RecordToSign(
        stream=case.stream,
        record_type="case_migration",
        record_id=case.number,
        record_version=case.version,
        content=content,
        language=case.language,
        process=case.process,
        role="qa_manager",
    )


def step_named(db: Session, case: Case) -> str:
    """Return what the diagram calls the step that a case is brought to."""
    name = db.scalar(
        select(Task.name)
        .where(Task.root_id.in_(roots_of(case)), Task.element_id == case.migrating_to)
        .limit(1)
    )
    return name or case.migrating_to or ""


def _migrated(db: Session, case: Case) -> list[Answer]:
    return [one for one in kept.standing(db, case) if one.migrated_from]


def _refuse(db: Session, case: Case, by: Person) -> LegacyCase:
    authorize(by, "case.accept_migration")
    refuse_ended(case)
    there = legacy.behind(db, case.number)
    if not case.migrating_to or there is None:
        raise NotMigrating(number=case.number)
    given = {there.continued_by_id, *(one.by_id for one in _migrated(db, case))}
    if given & {by.id, *(principal for _, principal in by.on_behalf_of)}:
        raise MigratedByYou
    if to_answer(db, case):
        raise StillToAnswer(step=step_named(db, case))
    return there


def _as_it_came(db: Session, case: Case, there: LegacyCase) -> Section:
    language = case.language
    rows = (
        (N_("System"), there.source),
        (N_("Number there"), there.number),
        (N_("Title"), there.title),
        (N_("Opened on"), there.opened_on.isoformat()),
        (N_("Step there"), there.step or "–"),
        (N_("Goes on here at"), words.say(step_named(db, case), language)),
        (N_("Written down by"), printed_name(db, there.continued_by_id)),
    )
    return {
        "heading": say(N_("Case of another system"), language),
        "rows": [[say(label, language), value] for label, value in rows],
        "text": there.description,
    }


def _files(db: Session, case: Case) -> list[Section]:
    found = db.execute(
        select(Document.name, Document.sha256)
        .join(Attachment, Attachment.document_id == Document.id)
        .where(Attachment.case_id == case.id)
        .order_by(Attachment.id)
    ).all()
    if not found:
        return []
    return [
        {
            "heading": say(N_("Files of the case"), case.language),
            "rows": [[name, sha256] for name, sha256 in found],
        }
    ]
