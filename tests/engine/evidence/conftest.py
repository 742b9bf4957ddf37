"""A seal, a document store and people who may sign, for every test of evidence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.db import Database
from engine.evidence import ceremony, documents, failures, ledger, sealing
from engine.evidence.documents import Document, DocumentStore
from engine.evidence.render import end_worker
from engine.evidence.seal import Seal
from engine.evidence.signatures import RecordToSign, Signature
from engine.people.models import PersonAccount
from engine.people.passwords import Hashing
from engine.people.person import Person
from tests.engine.evidence import samples
from tests.support.personas import People

PASSWORD = "seven grey herons wade"
CASE = "case:NC-2026-0007"
HASHING = Hashing(memory_kib=64, passes=1, lanes=1)
PASSWORD_HASH = HASHING.hash(PASSWORD)


@pytest.fixture(scope="session")
def seal(tmp_path_factory: pytest.TempPathFactory) -> Seal:
    return Seal.made(
        tmp_path_factory.mktemp("seal"),
        company="Lakeside Infusion Ltd",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents")


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.fixture
def info(seal: Seal, store: DocumentStore, witness: Path) -> dict[str, Any]:
    return {"seal": seal, "documents": store, "hashing": HASHING, "witness": witness}


@pytest.fixture(scope="session", autouse=True)
def no_worker_left_behind():
    yield
    end_worker()


def enrol(db: Session, person: Person, *, at: datetime, **more: Any) -> None:
    db.merge(
        PersonAccount(
            **{
                "id": person.id,
                "user_name": person.user_name,
                "printed_name": person.printed_name,
                "opened_at": at - timedelta(days=30),
                "identity_verified_at": at - timedelta(days=29),
                "identity_evidence": "passport seen",
                "password_hash": PASSWORD_HASH,
                "password_set_at": at - timedelta(days=28),
                "password_set_by_id": person.id,
                **more,
            }
        )
    )
    db.flush()


@dataclass
class Desk:
    """Where people sign: one database, everyone enrolled."""

    database: Database
    people: People
    at: datetime

    def pending(
        self, record: RecordToSign, *, meaning: str = "approve", by: Person, session: str = "s1"
    ) -> str:
        with self.database.begin() as db:
            return ceremony.open_pending(
                db, record=record, meaning=meaning, by=by, session_id=session, at=self.at
            ).nonce

    def sign(
        self,
        record: RecordToSign,
        *,
        by: Person,
        meaning: str = "approve",
        session: str = "s1",
        password: str = PASSWORD,
        user_name: str | None = "own",
        at: datetime | None = None,
        nonce: str | None = None,
        reason: str | None = None,
    ) -> Signature:
        nonce = nonce or self.pending(record, meaning=meaning, by=by, session=session)
        with self.database.begin() as db:
            return ceremony.sign(
                db,
                nonce,
                user_name=by.user_name if user_name == "own" else user_name,
                password=password,
                record_sha256=record.sha256,
                by=by,
                session_id=session,
                at=at or self.at,
                reason=reason,
            )

    def miss(self, *, by: Person, session: str = "s1") -> bool:
        with self.database.begin() as db:
            return failures.note_failure(db, by=by, session_id=session, at=self.at)


@pytest.fixture
def desk(database: Database, people: People, at: datetime) -> Desk:
    with database.begin() as db:
        for person in people:
            enrol(db, person, at=at)
    return Desk(database, people, at)


def record(content: dict[str, Any] | None = None, **more: Any) -> RecordToSign:
    return RecordToSign(
        **{
            "stream": CASE,
            "record_type": "disposition_round",
            "record_id": "D2",
            "record_version": 1,
            "content": content or {"lines": [["PUMP-220", "scrap", "36"]]},
            "role": "mrb_quality",
            **more,
        }
    )


@dataclass
class SealedCase:
    """A case with two signatures, a sealed document, an upload and a checkpoint."""

    database: Database
    document_id: int
    pdf: bytes


def run_jobs(database: Database, *, at: datetime) -> None:
    """Do what the worker does: prepare outside the transaction, then carry out."""
    from engine.evidence.checkpoints import witness_checkpoint

    verbs: dict[str, Callable[..., Any]] = {
        "seal_document": sealing.seal_document,
        "witness_checkpoint": witness_checkpoint,
    }
    with database.read() as db:
        due = list(db.scalars(select(jobs.Job).where(jobs.Job.done_at.is_(None))))
    for job in due:
        with clock.at(at):
            if hasattr(verbs[job.name], "prepare"):
                verbs[job.name].prepare(database, job)
            with database.begin() as db:
                known = db.get_one(jobs.Job, job.id)
                known.result, known.done_at = verbs[job.name](db, known), at


@pytest.fixture(scope="session")
def review_pdf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Print the review copy of the disposition record once for all tests."""
    layout, content, _ = samples.disposition("en")
    store = DocumentStore(tmp_path_factory.mktemp("review"))
    return store.open(sealing.review_copy(store, layout=layout, record=content))


@pytest.fixture
def sealed_case(desk: Desk, store: DocumentStore, review_pdf: bytes) -> SealedCase:
    layout, content, _ = samples.disposition("en")
    database, people, at = desk.database, desk.people, desk.at
    review = store.put(review_pdf)
    with database.begin() as db:
        ledger.append(
            db, CASE, "case_opened", {"number": "NC-2026-0007"}, by=people.qa_engineer, at=at
        )
        documents.attach(
            db, stream=CASE, name="photo.txt", content=b"seen", by=people.qa_engineer, at=at
        )
    signed = [
        desk.sign(
            record(content, review_pdf_sha256=review, role=role),
            by=by,
            meaning=meaning,
            session=role,
        )
        for by, role, meaning in (
            (people.qa_engineer, "qa_engineer", "author"),
            (people.mrb_quality, "mrb_quality", "approve"),
        )
    ]
    with database.begin() as db:
        document = sealing.request_sealed(
            db,
            stream=CASE,
            layout=layout,
            record=content,
            signatures=signed,
            review_sha256=review,
            by=people.mrb_quality,
            at=at,
            key="NC-2026-0007-D2",
        )
    run_jobs(database, at=at)
    with database.begin() as db:
        ledger.checkpoint(db, at=at)
    run_jobs(database, at=at)
    with database.read() as db:
        kept = db.get_one(Document, document.id)
        return SealedCase(database, kept.id, documents.content_of(db, kept))
