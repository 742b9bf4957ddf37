"""Which doors know of which holds: a door that asks the gate after a hold was placed knows it.

The gate is one for all doors, so a door's next question, whatever it is about, is already
answered with the hold in mind.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.db import upserting
from engine.serials.models import Door, Hold, HoldDoor
from engine.serials.sets import id_set


def acknowledge(db: Session, hold_ids: Iterable[int], *, door: str, at: datetime) -> None:
    """Keep that a door knows of these holds; the first time counts. Flushes."""
    rows = [{"hold_id": key, "door": door, "acknowledged_at": at} for key in sorted(set(hold_ids))]
    if rows:
        # two questions of one door may arrive at once: the first one counts
        db.execute(upserting(db, HoldDoor).on_conflict_do_nothing(), rows)


def unacknowledged(db: Session, *, door: str, before: datetime) -> list[Hold]:
    """Return standing holds placed up to a moment that a door does not know of."""
    seen = select(HoldDoor.hold_id).where(HoldDoor.door == door, HoldDoor.hold_id == Hold.id)
    return list(
        db.scalars(
            select(Hold)
            .where(Hold.released_at.is_(None), Hold.placed_at <= before, ~seen.exists())
            .order_by(Hold.placed_at)
        )
    )


def unknown_to_all(db: Session, *, before: datetime) -> list[Hold]:
    """Return standing holds placed up to a moment that no door knows of.

    Nothing where no door has ever asked: then none is connected, and there is nobody to miss.
    """
    if not expected(db):
        return []

    seen = select(HoldDoor.hold_id).where(HoldDoor.hold_id == Hold.id)
    return list(
        db.scalars(
            select(Hold)
            .where(Hold.released_at.is_(None), Hold.placed_at <= before, ~seen.exists())
            .order_by(Hold.placed_at)
        )
    )


def connected(db: Session) -> list[str]:
    """Return the doors that have asked the gate at least once, by name."""
    return list(db.scalars(select(HoldDoor.door).distinct().order_by(HoldDoor.door)))


def expected(db: Session) -> list[str]:
    """Return the doors that should know every hold: those registered, and those that ever asked."""
    registered: dict[str, datetime | None] = {
        row[0]: row[1] for row in db.execute(select(Door.name, Door.retired_at))
    }
    asked = [name for name in connected(db) if registered.get(name) is None]
    return sorted({*asked, *(name for name, ended in registered.items() if ended is None)})


def known_at(db: Session, hold_ids: Iterable[int]) -> dict[int, dict[str, datetime]]:
    """Return, for each hold, since when each door knows of it."""
    found: dict[int, dict[str, datetime]] = {}
    for hold_id, door, at in db.execute(
        select(HoldDoor.hold_id, HoldDoor.door, HoldDoor.acknowledged_at)
        .where(HoldDoor.hold_id.in_(id_set(db, hold_ids)))
        .order_by(HoldDoor.door)
    ):
        found.setdefault(hold_id, {})[door] = at
    return found
