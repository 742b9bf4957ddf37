"""Signing a record: 21 CFR 11.50 (name, time, meaning), 11.70 (linking), 11.200 (components).

The sign page opens with `open_pending`, which freezes the record and hands out a nonce for five
minutes. The POST calls `sign` with the hash of the record as it is *now*, worked out again under
the case's lock. What is stored is the signer's assertion, canonical bytes over everything a
signature states, under the installation's seal: a signature row moved to another record no longer
agrees with its own assertion, and a rewritten assertion no longer agrees with the seal.

A wrong password raises `WrongCredentials` and rolls the command back; the edge then calls
`failures.note_failure` in a transaction of its own, so that the failure counts all the same.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.errors import Conflict, EngineError, Gone, NotAllowed, Refused
from engine.evidence import canonical, ledger
from engine.evidence.failures import SigningLocked, note_failure, refuse_locked, unlock
from engine.evidence.meanings import MEANINGS, sentence
from engine.evidence.seal import Seal
from engine.people import Person, acting_for, check_password, may_sign

__all__ = ["MEANINGS", "SigningLocked", "note_failure", "sentence", "unlock"]

FORM = 1  # the form of an assertion; a change of form is a new number
PENDING_FOR = timedelta(minutes=5)
ONE_COMPONENT_FOR = timedelta(minutes=15)  # since the last signing with both components
CLOCK_SLACK = timedelta(seconds=60)


class WrongCredentials(EngineError):
    """User id or password is wrong. After three wrong tries signing is locked."""


class SecondComponentNeeded(EngineError):
    """Enter your user id as well as your password: this is the first signature of the session."""


class MayNotSign(NotAllowed):
    """You cannot sign yet: %(why)s."""


class RecordChanged(Conflict):
    """The record changed after you opened it. Review it again, then sign."""


class PendingExpired(Gone):
    """The five minutes for this signature are over. Open the record again, then sign."""


class ClockWentBack(Refused):
    """The server clock is behind this record's last entry. Have it set right, then sign."""


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


only_grows(SignedRecord.__table__)  # type: ignore[arg-type]  # a Table, typed as FromClause
only_grows(Signature.__table__)  # type: ignore[arg-type]
only_grows(SignatureVoided.__table__)  # type: ignore[arg-type]

# the columns that the assertion states, which are all but these
UNSTATED = frozenset({"id", "assertion", "seal", "seal_key_id"})


