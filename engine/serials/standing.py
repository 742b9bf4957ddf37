"""What still stands of a unit: that it went on, or that it never came to be and may yet.

A unit whose making or receipt did not occur keeps its row, its history and its holds. Made or
received after all it goes on under them: of another lot, of another run, of itself.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, aliased

from engine.serials.models import Event, EventLink, Unit, UnitRoot
from engine.serials.projection import forget, forget_all
from engine.serials.record import Effect
from engine.serials.sets import id_set, text_set
from engine.serials.units import labelled_serials
from engine.serials.vocabulary import FINAL

NEVER_MADE = Effect(custody="never_existed", usability="scrapped")


class Standing(NamedTuple):
    """The latest record that stands of a unit."""

    event_id: int
    type: str


def standing(db: Session, of: Select[int], *, but: Collection[int] = ()) -> dict[int, Standing]:
    """Return the latest that stands of each unit; units of which nothing stands are not in it.

    Holds say nothing of what a unit did, and a correction stands by what it corrects.
    """
    later = aliased(Event)
    rows = (
        select(EventLink.unit_id, Event.id, Event.type)
        .join(Event, Event.id == EventLink.event_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(
            EventLink.unit_id.in_(of),
            Event.type.not_in(FINAL),
            Event.id.not_in(id_set(db, but)),
            later.id.is_(None),
        )
        .order_by(Event.id)
    )
    return {row[0]: Standing(row[1], row[2]) for row in db.execute(rows)}


def never_came(db: Session, part_id: int, serials: Sequence[str]) -> dict[str, int]:
    """Return, locked, the units of these serials that never came to be, by serial.

    A serial that another unit bears by now is not among them.
    """
    query = (
        select(Unit.serial, Unit.id)
        .where(Unit.part_id == part_id, Unit.serial.in_(text_set(db, serials)))
        .order_by(Unit.id)
        .with_for_update()
    )
    there = {serial: unit_id for serial, unit_id in db.execute(query)}  # noqa: C416  rows are not pairs
    if not there:
        return {}

    stand = standing(db, id_set(db, there.values()))
    borne = labelled_serials(db, part_id, list(there))
    return {s: key for s, key in there.items() if key not in stand and s not in borne}


def known_before(db: Session, unit_ids: Collection[int], event_id: int) -> set[int]:
    """Return which of these units anything was recorded of before an event."""
    rows = select(EventLink.unit_id).where(
        EventLink.unit_id.in_(id_set(db, unit_ids)), EventLink.event_id < event_id
    )
    return set(db.scalars(rows))


def come_again(
    db: Session,
    unit_ids: Collection[int],
    *,
    effect: Effect,
    lot_id: int | None,
    seg_id: int | None,
) -> None:
    """Let units that never came to be come to be after all, under their own rows."""
    ids = id_set(db, unit_ids)
    said = {"custody": effect.custody, "usability": effect.usability}
    of: Mapping[str, int | None] = {"lot_id": lot_id, "seg_id": seg_id}
    steps = (
        # what was released and never was is no longer locked
        update(Unit).where(Unit.id.in_(ids)).values(custody=NEVER_MADE.custody),
        update(Unit)
        .where(Unit.id.in_(ids))
        .values(
            **said,
            **of,
            location_id=effect.location_id,
            grade=None,
            is_released=effect.usability == "conforming",
            version=Unit.version + 1,
        ),
        update(UnitRoot).where(UnitRoot.unit_id.in_(ids)).values(root_id=UnitRoot.unit_id, **of),
    )
    for step in steps:
        db.execute(step.execution_options(synchronize_session=False))
    forget(db, Unit, set(unit_ids))
    forget_all(db, UnitRoot)
