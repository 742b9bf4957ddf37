"""What units, lots and people are called on pages and in records: one query for many things."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import PersonAccount
from engine.serials.models import Lot, Part, Unit

Target = tuple[int | None, int | None]  # (unit id, lot id), one of them


@dataclass(frozen=True)
class StockName:
    """A unit's serial or a lot's number, and the part it is of."""

    name: str
    part: str
    is_unit: bool
    lot: str | None = None  # the lot that a unit was made as


def stock_names(db: Session, targets: Iterable[Target]) -> dict[Target, StockName]:
    """Return the name of every unit and lot asked for, by its (unit id, lot id)."""
    wanted = set(targets)
    units = {unit_id for unit_id, _ in wanted if unit_id is not None}
    lots = {lot_id for _, lot_id in wanted if lot_id is not None}
    names: dict[Target, StockName] = {}
    for chunk in _chunks(units):
        made = db.execute(
            select(Unit.id, Unit.serial, Part.part_no, Lot.lot_no)
            .join(Part, Part.id == Unit.part_id)
            .outerjoin(Lot, Lot.id == Unit.lot_id)
            .where(Unit.id.in_(chunk))
        )
        names |= {
            (i, None): StockName(name, part, is_unit=True, lot=lot) for i, name, part, lot in made
        }
    for chunk in _chunks(lots):
        lying = db.execute(
            select(Lot.id, Lot.lot_no, Part.part_no)
            .join(Part, Part.id == Lot.part_id)
            .where(Lot.id.in_(chunk))
        )
        names |= {(None, i): StockName(name, part, is_unit=False) for i, name, part in lying}
    return names


def person_named(db: Session, person_id: int | None) -> str:
    """Return a person's name for a finding, where the number may be a forged one."""
    account = db.get(PersonAccount, person_id) if person_id is not None else None
    return account.printed_name if account else f"person {person_id}"


def _chunks(ids: set[int], size: int = 1_000) -> Iterable[list[int]]:
    ordered = sorted(ids)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
