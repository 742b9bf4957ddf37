"""Putting units inside units, and taking them out; the root pointer goes along."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Unpack

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from engine.serials import gate
from engine.serials.errors import (
    AlreadyInstalled,
    Elsewhere,
    InsideItself,
    MovedSince,
    NotInstalled,
)
from engine.serials.events import Links, record_events, write_event
from engine.serials.models import Event, EventLink, Install, Unit, UnitRoot
from engine.serials.packed import let_out, refuse_torn
from engine.serials.projection import forget, forget_all, project_units
from engine.serials.record import Effect, How, Recorded
from engine.serials.rules import (
    flag_expired_units,
    flag_held,
    flag_unusable,
    refuse_expired,
)
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget
from engine.serials.units import open_hosts, refuse_unusable, units_by_id
from engine.serials.vocabulary import CUSTODY, Word
from engine.serials.walk import AROUND, INSIDE, reach, reach_each


class Fitting(NamedTuple):
    """One unit to go into another."""

    child_id: int
    host_id: int
    position: str | None = None


def install_units(
    db: Session,
    fittings: Sequence[Fitting],
    *,
    reported: bool = False,
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Install units in others; refused through the gate when either is on hold.

    A shipped unit is not installed in another unless it is where that one is (a spare fitted at
    the consignee). With `reported` it is a fact: holds do not stop it. Raises `AlreadyInstalled`,
    `InsideItself`, `Elsewhere`, `NotUsable`, `OnHold`.
    """
    ids = {f.child_id for f in fittings} | {f.host_id for f in fittings}
    units = units_by_id(db, ids, lock=True)
    if not reported:
        targets = [HoldTarget.unit(key) for key in sorted(ids)]
        gate.refuse_held(db, targets, door="install", under_case=under_case)
    refuse_misfits(db, fittings, reported=reported)
    children = [units[fitting.child_id] for fitting in fittings]
    if not reported:
        refuse_unfit(db, children, how.get("event_at") or how["at"])
    links = Links()
    inside = reach_each(db, [fitting.child_id for fitting in fittings], INSIDE)
    for fitting in fittings:
        host = units[fitting.host_id]
        effect = Effect(custody=host.custody, location_id=host.location_id)
        links.add([fitting.child_id], effect, "child").add([fitting.host_id], Effect(), "host")
        links.add(inside[fitting.child_id], effect, "carried")
    said: How = {**how, "is_fact": reported or how.get("is_fact", False)}
    event = write_event(db, "installed", links, payload=_positions(fittings), **said)
    open_installs(db, event, fittings)
    if reported:
        flag_unfit(db, event, children)
    project_units(db, links.units)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(sorted(ids)))


def refuse_unfit(db: Session, children: Sequence[Unit], at: datetime) -> None:
    """Raise when what goes in has expired, or lies in a case that stays where it is."""
    refuse_torn(db, [unit.id for unit in children], ())
    refuse_expired(db, [unit.lot_id for unit in children if unit.lot_id is not None], at)


def flag_unfit(db: Session, event: Event, children: Sequence[Unit]) -> None:
    """Flag what was reported as installed and should not have been."""
    flag_held(db, event, "held_installed", units=[unit.id for unit in children])
    flag_unusable(
        db, event, [unit for unit in children if unit.usability in ("nonconforming", "scrapped")]
    )
    flag_expired_units(db, event, "expired_used", children)
    let_out(db, event, [unit.id for unit in children], is_flagged=True)


def remove_units(db: Session, child_ids: Iterable[int], **how: Unpack[How]) -> Recorded:
    """Take units out of what they are in; they stay where that is. Raises `NotInstalled`."""
    units = units_by_id(db, child_ids, lock=True)
    hosts = open_hosts(db, units)
    for child_id, unit in units.items():
        if child_id not in hosts:
            raise NotInstalled(child=unit.serial)

    links = Links().add(units, Effect(), "child").add(hosts.values(), Effect(), "host")
    event = write_event(db, "removed", links, **how)
    close_installs(db, event, units)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units))


def open_installs(db: Session, event: Event, fittings: Sequence[Fitting]) -> None:
    """Write install rows and give each child's tree the root of its host."""
    db.execute(insert(Install), [{**f._asdict(), "from_event_id": event.id} for f in fittings])
    _follow_roots(db, {fitting.child_id: fitting.host_id for fitting in fittings})