def open_pending(
    db: Session, *, record: RecordToSign, meaning: str, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze a record for the sign page and hand out the nonce; flushes.

    Raises `UnknownMeaning`, `SigningLocked` for a person who failed three times, and `MayNotSign`
    for one whose identity is not verified or whose password someone else knows.
    """
    _refuse(db, by, at)
    sentence(meaning, record.language)
    content = record.canonical()
    pending = PendingSign(
        nonce=secrets.token_urlsafe(32),
        person_id=by.id,
        session_id=session_id,
        meaning=meaning,
        record_sha256=ledger.hash_of(content),
        record_content=content,
        record=_record_columns(record),
        opened_at=at,
        expires_at=at + PENDING_FOR,
    )
    db.add(pending)
    db.flush()
    return pending


def needs_user_name(db: Session, session_id: str, at: datetime) -> bool:
    """Tell whether the next signature of this session needs the user id as well (11.200(a)(1))."""
    latest = db.scalar(
        select(Signature.at)
        .where(Signature.session_id == session_id, Signature.component_count == 2)
        .order_by(Signature.id.desc())
        .limit(1)
    )
    return latest is None or not timedelta(0) <= at - latest <= ONE_COMPONENT_FOR


def sign(
    db: Session,
    nonce: str,
    *,
    user_name: str | None,
    password: str,
    record_sha256: str,
    by: Person,
    session_id: str,
    at: datetime,
    reason: str | None = None,
    address: str | None = None,
    user_agent: str | None = None,
) -> Signature:
    """Sign the record that `nonce` was handed out for; flushes and writes the ledger entry.

    `record_sha256` is the hash of the record as it is now (`RecordToSign.sha256`), worked out
    under the case's lock. Raises `SigningLocked`, `MayNotSign`, `PendingExpired`, `RecordChanged`,
    `SecondComponentNeeded`, `WrongCredentials` and `ClockWentBack`; nothing is kept then, so the
    edge must call `note_failure` after `WrongCredentials`.
    """
    _refuse(db, by, at)
    pending = _take(db, nonce, by=by, session_id=session_id, at=at)
    if record_sha256 != pending.record_sha256:
        raise RecordChanged
    is_first = needs_user_name(db, session_id, at)
    if is_first and not user_name:
        raise SecondComponentNeeded
    _check(db, user_name, password, by=by, at=at)

    signature = _signature(
        pending,
        by=by,
        at=at,
        reason=reason,
        component_count=2 if user_name else 1,
        address=address,
        user_agent=user_agent,
    )
    _seal(signature, db.info["seal"])
    pending.used_at = at
    _keep_record(db, pending)
    db.add(signature)
    db.flush()
    _enter(db, signature, by=by, at=at)
    return signature


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


def _record_columns(record: RecordToSign) -> dict[str, Any]:
    names = (
        "stream",
        "record_type",
        "record_id",
        "record_version",
        "language",
        "review_pdf_sha256",
        "process",
        "process_version",
        "task_id",
        "role",
    )
    return {name: getattr(record, name) for name in names}


def _refuse(db: Session, by: Person, at: datetime) -> None:
    refuse_locked(db, by.id)
    verdict = may_sign(db, by.id, at=at)
    if not verdict:
        raise MayNotSign(why=verdict.sentence.rstrip("."))


def _take(db: Session, nonce: str, *, by: Person, session_id: str, at: datetime) -> PendingSign:
    """Return the open pending signature, locked against a second POST of the same page."""
    pending = db.get(PendingSign, nonce, with_for_update=True, populate_existing=True)
    is_ours = (
        pending is not None and pending.person_id == by.id and pending.session_id == session_id
    )
    if pending is None or not is_ours or pending.used_at or at > pending.expires_at:
        raise PendingExpired
    return pending


def _check(db: Session, user_name: str | None, password: str, *, by: Person, at: datetime) -> None:
    # both are checked before either is refused: the answer must not tell which one was wrong
    is_name = not user_name or user_name.strip().lower() == by.user_name
    is_password = check_password(db, by.id, password, at=at)
    if not (is_name and is_password):
        raise WrongCredentials


def _signature(
    pending: PendingSign,
    *,
    by: Person,
    at: datetime,
    reason: str | None,
    component_count: int,
    address: str | None,
    user_agent: str | None,
) -> Signature:
    role = pending.record["role"]
    return Signature(
        **pending.record,
        record_sha256=pending.record_sha256,
        person_id=by.id,
        user_name=by.user_name,
        printed_name=by.printed_name,
        on_behalf_of_id=acting_for(by, role) if role else None,
        meaning=pending.meaning,
        sentence=sentence(pending.meaning, pending.record["language"]),
        reason=reason or None,
        at=at,
        time_zone=by.time_zone,
        session_id=pending.session_id,
        component_count=component_count,
        nonce=pending.nonce,
        address=address,
        user_agent=user_agent,
    )


def _seal(signature: Signature, seal: Seal) -> None:
    signature.assertion = assertion_of(signature)
    signature.seal = base64.b64encode(seal.sign(signature.assertion.encode())).decode()
    signature.seal_key_id = seal.key_id


def _keep_record(db: Session, pending: PendingSign) -> None:
    """Keep what was signed; a second signer of the same record finds it there."""
    if db.get(SignedRecord, pending.record_sha256) is None:
        db.add(SignedRecord(sha256=pending.record_sha256, content=pending.record_content))


def _enter(db: Session, signature: Signature, *, by: Person, at: datetime) -> None:
    head = ledger.lock_head(db, signature.stream)
    if head.at is not None and at < head.at - CLOCK_SLACK:
        raise ClockWentBack
    body = {
        "signature_id": signature.id,
        "record_type": signature.record_type,
        "record_id": signature.record_id,
        "record_version": signature.record_version,
        "record_sha256": signature.record_sha256,
        "review_pdf_sha256": signature.review_pdf_sha256,
        "meaning": signature.meaning,
        "sentence": signature.sentence,
        "printed_name": signature.printed_name,
        "reason": signature.reason,
        "assertion_sha256": ledger.hash_of(signature.assertion),
    }
    ledger.append(db, signature.stream, "signed", body, by=by, at=at)
