"""The list of units."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from engine.serials.active import Holding, holdings_of_units
from engine.serials.begins import begins
from engine.serials.holds.reached import may_be_held
from engine.serials.listing.page import SIZE, Keep, Listed, Order, Start, Wanted, count_some, page
from engine.serials.models import Edge, Location, Lot, Part, Party, Unit, UnitInput
from engine.serials.sets import id_set

FIRST = Start()


@dataclass(frozen=True)
class UnitRow:
    """One unit as a list shows it."""

    id: int
    serial: str
    part_no: str
    part_name: str
    part_name_zh: str | None
    lot_id: int | None
    lot_no: str | None
    custody: str
    usability: str
    location: str | None
    party: str | None
    holds: tuple[Holding, ...]


def units(
    db: Session, wanted: Wanted, start: Start = FIRST, *, size: int = SIZE
) -> Listed[UnitRow]:
    """Return one page of units, each with the holds that bear on it."""
    conditions = _conditions(db, wanted)
    order = Order(Unit.id, Unit.serial if wanted.begins else None)
    keep = _keeper(db, is_held=wanted.is_held) if wanted.is_held is not None else None
    found = page(db, select(Unit.id).where(*conditions), order, start, size=size, keep=keep)
    count = None if keep else count_some(db, Unit.id, conditions)
    return Listed(_rows(db, found.rows), found.after, found.before, count, found.is_cut)


def _conditions(db: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.begins:
        found.append(begins(Unit.serial, wanted.begins))
    if wanted.part_ids is not None:
        found.append(Unit.part_id.in_(id_set(db, wanted.part_ids)))
    if wanted.location_ids is not None:
        found.append(Unit.location_id.in_(id_set(db, wanted.location_ids)))
    if wanted.custody:
        found.append(Unit.custody == wanted.custody)
    if wanted.usability:
        found.append(Unit.usability == wanted.usability)
    if wanted.lot_id is not None:
        found.append(Unit.lot_id == wanted.lot_id)
    if wanted.made_of_lot_id is not None:
        found.append(made_of(wanted.made_of_lot_id))
    if wanted.is_held:
        found.append(Unit.id.in_(may_be_held()))
    return found


def made_of(lot_id: int) -> ColumnElement[bool]:
    """Return the condition that a lot went into a unit directly: in its run, or at rework."""
    return or_(
        Unit.seg_id.in_(select(Edge.out).where(Edge.inp == lot_id, Edge.never_event_id.is_(None))),
        Unit.id.in_(
            select(UnitInput.unit_id).where(
                UnitInput.lot_id == lot_id, UnitInput.never_event_id.is_(None)
            )
        ),
    )


def _keeper(db: Session, *, is_held: bool) -> Keep:
    """Return what picks the held, or the free, out of some units: as the gate knows them."""

    def keep(ids: Sequence[int]) -> list[int]:
        holds = holdings_of_units(db, ids)
        return [one for one in ids if bool(holds[one]) == is_held]

    return keep


def _rows(db: Session, ids: Sequence[int]) -> tuple[UnitRow, ...]:
    holds = holdings_of_units(db, ids)
    rows = db.execute(
        select(Unit, Part, Lot.lot_no, Location.name, Party.name)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .outerjoin(Party, Party.id == Location.party_id)
        .where(Unit.id.in_(id_set(db, ids)))
    )
    found = {
        unit.id: UnitRow(
            unit.id, unit.serial, part.part_no, part.name, part.name_zh, unit.lot_id, lot_no,
            unit.custody, unit.usability, location, party, holds[unit.id],
        )
        for unit, part, lot_no, location, party in rows
    }  # fmt: skip
    return tuple(found[one] for one in ids)
