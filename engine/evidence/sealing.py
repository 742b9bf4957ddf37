"""Sealed documents, made in two stages: the copy that is reviewed, the file that is sealed.

When the sign page opens, the edge calls `review_copy` (outside any transaction): signatures bind
its hash. After the last signature the command calls `request_sealed`; a job (`seal_document`)
prints the same record with its signatures, attaches

* `record.json`, the record as data (its SHA-256 stands at the foot of every page),
* `review-1.pdf` …, each copy that a signature binds,
* `signed-1.json` …, each record text that a signature binds,
* `signatures.json`, the signers' assertions with their seals,

seals the file and stores it. Until then the document's state is "sealing". The same record drawn
up again, after a correction or a reopening, is a new version; the earlier one stays as it was.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.db import Database
from engine.evidence import ledger
from engine.evidence.canonical import canonical, canonical_text
from engine.evidence.documents import Document, DocumentUnknown, document_of
from engine.evidence.file_names import review_name, sealed_name
from engine.evidence.render import render_pdf
from engine.evidence.seal import Seal
from engine.evidence.shown import shown
from engine.evidence.signatures import Signature, SignedRecord
from engine.evidence.store import DocumentStore
from engine.people.person import Person


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
        download_name=review_name(record["number"], layout, review_sha256),
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

    name = f"{record['number']} {record['title']}.pdf"
    version = _version(db, stream, layout, name)
    if version > 1:
        record = {**record, "version": version}
    document = Document(
        key=key,
        stream=stream,
        kind=layout,
        name=name,
        download_name=sealed_name(record["number"], layout, version),
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


def _version(db: Session, stream: str, layout: str, name: str) -> int:
    earlier = select(func.count(Document.id)).where(
        Document.stream == stream,
        Document.kind == layout,
        Document.name == name,
        Document.state.in_(("sealing", "sealed")),
    )
    return (db.scalar(earlier) or 0) + 1


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
    """Return the attached uploads, each under a name of its own; the page lists them by hash."""
    store: DocumentStore = db.info["documents"]
    ids = document.attached_ids or []
    rows = db.scalars(select(Document).where(Document.id.in_(ids)).order_by(Document.id))
    return [
        _file(
            f"attachment-{one.id}-{one.download_name}",
            store.open(one.sha256),
            one.name,
            "Supplement",
        )
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
