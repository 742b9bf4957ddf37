"""Receiving: units with their serials, lots with their quantities, from outside or at the start."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias, Unpack

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine.serials import stock
from engine.serials.errors import PlaceUnknown, SerialTaken
from engine.serials.events import Links, record_events, write_event
from engine.serials.identifiers import standard
from engine.serials.models import Event, Location, Lot, Part, Unit, UnitRoot
from engine.serials.parties import ensure_lot, lock_key_fields, refuse_other_part
from engine.serials.record import Effect, How, Recorded
from engine.serials.rules import refuse_unprintable
from engine.serials.standing import come_again, never_came
from engine.serials.units import taken_serials

Also: TypeAlias = Callable[[Event], None]  # what is kept with the event before it is told


def receive_units(
    db: Session,
    part_id: int,
    serials: Sequence[str],
    *,
    location_id: int,
    lot_id: int | None = None,
    usability: str = "unreleased",
    custody: str = "in_house",
    supplier_id: int | None = None,
    also: Also | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record new serialised units at a location; raises `SerialTaken`, `NotAGs1Serial`."""
    place(db, location_id)
    refuse_unprintable(db, part_id, serials)
    if lot_id is not None:
        refuse_other_part(db, db.get_one(Lot, lot_id), part_id)
    effect = Effect(custody, usability, location_id)
    unit_ids = create_units(db, part_id, serials, effect=effect, lot_id=lot_id)
    links = Links().add(unit_ids, effect).about([lot_id] if lot_id else [])
    event = write_event(
        db, "received", links, location_id=location_id, payload=_from(supplier_id), **how
    )
    if also is not None:
        also(event)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(unit_ids), lot_id)


def receive_labelled(
    db: Session,
    part_id: int,
    serials: Sequence[str],
    *,
    lot_no: str | None,
    expires_on: date | None,
    location_id: int,
    **how: Unpack[How],
) -> Recorded:
    """Record new units as their labels say: with their lot, which is recorded where it is new."""
    by, at = how["by"], how["at"]
    lot = ensure_lot(db, part_id, lot_no, expires_on=expires_on, by=by, at=at) if lot_no else None
    return receive_units(
        db, part_id, serials, location_id=location_id, lot_id=lot.id if lot else None, **how
    )


def receive_lot(
    db: Session,
    lot_id: int,
    quantity: Decimal,
    *,
    location_id: int,
    usability: str = "unreleased",
    custody: str = "in_house",
    supplier_id: int | None = None,
    also: Also | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record a quantity of a lot at a location."""
    place(db, location_id)
    event = write_event(
        db,
        "received",
        Links().about([lot_id]),
        location_id=location_id,
        payload=_from(supplier_id),
        **how,
    )
    stock.post(db, event, [(stock.Spot(lot_id, location_id, custody, usability), quantity)])
    if usability == "conforming":
        lock_key_fields(db, lots=[lot_id])
    if also is not None:
        also(event)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, lot_id=lot_id)


def place(db: Session, location_id: int) -> Location:
    """Return a location; raises `PlaceUnknown`."""
    location = db.get(Location, location_id)
    if location is None:
        raise PlaceUnknown(location=location_id)
    return location


def create_units(
    db: Session,
    part_id: int,
    serials: Iterable[str],
    *,
    effect: Effect,
    lot_id: int | None = None,
    seg_id: int | None = None,
) -> list[int]:
    """Write units, each its own root, in the order of `serials`; return their ids.

    One that is recorded and whose making did not occur goes on under its row. Raises `SerialTaken`.
    """
    numbers = [standard(serial) for serial in serials]
    again = never_came(db, part_id, numbers)
    _refuse_taken(db, part_id, numbers, again)
    if not numbers:
        return []

    new = [number for number in numbers if number not in again]
    ids = {**again, **_write(db, part_id, new, effect=effect, lot_id=lot_id, seg_id=seg_id)}
    if again:
        come_again(db, again.values(), effect=effect, lot_id=lot_id, seg_id=seg_id)
    if effect.usability == "conforming":
        lock_key_fields(db, parts=[part_id], lots=[lot_id] if lot_id else [])
    return [ids[number] for number in numbers]


def _write(
    db: Session,
    part_id: int,
    numbers: Sequence[str],
    *,
    effect: Effect,
    lot_id: int | None,
    seg_id: int | None,
) -> dict[str, int]:
    if not numbers:
        return {}

    of = {"lot_id": lot_id, "seg_id": seg_id}
    rows = [
        {
            "part_id": part_id,
            "serial": number,
            **of,
            "custody": effect.custody,
            "usability": effect.usability,
            "location_id": effect.location_id,
            "grade": None,
            "is_released": effect.usability == "conforming",
            "version": 1,
        }
        for number in numbers
    ]
    ids = db.scalars(insert(Unit).returning(Unit.id, sort_by_parameter_order=True), rows).all()
    db.execute(insert(UnitRoot), [{"unit_id": key, "root_id": key, **of} for key in ids])
    return dict(zip(numbers, ids, strict=True))


def _refuse_taken(db: Session, part_id: int, numbers: list[str], again: Mapping[str, int]) -> None:
    twice = {number for number in numbers if numbers.count(number) > 1} if _repeats(numbers) else ()
    taken = taken_serials(db, part_id, numbers) - again.keys() | set(twice)
    if taken:
        part = db.get_one(Part, part_id)
        raise SerialTaken(serial=", ".join(sorted(taken)[:20]), part=part.part_no)


def _repeats(numbers: list[str]) -> bool:
    return len(set(numbers)) < len(numbers)


def _from(supplier_id: int | None) -> dict[str, int]:
    return {"supplier": supplier_id} if supplier_id else {}
