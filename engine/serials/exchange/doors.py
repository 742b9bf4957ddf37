"""Doors that must know every hold: a WMS, an MES, a scanner at the ramp, each of a site.

Every registered door must acknowledge every hold: a lot is held before anyone knows at which site
it will turn up.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials import gate, holds
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.models import Door, Hold, HoldDoor, Party
from engine.serials.sets import id_set
from engine.words import N_

OURS = ("site", "manufacturer")  # kinds of party with doors of our own
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}")


class DoorUnknown(NotFound):
    """No door of this name is registered. Register it on the page Interfaces, Doors."""


class DoorRetired(Conflict):
    """This door is retired already."""


class HoldUnknown(NotFound):
    """There is no hold %(hold)s. Read the list of holds again."""


def register(db: Session, name: str, *, site_id: int, by: Person, at: datetime) -> Door:
    """Have a door acknowledge every hold from now on. Flushes; raises `Invalid`."""
    name = name.strip()
    problems = []
    if not NAME.fullmatch(name) or name in gate.DOORS:
        problems.append(
            Problem("name", N_("Enter a name of up to 60 Latin letters and figures, as WMS Jena."))
        )
    elif db.scalar(select(Door.id).where(Door.name == name)) is not None:
        problems.append(Problem("name", N_("There is a door of this name already.")))
    if site_id not in {one.id for one in sites(db)}:
        problems.append(Problem("site", N_("Choose the site.")))
    if problems:
        raise Invalid(problems)

    door = Door(site_id=site_id, name=name, registered_at=at, registered_by_id=by.id)
    db.add(door)
    db.flush()
    ledger.append(db, STREAM, "door_registered", {"door": name, "site": site_id}, by=by, at=at)
    return door


def retire(db: Session, door_id: int, *, by: Person, at: datetime) -> Door:
    """Expect nothing of a door any more; what it acknowledged stays. Flushes."""
    door = db.get(Door, door_id, with_for_update=True)
    if door is None:
        raise DoorUnknown
    if door.retired_at is not None:
        raise DoorRetired
    door.retired_at, door.retired_by_id = at, by.id
    db.flush()
    ledger.append(db, STREAM, "door_retired", {"door": door.name}, by=by, at=at)
    return door


def acknowledge(db: Session, name: str, hold_ids: Iterable[int], *, at: datetime) -> int:
    """Keep that a registered door knows these holds; return how many it did not know. Flushes.

    One it knew already, or that is over, is no error: it may answer late. Raises `DoorUnknown`,
    `HoldUnknown`.
    """
    door = door_named(db, name)
    wanted = set(hold_ids)
    found = set(db.scalars(select(Hold.id).where(Hold.id.in_(id_set(db, wanted)))))
    if wanted - found:
        raise HoldUnknown(hold=min(wanted - found))
    known = select(func.count()).where(
        HoldDoor.door == door.name, HoldDoor.hold_id.in_(id_set(db, wanted))
    )
    before = db.scalar(known) or 0
    holds.acknowledge(db, wanted, door=door.name, at=at)
    return len(wanted) - before


def door_named(db: Session, name: str) -> Door:
    """Return the registered door of a name; raises `DoorUnknown`, also for one that is retired."""
    door = db.scalars(select(Door).where(Door.name == name, Door.retired_at.is_(None))).first()
    if door is None:
        raise DoorUnknown
    return door


def registered(db: Session) -> Sequence[Door]:
    """Return the doors that must acknowledge every hold now, by name."""
    rows = select(Door).where(Door.retired_at.is_(None)).order_by(Door.name)
    return db.scalars(rows).all()


def silent(db: Session, *, before: datetime) -> list[tuple[Hold, tuple[str, ...]]]:
    """Return the standing holds that registered doors left unacknowledged, with those doors.

    Only holds placed since the door was registered: what stood before it is on its list.
    """
    seen = select(HoldDoor.hold_id).where(HoldDoor.hold_id == Hold.id, HoldDoor.door == Door.name)
    rows = db.execute(
        select(Hold, Door.name)
        .join(Door, Door.registered_at <= Hold.placed_at)
        .where(
            Hold.released_at.is_(None),
            Hold.placed_at <= before,
            Door.retired_at.is_(None),
            ~seen.exists(),
        )
        .order_by(Hold.placed_at, Hold.id, Door.name)
    )
    found: dict[int, tuple[Hold, list[str]]] = {}
    for hold, name in rows:
        found.setdefault(hold.id, (hold, []))[1].append(name)
    return [(hold, tuple(names)) for hold, names in found.values()]


def sites(db: Session) -> Sequence[Party]:
    """Return our own sites, by name."""
    ours = Party.kind.in_(OURS)
    return db.scalars(select(Party).where(ours).order_by(Party.name)).all()
