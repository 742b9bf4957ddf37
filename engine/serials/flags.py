"""Flags: rules that recorded facts broke, told to quality and looked at by a person."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from engine.evidence import ledger
from engine.people.person import Person
from engine.serials.errors import FlagSeen, FlagUnknown, NoteMissing
from engine.serials.models import Event, EventLink, Flag, Unit
from engine.serials.sets import id_set

# what a unit begins with: nothing happens to it before the first of these
BEGINNINGS = ("received", "built", "kitted")


def raise_flag(
    db: Session,
    event: Event,
    rule: str,
    *,
    at: datetime,
    unit_id: int | None = None,
    lot_id: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Flag a recorded fact; whoever watches the events tells quality."""
    db.add(
        Flag(
            event_id=event.id,
            rule=rule,
            unit_id=unit_id,
            lot_id=lot_id,
            facts=dict(facts or {}),
            found_at=at,
        )
    )


def see(db: Session, flag_id: int, *, note: str, by: Person, at: datetime) -> Flag:
    """Record that quality has looked at a flag, and what came of it.

    Raises `FlagUnknown`, `FlagSeen` when a colleague was first, `NoteMissing`.
    """
    flag = db.get(Flag, flag_id, with_for_update=True, populate_existing=True)
    if flag is None:
        raise FlagUnknown
    if flag.seen_at is not None:
        raise FlagSeen
    if not note.strip():
        raise NoteMissing

    flag.seen_at, flag.seen_by_id, flag.seen_note = at, by.id, note.strip()
    db.flush()
    said = {"flag": flag.id, "rule": flag.rule, "event": flag.event_id, "note": flag.seen_note}
    ledger.append(db, f"data:{db.info.get('site', 'main')}", "flag_seen", said, by=by, at=at)
    return flag


def units_before(db: Session, unit_ids: Iterable[int], event_at: datetime | None) -> dict[int, str]:
    """Return the serials of units that were only made or received after `event_at`."""
    ids = set(unit_ids)
    if event_at is None or not ids:
        return {}

    later = aliased(Event)
    born = (
        select(EventLink.unit_id, func.min(Event.event_at).label("born_at"))
        .join(Event, Event.id == EventLink.event_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(
            EventLink.unit_id.in_(id_set(db, ids)),
            EventLink.role == "subject",
            Event.type.in_(BEGINNINGS),
            later.id.is_(None),
        )
        .group_by(EventLink.unit_id)
        .subquery()
    )
    rows = db.execute(
        select(Unit.id, Unit.serial)
        .join(born, born.c.unit_id == Unit.id)
        .where(born.c.born_at > event_at)
    )
    return {unit_id: serial for unit_id, serial in rows}  # noqa: C416  rows are not pairs to mypy
