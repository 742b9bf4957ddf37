"""Documents of a case: what people attached, what they reviewed, what was sealed.

A sealed document is made in two stages. When the sign page opens, the edge calls `review_copy`
(outside any transaction): signatures bind its hash. After the last signature the command calls
`request_sealed`; a job (`seal_document`) prints the same record with its signatures, attaches

* `record.json`, the record as data (its SHA-256 stands at the foot of every page),
* `review-1.pdf` …, each copy that a signature binds,
* `signed-1.json` …, each record text that a signature binds,
* `signatures.json`, the signers' assertions with their seals,

seals the file and stores it. Until then the document's state is "sealing".
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import clock, jobs
from engine.db import Base, Database, Key, Ref, only_grows
from engine.errors import NotFound
from engine.evidence import ledger
from engine.evidence.canonical import canonical, canonical_text
from engine.evidence.render import render_pdf
from engine.evidence.seal import Seal
from engine.evidence.shown import shown
from engine.evidence.signatures import Signature, SignedRecord
from engine.evidence.store import DocumentStore
from engine.evidence.uploads import check_upload, extension_of
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
    download_name: Mapped[str]  # random: nothing a person typed reaches a header or a disk
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
    Document.__table__,  # type: ignore[arg-type]  # a Table, typed as FromClause
    but=("state", "sha256", "bytes", "sealed_at"),
)


# --- what people attach ----------------------------------------------------------------------


def attach(
    db: Session, *, stream: str, name: str, content: bytes, by: Person, at: datetime
) -> Document:
    """Keep an upload with a case; raises an `UploadRefused`. Flushes and writes the ledger."""
    media_type = check_upload(name, content)
    store: DocumentStore = db.info["documents"]
    document = Document(
        stream=stream,
        kind="attachment",
        name=name.replace("\\", "/").rsplit("/", 1)[-1],
        download_name=f"{secrets.token_hex(8)}.{extension_of(name)}",
        media_type=media_type,
        state="attached",
        sha256=store.put(content),
        bytes=len(content),
        at=at,
        by_id=by.id,
    )
    db.add(document)
    db.flush()
    body = {"document_id": document.id, "name": document.name, "sha256": document.sha256}
    ledger.append(db, stream, "document_attached", body | {"bytes": len(content)}, by=by, at=at)
    return document


# --- what is reviewed ------------------------------------------------------------------------


def review_copy(store: DocumentStore, *, layout: str, record: Mapping[str, Any]) -> str:
    """Print and keep the copy that a sign page shows; return its SHA-256.

    Takes a third of a second or more: call it outside any transaction. The same record gives the
    same copy.
    """
    pdf = render_pdf(
        layout, record, language=record["language"], attachments=[_record_json(record)]
    )
    return store.put(pdf)


def keep_review(
    db: Session,
    *,
    stream: str,
    layout: str,
    record: Mapping[str, Any],
    review_sha256: str,
    by: Person,
    at: datetime,
) -> Document:
    """Name a review copy among the documents of its stream, once; flushes."""
    known = select(Document).where(
        Document.stream == stream, Document.sha256 == review_sha256, Document.state == "review"
    )
    if (document := db.scalars(known).first()) is not None:
        return document

    store: DocumentStore = db.info["documents"]
    document = Document(
        stream=stream,
        kind=layout,
        name=f"{record['number']} {record['title']}.pdf",
        download_name=f"{secrets.token_hex(8)}.pdf",
        media_type="application/pdf",
        state="review",
        language=record["language"],
        sha256=review_sha256,
        bytes=store.path(review_sha256).stat().st_size,
        at=at,
        by_id=by.id,
    )
    db.add(document)
    db.flush()
    return document


# --- what is sealed --------------------------------------------------------------------------


def request_sealed(
    db: Session,
    *,
    stream: str,
    layout: str,
    record: Mapping[str, Any],
    signatures: Sequence[Signature],
    by: Person | None,
    at: datetime,
    key: str,
    review_sha256: str | None = None,
    attachments: Iterable[Document] = (),
) -> Document:
    """Ask for a record to be sealed with its signatures; flushes.

    The page says "being sealed" until the job is done. `key` makes asking twice harmless.
    """
    known = db.scalars(select(Document).where(Document.key == key)).one_or_none()
    if known is not None:
        return known

    document = Document(
        key=key,
        stream=stream,
        kind=layout,
        name=f"{record['number']} {record['title']}.pdf",
        download_name=f"{secrets.token_hex(8)}.pdf",
        media_type="application/pdf",
        state="sealing",
        language=record["language"],
        record=canonical_text(record),
        signature_ids=[one.id for one in signatures],
        attached_ids=[one.id for one in attachments],
        review_sha256=review_sha256,
        at=at,
        by_id=by.id if by else None,
    )
    db.add(document)
    db.flush()
    body = {"document_id": document.id}
    jobs.ask(db, f"seal_document:{key}", name="seal_document", body=body, at=at)
    return document


@dataclass(frozen=True)
class Drawn:
    """A printed document before its seal."""

    pdf: bytes
    attached: dict[str, str]  # name → SHA-256


class SealDocument:
    """The job that prints, seals and stores a document.

    Printing takes from a third of a second to some seconds. A worker that calls `prepare` with the
    database before it opens the job's transaction keeps that time out of the transaction; without
    it the work is done inside.
    """

    def __init__(self) -> None:
        self._prepared: dict[int, Drawn] = {}
        self._lock = Lock()

    def prepare(self, database: Database, job: jobs.Job) -> None:
        """Print ahead, outside any transaction."""
        with database.read() as db:
            document = document_of(db, job.body["document_id"])
            parts = _parts(db, document) if document.state == "sealing" else None
        if parts is not None:
            drawn = _draw(document, parts)
            with self._lock:
                self._prepared[document.id] = drawn

    def __call__(self, db: Session, job: jobs.Job) -> dict[str, Any]:
        """Seal the document that `job.body["document_id"]` names; doing it twice is harmless."""
        document = db.get(Document, job.body["document_id"], with_for_update=True)
        if document is None:
            raise DocumentUnknown
        with self._lock:
            drawn = self._prepared.pop(document.id, None)
        if document.state == "sealing":
            drawn = drawn or _draw(document, _parts(db, document))
            _seal(db, document, drawn, at=clock.now())
        return {"document_id": document.id, "sha256": document.sha256}


seal_document = SealDocument()


def _seal(db: Session, document: Document, drawn: Drawn, *, at: datetime) -> None:
    seal: Seal = db.info["seal"]
    store: DocumentStore = db.info["documents"]
    sealed = seal.seal_pdf(drawn.pdf, at=at, reason=document.name.removesuffix(".pdf"))
    document.sha256, document.bytes = store.put(sealed), len(sealed)
    document.state, document.sealed_at = "sealed", at
    db.flush()
    body = {
        "document_id": document.id,
        "kind": document.kind,
        "name": document.name,
        "sha256": document.sha256,
        "bytes": document.bytes,
        "unsealed_sha256": sha256(drawn.pdf).hexdigest(),
        "record_sha256": ledger.hash_of(document.record or ""),
        "signature_ids": document.signature_ids,
        "attached": drawn.attached,
        "seal_key_id": seal.key_id,
    }
    ledger.append(db, document.stream, "document_sealed", body, by=None, at=at)


@dataclass(frozen=True)
class _Parts:
    """What goes into a sealed document, read from the database."""

    signatures: list[dict[str, Any]]
    attachments: list[dict[str, Any]]


def _parts(db: Session, document: Document) -> _Parts:
    ids = document.signature_ids or []
    found = list(db.scalars(select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id)))
    return _Parts(
        signatures=[shown(db, one) for one in found],
        attachments=[
            _record_json(json.loads(document.record or "{}")),
            *_signed_files(db, found),
            *_review_files(db, document, found),
            *_uploads(db, document),
        ],
    )


def _draw(document: Document, parts: _Parts) -> Drawn:
    pdf = render_pdf(
        document.kind,
        json.loads(document.record or "{}"),
        language=document.language or "en",
        signatures=parts.signatures,
        attachments=parts.attachments,
    )
    hashes = {one["name"]: sha256(one["content"]).hexdigest() for one in parts.attachments}
    return Drawn(pdf, hashes)


def _record_json(record: Mapping[str, Any]) -> dict[str, Any]:
    return _file("record.json", canonical(record), "The record as data", "Source")


def _signed_files(db: Session, found: Sequence[Signature]) -> list[dict[str, Any]]:
    """Return the assertions, and each record text that they bind."""
    assertions = [
        {"assertion": one.assertion, "seal": one.seal, "seal_key_id": one.seal_key_id}
        for one in found
    ]
    hashes = list(dict.fromkeys(one.record_sha256 for one in found))
    texts = [db.get_one(SignedRecord, one).content for one in hashes]
    return [
        _file("signatures.json", canonical(assertions), "The signers' sealed assertions", "Data"),
        *(
            _file(f"signed-{number}.json", text.encode(), "A record as it was signed", "Data")
            for number, text in enumerate(texts, 1)
        ),
    ]


def _review_files(
    db: Session, document: Document, found: Sequence[Signature]
) -> list[dict[str, Any]]:
    store: DocumentStore = db.info["documents"]
    named = [*(one.review_pdf_sha256 for one in found), document.review_sha256]
    return [
        _file(f"review-{number}.pdf", store.open(one), "The copy that was reviewed", "Alternative")
        for number, one in enumerate(dict.fromkeys(filter(None, named)), 1)
    ]


def _uploads(db: Session, document: Document) -> list[dict[str, Any]]:
    """Return the attached uploads under their random names; the page lists them by hash."""
    store: DocumentStore = db.info["documents"]
    ids = document.attached_ids or []
    rows = db.scalars(select(Document).where(Document.id.in_(ids)).order_by(Document.id))
    return [
        _file(f"attachment-{one.download_name}", store.open(one.sha256), one.name, "Supplement")
        for one in rows
        if one.sha256
    ]


def _file(name: str, content: bytes, description: str, relationship: str) -> dict[str, Any]:
    return {
        "name": name,
        "content": content,
        "description": description,
        "relationship": relationship,
    }


# --- reading ---------------------------------------------------------------------------------


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
