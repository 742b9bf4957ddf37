"""The log of the interface: every request that changed something or was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.token_models import InterfaceCall


@dataclass(frozen=True)
class Asked:
    """What a request was: who sent it from where, to which address, with which body (hashed)."""

    person_id: int | None
    token_id: int | None
    address: str
    method: str
    path: str
    idempotency_key: str | None
    body_sha256: str | None


def note_call(
    db: Session, asked: Asked, *, status: int, said: str = "", milliseconds: int, at: datetime
) -> InterfaceCall:
    """Keep one request with its answer; `said` is the sentence of a refusal. Flushes."""
    row = InterfaceCall(
        at=at,
        status=status,
        said=said[:500],
        milliseconds=milliseconds,
        person_id=asked.person_id,
        token_id=asked.token_id,
        address=asked.address,
        method=asked.method,
        path=asked.path[:500],
        idempotency_key=asked.idempotency_key,
        body_sha256=asked.body_sha256,
    )
    db.add(row)
    db.flush()
    return row


def calls(
    db: Session, *, before: int | None = None, person_id: int | None = None, limit: int = 100
) -> Sequence[InterfaceCall]:
    """Return the log, the newest first, from before a row."""
    rows = select(InterfaceCall).order_by(InterfaceCall.id.desc()).limit(limit)
    if before is not None:
        rows = rows.where(InterfaceCall.id < before)
    if person_id is not None:
        rows = rows.where(InterfaceCall.person_id == person_id)
    return db.scalars(rows).all()
