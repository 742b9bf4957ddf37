"""What was typed on the reply page and is not sent yet, with the files that came with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.cases import uploads
from engine.cases.replies.models import NoticeLink, ReplyDraft, ReplyUpload
from engine.db import Database
from engine.errors import Refused
from engine.evidence import documents
from engine.evidence.documents import StoredFile
from engine.evidence.store import DocumentStore

LASTS = timedelta(days=30)
MOST_FILES = 10
MOST_DRAFTS = 20  # of one link: the oldest goes


class TooManyFiles(Refused):
    """A reply takes up to %(most)s files. Send the others with another reply."""


def save(
    db: Session, link: NoticeLink, key: str, typed: Mapping[str, str], *, at: datetime
) -> ReplyDraft:
    """Keep what was typed under the key of its form; flushes."""
    draft = find(db, link, key)
    if draft is None:
        draft = ReplyDraft(link_id=link.id, key=key, typed=dict(typed), saved_at=at)
        db.add(draft)
        db.flush()
        _drop_oldest(db, link)
    else:
        draft.typed, draft.saved_at = dict(typed), at
    db.flush()
    return draft


def find(db: Session, link: NoticeLink, key: str) -> ReplyDraft | None:
    """Return what was typed under a key, None when it was sent or there is none."""
    of_key = (ReplyDraft.link_id == link.id, ReplyDraft.key == key)
    return db.scalars(select(ReplyDraft).where(*of_key)).first()


def add_file(db: Session, draft: ReplyDraft, name: str, content: bytes, *, at: datetime) -> None:
    """Keep a file with a draft, once. Raises an `UploadRefused`, `TooManyFiles`."""
    held = files_of(db, draft)
    if len(held) >= MOST_FILES:
        raise TooManyFiles(most=MOST_FILES)
    file = documents.store_file(db, name=name, content=content)
    if file.sha256 in {one.sha256 for one in held}:
        return
    db.add(
        ReplyUpload(
            draft_id=draft.id,
            sha256=file.sha256,
            name=file.name,
            media_type=file.media_type,
            bytes=file.byte_count,
            at=at,
        )
    )
    db.flush()


def files_of(db: Session, draft: ReplyDraft) -> Sequence[StoredFile]:
    """Return the files of a draft in the order they came."""
    rows = select(ReplyUpload).where(ReplyUpload.draft_id == draft.id).order_by(ReplyUpload.id)
    return [StoredFile(one.name, one.media_type, one.sha256, one.bytes) for one in db.scalars(rows)]


def drop(db: Session, draft_ids: Sequence[int]) -> list[str]:
    """Forget drafts and their files' names; return the hashes that they named. Flushes."""
    of_drafts = ReplyUpload.draft_id.in_(draft_ids)
    gone = list(db.scalars(delete(ReplyUpload).where(of_drafts).returning(ReplyUpload.sha256)))
    db.execute(delete(ReplyDraft).where(ReplyDraft.id.in_(draft_ids)))
    return gone


def drop_abandoned(database: Database, *, at: datetime) -> int:
    """Forget drafts that grew old, and the bytes of their files where nothing else names them."""
    old = select(ReplyDraft.id).where(ReplyDraft.saved_at < at - LASTS)
    with database.read() as db:
        if db.scalars(old.limit(1)).first() is None:
            return 0
    with database.begin() as db:
        ids = list(db.scalars(old))
        gone = set(drop(db, ids))
        unnamed = gone - uploads.named(db, gone)
        store: DocumentStore = db.info["documents"]
    for sha256 in unnamed:
        store.drop(sha256, at=at)
    return len(ids)


def _drop_oldest(db: Session, link: NoticeLink) -> None:
    of_link = select(ReplyDraft.id).where(ReplyDraft.link_id == link.id)
    ids = list(db.scalars(of_link.order_by(ReplyDraft.id.desc()).offset(MOST_DRAFTS)))
    if ids:
        drop(db, ids)
