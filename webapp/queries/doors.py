"""Doors as their page shows them: what each has acknowledged, and what not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.serials.models import Door, Hold, HoldDoor, Party
from webapp.queries.stock import actors


@dataclass(frozen=True)
class DoorLine:
    """One registered door."""

    id: int
    name: str
    site: str
    registered_at: datetime
    registered_by: str
    retired_at: datetime | None
    last_at: datetime | None
    waiting_count: int


def door_lines(db: Session) -> list[DoorLine]:
    """Return the doors by site and name, those retired last."""
    rows = db.execute(
        select(Door, Party.name)
        .join(Party, Party.id == Door.site_id)
        .order_by(Door.retired_at.is_not(None), Party.name, Door.name)
    ).all()
    acknowledged = select(HoldDoor.door, func.max(HoldDoor.acknowledged_at))
    last = {row[0]: row[1] for row in db.execute(acknowledged.group_by(HoldDoor.door))}
    names = actors(db, (door.registered_by_id for door, _ in rows))
    return [
        DoorLine(
            id=door.id,
            name=door.name,
            site=site,
            registered_at=door.registered_at,
            registered_by=names[door.registered_by_id],
            retired_at=door.retired_at,
            last_at=last.get(door.name),
            waiting_count=_waiting(db, door.name),
        )
        for door, site in rows
    ]


def _waiting(db: Session, name: str) -> int:
    seen = select(HoldDoor.hold_id).where(HoldDoor.hold_id == Hold.id, HoldDoor.door == name)
    standing = select(func.count()).select_from(Hold)
    return db.scalar(standing.where(Hold.released_at.is_(None), ~seen.exists())) or 0