def reopen_installs(db: Session, event_id: int) -> dict[int, int]:
    """Take back the end that an event put to installs; return the host of each child.

    Raises `MovedSince` when a child went its own way after it.
    """
    ended = Install.to_event_id == event_id
    # what never was inside does not come back when its removal did not occur either
    rows = db.scalars(select(Install).where(ended, Install.never_event_id.is_(None))).all()
    inside = {row.child_id: row.host_id for row in rows}
    units = units_by_id(db, inside, lock=True)
    moved = db.scalar(
        select(EventLink.unit_id)
        .where(
            EventLink.unit_id.in_(id_set(db, inside)),
            EventLink.event_id > event_id,
            EventLink.custody.is_not(None) | EventLink.location_id.is_not(None),
        )
        .limit(1)
    )
    if moved is not None:
        raise MovedSince(child=units[moved].serial)
    # put in again by the very event that took it out: that never was either
    again = (Install.from_event_id == event_id, Install.to_event_id.is_(None))
    for own in db.scalars(select(Install).where(*again, Install.child_id.in_(id_set(db, inside)))):
        own.to_event_id = event_id
    db.flush()
    for row in rows:
        row.to_event_id = None
    db.flush()
    _follow_roots(db, inside)
    return inside


def _follow_roots(db: Session, host_of: Mapping[int, int]) -> None:
    """Give the tree of each child the root of its host, which may itself have gone into another."""
    if not host_of:
        return

    rows = db.execute(
        select(UnitRoot.unit_id, UnitRoot.root_id, UnitRoot.has_past).where(
            UnitRoot.unit_id.in_(id_set(db, host_of.values()))
        )
    )
    before = {unit_id: (root_id, has_past) for unit_id, root_id, has_past in rows}
    moves = []
    for child_id, host_id in sorted(host_of.items()):
        root_id, has_past = before[host_id]
        while root_id in host_of:
            root_id, past = before[host_of[root_id]]
            has_past = has_past or past
        moves.append({"child": child_id, "to": root_id, "past": has_past})
    roots = UnitRoot.__table__.c
    db.connection().execute(
        update(UnitRoot.__table__)  # type: ignore[arg-type]  # a declared table is a Table
        .where(roots.root_id == bindparam("child"))
        .values(root_id=bindparam("to"), has_past=or_(roots.has_past, bindparam("past"))),
        moves,
    )
    forget_all(db, UnitRoot)


def close_installs(db: Session, event: Event, child_ids: Iterable[int]) -> None:
    """End the open installs of units; each becomes the root of what is inside it."""
    children = list(child_ids)
    db.execute(
        update(Install)
        .where(Install.child_id.in_(id_set(db, children)), Install.to_event_id.is_(None))
        .values(to_event_id=event.id)
        .execution_options(synchronize_session=False)
    )
    forget(db, Install, set(db.scalars(select(Install.id).where(Install.to_event_id == event.id))))
    for child_id in children:
        tree = reach(db, [child_id], INSIDE)
        db.execute(
            update(UnitRoot)
            .where(UnitRoot.unit_id.in_(id_set(db, tree)))
            .values(root_id=child_id, has_past=True)
            .execution_options(synchronize_session=False)
        )
    forget_all(db, UnitRoot)


def refuse_misfits(db: Session, fittings: Sequence[Fitting], *, reported: bool) -> None:
    """Raise unless each child is free, near its host, usable, and not around it already."""
    units = units_by_id(db, {f.child_id for f in fittings} | {f.host_id for f in fittings})
    parents = open_hosts(db, reach(db, units, AROUND))
    for fitting in fittings:
        child, host = units[fitting.child_id], units[fitting.host_id]
        if child.id in parents:
            inside = db.get_one(Unit, parents[child.id])
            raise AlreadyInstalled(child=child.serial, host=inside.serial)
        if child.id in _up_from(host.id, parents):
            raise InsideItself(child=child.serial, host=host.serial)
        parents[child.id] = host.id
        if not reported and _is_elsewhere(child, host):
            words = Word((CUSTODY[child.custody],))
            raise Elsewhere(child=child.serial, host=host.serial, custody=words)
    if not reported:
        refuse_unusable(
            (units[f.child_id] for f in fittings), ("conforming", "unreleased", "unknown")
        )


def _up_from(unit_id: int, parents: dict[int, int]) -> set[int]:
    above = {unit_id}
    while (host := parents.get(unit_id)) is not None and host not in above:
        above.add(host)
        unit_id = host
    return above


def _is_elsewhere(child: Unit, host: Unit) -> bool:
    if child.custody in ("in_house", "returned") and host.custody in ("in_house", "returned"):
        return False
    return (child.custody, child.location_id) != (host.custody, host.location_id)


def _positions(fittings: Sequence[Fitting]) -> dict[str, list[list[object]]]:
    return {"fittings": [[f.child_id, f.host_id, f.position] for f in fittings]}
