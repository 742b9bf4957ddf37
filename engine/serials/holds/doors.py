"""Which doors have seen which holds."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.models import (
    Hold,
    HoldDoor,
)
from engine.serials.sets import id_set


def acknowledge(db: Session, hold_ids: Iterable[int], *, door: str, at: datetime) -> None:
    """Keep that a door has seen these holds; the first time counts. Flushes."""
    wanted = set(hold_ids)
    seen = set(
        db.scalars(
            select(HoldDoor.hold_id).where(
                HoldDoor.door == door, HoldDoor.hold_id.in_(id_set(db, wanted))
            )
        )
    )
    db.add_all(
        HoldDoor(hold_id=key, door=door, acknowledged_at=at) for key in sorted(wanted - seen)
    )
    db.flush()


def unacknowledged(db: Session, *, door: str, before: datetime) -> list[Hold]:
    """Return standing holds placed before a moment that a door has not acknowledged."""
    seen = select(HoldDoor.hold_id).where(HoldDoor.door == door, HoldDoor.hold_id == Hold.id)
    return list(
        db.scalars(
            select(Hold)
            .where(Hold.released_at.is_(None), Hold.placed_at < before, ~seen.exists())
            .order_by(Hold.placed_at)
        )
    )
