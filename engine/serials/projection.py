"""What the events say now: custody, usability, place and grade of a unit, by folding its events.

The fold goes by the time things happened, then by the order they were recorded, and passes over
what a later event corrects. A late fact therefore falls into its place. That a unit never existed,
or was never made, stands only until anything else is recorded of it, whenever that happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session, aliased

from engine.serials.models import Event, EventLink, Unit
from engine.serials.sets import id_set


@dataclass
class State:
    """The axes of one unit while its events are folded."""

    custody: str = "unknown"
    usability: str = "unknown"
    location_id: int | None = None
    grade: str | None = None
    is_released: bool = False


def project_units(db: Session, unit_ids: Iterable[int]) -> None:
    """Set the axes of units to what their standing events say. Flushes."""
    ids = sorted(set(unit_ids))
    if not ids:
        return

    db.flush()
    states = fold(db, ids)
    changes = [
        {"id": unit.id, "version": unit.version + 1, **change}
        for unit in db.execute(
            select(
                Unit.id,
                Unit.version,
                Unit.custody,
                Unit.usability,
                Unit.location_id,
                Unit.grade,
                Unit.is_released,
            ).where(Unit.id.in_(id_set(db, ids)))
        )
        if (change := _difference(unit, states.get(unit.id, State())))
    ]
    # rows with the same columns go together: the lock on released rows is by column
    for keys in {tuple(sorted(change)) for change in changes}:
        db.execute(update(Unit), [c for c in changes if tuple(sorted(c)) == keys])
    forget(db, Unit, {change["id"] for change in changes})


def fold(db: Session, unit_ids: Iterable[int], *, before: Event | None = None) -> dict[int, State]:
    """Return the state that the standing events of each unit add up to; of none, no state.

    With `before` only what happened before that event counts.
    """
    states: dict[int, State] = {}
    later = aliased(Event)
    query = (
        # the payload of thousands put together is long, and would come with each of their links
        select(EventLink, case((Event.type == "regraded", Event.payload)))
        .join(Event, Event.id == EventLink.event_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(EventLink.unit_id.in_(id_set(db, unit_ids)), later.id.is_(None))
        .order_by(Event.event_at, Event.id)
    )
    if before is not None:
        earlier = (Event.event_at == before.event_at) & (Event.id < before.id)
        query = query.where((Event.event_at < before.event_at) | earlier)
    found = db.execute(query).all()
    newest: dict[int, int] = {}  # the last fact recorded of each unit
    for link, _ in found:
        if link.custody or link.usability or link.location_id:
            newest[link.unit_id] = max(newest.get(link.unit_id, 0), link.event_id)
    for link, payload in found:
        if link.custody == "never_existed" and link.event_id < newest[link.unit_id]:
            continue
        _take(states.setdefault(link.unit_id, State()), link, payload)
    return states


def _take(state: State, link: EventLink, payload: dict[str, Any] | None) -> None:
    state.custody = link.custody or state.custody
    state.usability = link.usability or state.usability
    state.location_id = link.location_id or state.location_id
    state.is_released = state.is_released or link.usability == "conforming"
    if payload is not None:
        state.grade = payload["grade"]


def _difference(unit: Any, state: State) -> dict[str, Any]:
    axes = ("custody", "usability", "location_id", "grade")
    change = {a: getattr(state, a) for a in axes if getattr(unit, a) != getattr(state, a)}
    if state.is_released and not unit.is_released:
        change["is_released"] = True  # stays so: the key fields of a unit once released are locked
    return change


def forget_all(db: Session, model: type[Any]) -> None:
    """Expire every loaded row of a table that was changed beneath the session."""
    for row in list(db.identity_map.values()):
        if isinstance(row, model):
            db.expire(row)


def forget(db: Session, model: type[Any], ids: set[int]) -> None:
    """Expire loaded rows that were changed beneath the session."""
    for row in list(db.identity_map.values()):
        if isinstance(row, model) and row.__dict__.get("id") in ids:
            db.expire(row)
