"""Signing a record: 21 CFR 11.50 (name, time, meaning), 11.70 (linking), 11.200 (components).

The sign page opens with `open_pending`, which freezes the record and hands out a nonce for five
minutes. The POST calls `sign` with the hash of the record as it is *now*, worked out again under
the case's lock.

A wrong password raises `WrongCredentials` and rolls the command back; the edge then calls
`failures.note_failure` in a transaction of its own, so that the failure counts all the same.
"""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, EngineError, Gone, NotAllowed, Refused
from engine.evidence import ledger
from engine.evidence.failures import refuse_locked
from engine.evidence.meanings import sentence
from engine.evidence.seal import Seal
from engine.evidence.signatures import (
    PendingSign,
    RecordToSign,
    Signature,
    SignedRecord,
    assertion_of,
)
from engine.people import Person, acting_for, check_password, may_sign

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
