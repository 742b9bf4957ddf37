"""Enters what happens to people in the ledger, which this room must not import."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.people.person import Person

STREAM = "people"


class NoLedger(RuntimeError):
    """A mistake in the composition: `info["ledger"]` must be `engine.evidence.ledger.append`."""


def record(
    db: Session, action: str, body: dict[str, Any], *, by: Person | None, at: datetime
) -> None:
    """Append to the stream `people`; call it last, for it locks the head of the stream."""
    append = db.info.get("ledger")
    if append is None:
        raise NoLedger
    append(db, STREAM, action, body, by=by, at=at)
