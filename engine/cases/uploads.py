"""Files on their way into a case: a person's own until the answer that names them is accepted.

A form that is refused keeps its files with the person's draft. They become files of the case in
the transaction that accepts the answer; what is left of a draft that went or grew old is dropped.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.cases.models import Attachment, Case, Draft, Upload
from engine.cases.replies.models import ReplyUpload
from engine.db import Database
from engine.evidence import documents
from engine.evidence.documents import Document, StoredFile
from engine.evidence.file_names import name_alone
from engine.evidence.signatures import Signature
from engine.evidence.store import DocumentStore
from engine.evidence.uploads import check_upload
from engine.outbox import Outgoing
from engine.people import Person
from engine.serials.models import Certificate, ImportFile

UNNAMED_FOR = timedelta(days=1)  # not named by any draft: one is being saved, or it was taken away
ABANDONED_FOR = timedelta(days=30)  # since the draft that names it was last saved


def keep_upload(
    db: Session, place: str, *, name: str, content: bytes, by: Person, at: datetime
) -> Upload:
    """Keep a file with a person's draft, once however often it is sent; flushes.

    Raises an `UploadRefused` for a file that is not what it says, `NoRoomLeft`.
    """
    media_type = check_upload(name, content)
    store: DocumentStore = db.info["documents"]
    sha256 = store.put(content)
    known = db.scalar(
        select(Upload).where(
            Upload.person_id == by.id, Upload.place == place, Upload.sha256 == sha256
        )
    )
    if known is not None:
        known.at = at
        return known

    upload = Upload(
        person_id=by.id,
        place=place,
        sha256=sha256,
        name=name_alone(name),
        media_type=media_type,
        bytes=len(content),
        at=at,
    )
    db.add(upload)
    db.flush()
    return upload


def upload_of(db: Session, sha256: str, *, by: Person) -> Upload | None:
    """Return a file that this person has sent with a form, at whatever place."""
    return db.scalars(
        select(Upload).where(Upload.person_id == by.id, Upload.sha256 == sha256)
    ).first()


def adopt(
    db: Session,
    case: Case,
    answers: Mapping[str, Any],
    *,
    place: str,
    by: Person,
    at: datetime,
    task_id: UUID | None = None,
) -> None:
    """Make the files that accepted answers name files of the case, each once; flushes.

    `place` is that of the draft the answers come from: the same file in another draft stays.
    Call it in the transaction that accepts the answers. Writes the ledger for each new file.
    """
    hashes = sorted({one["sha256"] for value in answers.values() for one in _files(value)})
    for sha256 in hashes:
        found = file_of(db, case.stream, sha256) or _taken_up(db, case, sha256, by=by, at=at)
        if found is not None:
            _note(db, case, found, task_id, by=by, at=at)
    if hashes:
        here = (Upload.person_id == by.id, Upload.place == place)
        db.execute(delete(Upload).where(*here, Upload.sha256.in_(hashes)))
        db.flush()


def _files(value: Any) -> list[dict[str, Any]]:
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict) and "media_type" in row]


def _taken_up(db: Session, case: Case, sha256: str, *, by: Person, at: datetime) -> Document | None:
    upload = upload_of(db, sha256, by=by)
    if upload is None:
        return None
    file = StoredFile(upload.name, upload.media_type, sha256, upload.bytes)
    return documents.attach_stored(db, stream=case.stream, file=file, by=by, at=at)


def _note(
    db: Session, case: Case, found: Document, task_id: UUID | None, *, by: Person, at: datetime
) -> None:
    known = select(Attachment.id).where(
        Attachment.case_id == case.id,
        Attachment.document_id == found.id,
        Attachment.task_id == task_id,
    )
    if db.scalars(known).first() is None:
        db.add(
            Attachment(case_id=case.id, task_id=task_id, document_id=found.id, by_id=by.id, at=at)
        )


def file_of(db: Session, stream: str, sha256: str) -> Document | None:
    """Return a file of the case by its content."""
    return db.scalars(
        select(Document)
        .where(Document.stream == stream, Document.sha256 == sha256, Document.state == "attached")
        .order_by(Document.id)
    ).first()


def forget(db: Session, place: str, *, by: Person) -> None:
    """Forget what was sent with a draft that is done: its files have other names now. Flushes."""
    db.execute(delete(Upload).where(Upload.person_id == by.id, Upload.place == place))
    db.flush()


def drop_abandoned(database: Database, *, at: datetime) -> int:
    """Drop the files of drafts that went or grew old, and their bytes where nothing names them.

    The rows go first: a crash in between leaves bytes that nobody names, never a name without
    bytes. Bytes that somebody sent again in the last day stay (`DocumentStore.drop`).
    """
    with database.read() as db:  # most hours nothing is due, and nobody need wait for us
        if not _abandoned(db, at=at):
            return 0
    with database.begin() as db:
        gone = _drop_rows(db, at=at)
        unnamed = set(gone) - named(db, set(gone))
        store: DocumentStore = db.info["documents"]
    for sha256 in unnamed:
        store.drop(sha256, at=at)
    return len(gone)


def _drop_rows(db: Session, *, at: datetime) -> list[str]:
    # asked again here: a file may have been sent again, or a draft saved, since we looked
    due = Upload.id.in_(_abandoned(db, at=at))
    # and once more as each row is taken, by whoever has just had it in hand
    unnamed_still = Upload.at < at - UNNAMED_FOR
    return list(db.scalars(delete(Upload).where(due, unnamed_still).returning(Upload.sha256)))


def _abandoned(db: Session, *, at: datetime) -> list[int]:
    old = list(db.scalars(select(Upload).where(Upload.at < at - UNNAMED_FOR)))
    places = {one.place for one in old}
    drafts = {
        (draft.person_id, draft.place): draft
        for draft in db.scalars(select(Draft).where(Draft.place.in_(places)))
    }
    return [
        one.id for one in old if not _is_wanted(one, drafts.get((one.person_id, one.place)), at)
    ]


def _is_wanted(upload: Upload, draft: Draft | None, at: datetime) -> bool:
    if draft is None or draft.saved_at < at - ABANDONED_FOR:
        return False
    return upload.sha256 in json.dumps(draft.answers)


def named(db: Session, hashes: set[str]) -> set[str]:
    """Return which bytes something else names: files, signed copies, mail, papers, imports."""
    columns = (
        Upload.sha256,
        Document.sha256,
        Signature.review_pdf_sha256,
        Outgoing.sent_sha256,
        Certificate.file_sha256,
        ImportFile.sha256,
        ReplyUpload.sha256,
    )
    return {
        one
        for column in columns
        for one in db.scalars(select(column).where(column.in_(hashes)))
        if one
    }
