"""How far the standing holds reach, as sets a list can be narrowed by."""

from collections.abc import Iterable

from sqlalchemy import CompoundSelect, Select, select, union_all
from sqlalchemy.orm import Session

from engine.serials.models import Hold, HoldTargetRow, Lot, Tranche, Unit, UnitRoot
from engine.serials.sets import id_set

ROW = HoldTargetRow
STANDING = ROW.release_event_id.is_(None)


def may_be_held() -> Select[int]:
    """Choose every unit that a hold may bear on: in one device with a unit that a hold names.

    More than are held, never fewer: a neighbour in the same device, and what a hold on a whole
    lot lets out, are among them. The gate's own knowledge tells them apart.
    """
    named = union_all(
        select(ROW.target_id).where(ROW.kind == "unit", STANDING),
        select(Unit.id).join(ROW, (ROW.target_id == Unit.lot_id) & (ROW.kind == "lot") & STANDING),
        select(Unit.id).join(
            ROW, (ROW.target_id == Unit.seg_id) & (ROW.kind == "segment") & STANDING
        ),
    )
    roots = select(UnitRoot.root_id).where(UnitRoot.unit_id.in_(named))
    return select(UnitRoot.unit_id).where(UnitRoot.root_id.in_(roots))


def held_lots() -> CompoundSelect[int]:
    """Choose every lot of which all, a part of the stock, or a unit is on hold."""
    return union_all(
        select(ROW.target_id).where(ROW.kind == "lot", STANDING), _by_stock(), _by_unit()
    )


def _by_stock() -> Select[int]:
    return select(Tranche.lot_id).join(
        ROW, (ROW.target_id == Tranche.id) & (ROW.kind == "stock") & STANDING
    )


def _by_unit() -> Select[int]:
    return (
        select(Lot.id)
        .join(Unit, Unit.lot_id == Lot.id)
        .join(ROW, (ROW.target_id == Unit.id) & (ROW.kind == "unit") & STANDING)
    )


Cases = dict[int, tuple[str, ...]]


def cases_on_lots(db: Session, lot_ids: Iterable[int]) -> tuple[Cases, Cases]:
    """Return the cases that hold each lot as a whole, and those that hold a part of it."""
    listed = id_set(db, lot_ids)
    whole = (
        select(ROW.target_id, Hold.case_number)
        .join(Hold, Hold.id == ROW.hold_id)
        .where(ROW.kind == "lot", STANDING, ROW.target_id.in_(listed))
    )
    parts = (
        query.add_columns(Hold.case_number)
        .join(Hold, Hold.id == ROW.hold_id)
        .where(lot.in_(listed))
        for query, lot in ((_by_stock(), Tranche.lot_id), (_by_unit(), Lot.id))
    )
    return _gathered(db, whole), _gathered(db, *parts)


def _gathered(db: Session, *queries: Select[int, str]) -> Cases:
    found: dict[int, set[str]] = {}
    for query in queries:
        for lot_id, number in db.execute(query.distinct()):
            found.setdefault(lot_id, set()).add(number)
    return {lot_id: tuple(sorted(numbers)) for lot_id, numbers in found.items()}
