"""The list of lots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, func, or_, select, union_all
from sqlalchemy.orm import Session

from engine.serials.begins import begins
from engine.serials.holds.reached import cases_on_lots, held_lots
from engine.serials.listing.page import SIZE, Listed, Order, Start, Wanted, count_some, page
from engine.serials.models import ExternalId, Lot, LotStock, Part, Party, Unit
from engine.serials.models.axes import GONE
from engine.serials.named import called
from engine.serials.sets import id_set

FIRST = Start()


@dataclass(frozen=True)
class LotRow:
    """One lot as a list shows it: what there is of it, and what holds all or a part of it."""

    id: int
    lot_no: str
    part_no: str
    part_name: str
    part_name_zh: str | None
    maker: str
    expires_on: date | None
    stock: Decimal
    uom: str
    unit_count: int
    whole_holds: tuple[str, ...]  # case numbers
    part_holds: tuple[str, ...]


def lots(db: Session, wanted: Wanted, start: Start = FIRST, *, size: int = SIZE) -> Listed[LotRow]:
    """Return one page of lots; the UNKNOWN lots among them, for they are in every scope."""
    conditions = _conditions(db, wanted)
    order = Order(Lot.id, Lot.lot_no if wanted.begins else None)
    found = page(db, select(Lot.id).where(*conditions), order, start, size=size)
    count = count_some(db, Lot.id, conditions)
    return Listed(_rows(db, found.rows), found.after, found.before, count)


def _conditions(db: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.begins:
        by_number = select(Lot.id).where(begins(Lot.lot_no, wanted.begins))
        by_name = select(ExternalId.entity_id).where(*called("lot", wanted.begins))
        found.append(Lot.id.in_(union_all(by_number, by_name)))
    if wanted.part_ids is not None:
        found.append(Lot.part_id.in_(id_set(db, wanted.part_ids)))
    somewhere = _somewhere(db, wanted)
    if somewhere is not None:
        found.append(somewhere)
    if wanted.is_held is not None:
        held = Lot.id.in_(held_lots())
        found.append(held if wanted.is_held else ~held)
    return found


def _somewhere(db: Session, wanted: Wanted) -> ColumnElement[bool] | None:
    """Return that some stock or unit of the lot is in this place and state."""
    of_stock: list[ColumnElement[bool]] = []
    of_units: list[ColumnElement[bool]] = []
    if wanted.location_ids is not None:
        listed = id_set(db, wanted.location_ids)
        of_stock.append(LotStock.location_id.in_(listed))
        of_units.append(Unit.location_id.in_(listed))
    if wanted.custody:
        of_stock.append(LotStock.custody == wanted.custody)
        of_units.append(Unit.custody == wanted.custody)
    if wanted.usability:
        of_stock.append(LotStock.usability == wanted.usability)
        of_units.append(Unit.usability == wanted.usability)
    if not of_stock:
        return None
    stock = select(LotStock.id).where(LotStock.lot_id == Lot.id, LotStock.quantity != 0, *of_stock)
    pieces = select(Unit.id).where(Unit.lot_id == Lot.id, *of_units)
    return or_(stock.exists(), pieces.exists())


def _rows(db: Session, ids: Sequence[int]) -> tuple[LotRow, ...]:
    listed = id_set(db, ids)
    sums = db.execute(
        select(LotStock.lot_id, func.sum(LotStock.quantity))
        .where(LotStock.lot_id.in_(listed), LotStock.custody.not_in(GONE))
        .group_by(LotStock.lot_id)
    )
    stock = {row[0]: row[1] for row in sums}
    counts = db.execute(
        select(Unit.lot_id, func.count()).where(Unit.lot_id.in_(listed)).group_by(Unit.lot_id)
    )
    unit_counts = {row[0]: row[1] for row in counts}
    whole, part = cases_on_lots(db, ids)
    rows = db.execute(
        select(Lot, Part, Party.name)
        .join(Part, Part.id == Lot.part_id)
        .join(Party, Party.id == Lot.manufacturer_id)
        .where(Lot.id.in_(listed))
    )
    found = {
        lot.id: LotRow(
            lot.id, lot.lot_no, made.part_no, made.name, made.name_zh, maker, lot.expires_on,
            stock.get(lot.id, Decimal(0)), made.uom, unit_counts.get(lot.id, 0),
            whole.get(lot.id, ()), part.get(lot.id, ()),
        )
        for lot, made, maker in rows
    }  # fmt: skip
    return tuple(found[one] for one in ids)
