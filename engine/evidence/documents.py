"""Documents of a case: what people attached, what they reviewed, what was sealed; see `sealing`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, Key, Ref, only_grows
from engine.errors import NotFound
from engine.evidence import ledger
from engine.evidence.file_names import name_alone, safe_name
from engine.evidence.store import DocumentStore
from engine.evidence.uploads import check_upload
from engine.people.person import Person

__all__ = ["DocumentStore"]

STATES = ("sealing", "sealed", "attached", "review")


class DocumentUnknown(NotFound):
    """There is no such document."""


class NotSealedYet(NotFound):
    """This document is being sealed. It is there in a few seconds."""


class Document(Base):
    """One file of a stream; the bytes lie in the store under `sha256`, once there are any."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint(
            "state IN (" + ", ".join(f"'{one}'" for one in STATES) + ")", name="known_state"
        ),
        CheckConstraint("(state = 'sealing') = (sha256 IS NULL)", name="bytes_unless_sealing"),
        CheckConstraint(
            "(state IN ('sealing', 'sealed')) = (record IS NOT NULL)", name="record_if_sealed"
        ),
        Index("ix_document_stream", "stream", "state"),
    )

    id: Mapped[Key]
    key: Mapped[str | None] = mapped_column(unique=True)  # asking twice is harmless
    stream: Mapped[str]
    kind: Mapped[str]  # the layout ("disposition/disposition_record"), or "attachment"
    name: Mapped[str]  # as people see it; never a path
    download_name: Mapped[str]  # as a download is saved: safe on every system
    media_type: Mapped[str]
    state: Mapped[str]
    language: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(index=True)
    bytes: Mapped[int | None]
    record: Mapped[str | None]  # canonical JSON
    signature_ids: Mapped[list[Any] | None]
    attached_ids: Mapped[list[Any] | None]
    review_sha256: Mapped[str | None]
    at: Mapped[datetime]
    by_id: Mapped[Ref | None]
    sealed_at: Mapped[datetime | None]


only_grows(
    Document,
    but=("state", "sha256", "bytes", "sealed_at"),
)


def attach(
    db: Session, *, stream: str, name: str, content: bytes, by: Person, at: datetime
) -> Document:
    """Keep an upload with a case; raises an `UploadRefused`. Flushes and writes the ledger."""
    return attach_stored(
        db, stream=stream, file=store_file(db, name=name, content=content), by=by, at=at
    )


@dataclass(frozen=True)
class StoredFile:
    """A checked file whose bytes are in the store, named by nothing yet."""

    name: str
    media_type: str
    sha256: str
    byte_count: int


def store_file(db: Session, *, name: str, content: bytes) -> StoredFile:
    """Check a file and put its bytes in the store; raises an `UploadRefused`, `NoRoomLeft`.

    It writes no row, so a reading session will do: large files reach the disk without a lock.
    """
    media_type = check_upload(name, content)
    store: DocumentStore = db.info["documents"]
    return StoredFile(name, media_type, store.put(content), len(content))


def attach_stored(
    db: Session, *, stream: str, file: StoredFile, by: Person | None, at: datetime
) -> Document:
    """Name a stored file among those of a case. Flushes and writes the ledger.

    `by` is None where it came from outside.
    """
    document = Document(
        stream=stream,
        kind="attachment",
        name=name_alone(file.name),
        download_name=safe_name(file.name),
        media_type=file.media_type,
        state="attached",
        sha256=file.sha256,
        bytes=file.byte_count,
        at=at,
        by_id=by.id if by else None,
    )
    db.add(document)
    db.flush()
    body = {"document_id": document.id, "name": document.name, "sha256": document.sha256}
    ledger.append(db, stream, "document_attached", body | {"bytes": file.byte_count}, by=by, at=at)
    return document


def document_of(db: Session, document_id: int) -> Document:
    """Return a document; raises `DocumentUnknown`."""
    document = db.get(Document, document_id)
    if document is None:
        raise DocumentUnknown
    return document


def documents_of(db: Session, stream: str, *, with_review: bool = False) -> list[Document]:
    """Return the documents of a stream, oldest first; review copies only when asked for."""
    found = select(Document).where(Document.stream == stream).order_by(Document.id)
    if not with_review:
        found = found.where(Document.state != "review")
    return list(db.scalars(found))


def content_of(db: Session, document: Document) -> bytes:
    """Return a document's bytes, held against their hash; raises `NotSealedYet`, `ContentLost`.

    Send them as a download (`Content-Disposition: attachment`, `nosniff`), never inline.
    """
    if document.sha256 is None:
        raise NotSealedYet
    store: DocumentStore = db.info["documents"]
    return store.open(document.sha256)
