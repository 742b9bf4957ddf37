"""Putting a wording of letters in force: signed by another than wrote it, and notices go on."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands
from engine.cases.models import Case
from engine.cases.notices import texts, wordings
from engine.cases.notices.models import LetterWording, Notice
from engine.cases.signing import Signing
from engine.cases.tasks import lock_case
from engine.errors import Conflict, Invalid, Refused
from engine.evidence import ceremony, layouts, ledger
from engine.evidence.canonical import moment
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person, authorize
from engine.people.queries import account_of

ACTION = "letter_wording.sign"
VERB = "put_letter_wording_in_force"


class OwnWords(Refused):
    """You wrote some of these sentences. Another person puts them in force."""


class NotTheNewest(Conflict):
    """A newer version was kept, or this one is in force already. Look at the list of versions."""


def open_signing(
    db: Session, language: str, number: int, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze every sentence for the sign page; flushes. Raises why it cannot be signed."""
    return ceremony.open_pending(
        db, record=record_of(db, _candidate(db, language, number, by)), meaning="approve", by=by,
        session_id=session_id, at=at,
    )  # fmt: skip


def _candidate(db: Session, language: str, number: int, by: Person) -> LetterWording:
    authorize(by, ACTION)
    wording = wordings.version(db, language, number)
    db.refresh(wording, with_for_update=True)
    if wording.state != "draft" or wordings.versions(db, language)[0].id != wording.id:
        raise NotTheNewest
    if by.id in wordings.writers_since(db, wording):
        raise OwnWords
    if problems := wordings.missing(wording.words):
        raise Invalid(problems)
    return wording


def record_of(db: Session, wording: LetterWording) -> RecordToSign:
    """Draw up what is signed: every sentence beside the English and the Chinese one."""
    standing = wordings.in_force(db, wording.language)
    writers = sorted(
        account_of(db, one).printed_name for one in wordings.writers_since(db, wording)
    )
    rows = [
        [one["en"], one["zh"], wording.words.get(key, "")]
        for key, one in layouts.letter_words().items()
    ]
    facts = [
        ["Language", wording.language],
        ["Version", str(wording.version)],
        ["Written by", ", ".join(writers)],
        ["Takes the place of version", str(standing.version) if standing else None],
        ["SHA-256", wording.sha256],
    ]
    content = {
        "title": "Wording of letters to consignees",
        "number": f"{wording.language} {wording.version}",
        "language": "en",
        "company": db.info.get("company"),
        "created_at": moment(wording.written_at),
        "sections": [
            {"heading": "Which wording", "rows": facts},
            {
                "heading": "Every sentence",
                "table": {"columns": ["English", "Chinese", wording.language], "rows": rows},
            },
        ],
    }
    return RecordToSign(
        stream=wordings.STREAM,
        record_type="letter_wording",
        record_id=f"{wording.language}/{wording.version}",
        record_version=1,
        content=content,
        role="regulatory_affairs",
    )


def put_in_force(
    db: Session,
    language: str,
    number: int,
    signing: Signing,
    *,
    by: Person,
    at: datetime,
    key: str,
) -> LetterWording:
    """Sign a version: new texts take it from now on, and those that waited for it are begun.

    Texts that were approved keep the sentences they were approved with. Flushes; a repeated `key`
    changes nothing. Raises `OwnWords`, `NotTheNewest`, `Invalid` with every missing sentence.
    """
    authorize(by, ACTION)
    asked = {"language": language, "version": number, "by": by.id}
    if commands.earlier_result(db, key, name=VERB, request=asked) is not None:
        return wordings.version(db, language, number)

    # all of them, so that none opens notices meanwhile and misses this; cases before all else
    open_recalls = [lock_case(db, one) for one in _open_recalls(db)]
    wording = _candidate(db, language, number, by)
    signature = ceremony.sign(
        db, signing.nonce, user_name=signing.user_name, password=signing.password,
        record_sha256=record_of(db, wording).sha256, by=by, session_id=signing.session_id, at=at,
        reason=signing.reason,
    )  # fmt: skip
    before = wordings.in_force(db, language)
    if before is not None:
        before.state = "withdrawn"
        db.flush()
    wording.state, wording.in_force_at = "in_force", at
    wording.signed_by_id, wording.signature_id = by.id, signature.id
    db.flush()
    said = {
        "language": language,
        "version": number,
        "sha256": wording.sha256,
        "replaces": before.version if before else None,
        "signature": signature.id,
    }
    ledger.append(db, wordings.STREAM, "letter_wording_in_force", said, by=by, at=at)
    for case in open_recalls:
        if _writes_in(db, case, language):
            texts.open_needed(db, case, by=by, at=at)
    commands.remember(db, key, name=VERB, request=asked, result=said, by_id=by.id, at=at)
    return wording


def _open_recalls(db: Session) -> list[str]:
    wanted = (Case.process == "recall", Case.state == "open")
    return list(db.scalars(select(Case.number).where(*wanted).order_by(Case.id)))


def _writes_in(db: Session, case: Case, language: str) -> bool:
    """Say whether an open recall has notices in a language; it may have ended meanwhile."""
    wanted = select(Notice.id).where(Notice.case_id == case.id, Notice.language == language)
    return case.state == "open" and db.scalar(wanted.limit(1)) is not None
