"""Signatures as they are kept, and what stands of them; they are given in `ceremony`.

What is stored is the signer's assertion, canonical bytes over everything a signature states, under
the installation's seal: a signature row moved to another record no longer agrees with its own
assertion, and a rewritten assertion no longer agrees with the seal (21 CFR 11.70).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.evidence import canonical, ledger
from engine.evidence.meanings import MEANINGS
from engine.people import Person

FORM = 1  # the form of an assertion; a change of form is a new number


@dataclass(frozen=True)
class RecordToSign:
    """Exactly what the sign page shows; its hash is what the signature binds.

    `language` is the site's official record language: the meaning is signed in its words.
    """

    stream: str
    record_type: str
    record_id: str
    record_version: int
    content: dict[str, Any]
    language: str = "en"
    review_pdf_sha256: str | None = None
    process: str | None = None
    process_version: str | None = None
    task_id: str | None = None
    role: str | None = None

    def canonical(self) -> str:
        """Return the canonical text that is hashed: the content and what it is the content of."""
        return canonical.canonical_text(
            {
                "record_type": self.record_type,
                "record_id": self.record_id,
                "record_version": self.record_version,
                "stream": self.stream,
                "content": self.content,
            }
        )

    @property
    def sha256(self) -> str:
        """Return the hash that a signature of this record binds."""
        return ledger.hash_of(self.canonical())


class SignedRecord(Base):
    """What was signed, by its hash: the canonical text of a record as it was displayed."""

    __tablename__ = "signed_record"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[str]


class PendingSign(Base):
    """A sign page that is open: who, what record by its hash, what meaning, until when."""

    __tablename__ = "pending_sign"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[Ref]
    session_id: Mapped[str]
    meaning: Mapped[str]
    record_sha256: Mapped[str]
    record_content: Mapped[str]
    record: Mapped[dict[str, Any]]  # the columns of the signature to be
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Signature(Base):
    """One signing (never changed, never deleted; see `SignatureVoided`)."""

    __tablename__ = "signature"
    __table_args__ = (
        CheckConstraint("component_count IN (1, 2)", name="one_or_two_components"),
        CheckConstraint(
            "meaning IN (" + ", ".join(f"'{one}'" for one in MEANINGS) + ")", name="known_meaning"
        ),
        Index("ix_signature_record", "record_type", "record_id"),
        Index("ix_signature_session", "session_id"),
    )

    id: Mapped[Key]
    stream: Mapped[str] = mapped_column(index=True)
    record_type: Mapped[str]
    record_id: Mapped[str]
    record_version: Mapped[int]
    record_sha256: Mapped[str]
    review_pdf_sha256: Mapped[str | None]
    process: Mapped[str | None]
    process_version: Mapped[str | None]
    task_id: Mapped[str | None]
    person_id: Mapped[Ref]
    user_name: Mapped[str]
    printed_name: Mapped[str]
    role: Mapped[str | None]
    on_behalf_of_id: Mapped[Ref | None]
    meaning: Mapped[str]
    sentence: Mapped[str]
    language: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]
    time_zone: Mapped[str]
    session_id: Mapped[str]
    component_count: Mapped[int]
    nonce: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    assertion: Mapped[str]  # canonical JSON of all above
    seal: Mapped[str]  # base64 of the ECDSA signature over the assertion
    seal_key_id: Mapped[str]


class SignatureVoided(Base):
    """A signature that no longer counts: which, why, by whom. The signature itself stays."""

    __tablename__ = "signature_voided"

    signature_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    reason: Mapped[str]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


only_grows(SignedRecord)
only_grows(Signature)
only_grows(SignatureVoided)

# the columns that the assertion states, which are all but these
UNSTATED = frozenset({"id", "assertion", "seal", "seal_key_id"})


def void(
    db: Session, signature: Signature, *, reason: str, by: Person | None, at: datetime
) -> None:
    """Say that a signature no longer counts (a corrected answer, a changed proposal); flushes."""
    db.add(
        SignatureVoided(
            signature_id=signature.id, reason=reason, by_id=by.id if by else None, at=at
        )
    )
    db.flush()
    body = {
        "signature_id": signature.id,
        "assertion_sha256": ledger.hash_of(signature.assertion),
        "reason": reason,
    }
    ledger.append(db, signature.stream, "signature_voided", body, by=by, at=at)


def signatures_of(
    db: Session, record_type: str, record_id: str, *, with_voided: bool = False
) -> list[Signature]:
    """Return the signatures of a record in the order they were made."""
    found = (
        select(Signature)
        .where(Signature.record_type == record_type, Signature.record_id == record_id)
        .order_by(Signature.id)
    )
    if not with_voided:
        voided = select(SignatureVoided.signature_id)
        found = found.where(Signature.id.not_in(voided))
    return list(db.scalars(found))


def assertion_of(signature: Signature) -> str:
    """Return the canonical text of what a signature row states, as `sign` sealed it."""
    stated = {
        column.name: getattr(signature, column.name)
        for column in Signature.__table__.columns
        if column.name not in UNSTATED
    }
    return canonical.canonical_text({"form": FORM, **stated})
