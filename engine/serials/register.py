"""The register of holds: what is held where, since when, for which case."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, literal, select, union
from sqlalchemy.orm import Session

from engine.serials.models import (
    Hold,
    HoldExemption,
    HoldTargetRow,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Unit,
    UnitRoot,
)
from engine.serials.models.axes import GONE


@dataclass(frozen=True)
class Held:
    """How much one hold holds in one place."""

    hold_id: int
    case_number: str
    reason: str
    basis: str
    target_kind: str
    placed_at: datetime
    placed_by_id: int | None
    review_by: datetime | None
    location_id: int | None
    location: str | None
    party: str | None
    custody: str
    quantity: Decimal
    uom: str | None = None

    def age(self, at: datetime) -> timedelta:
        """Return how long it has been held."""
        return at - self.placed_at


def register(
    db: Session,
    *,
    location_id: int | None = None,
    case_number: str | None = None,
    placed_by_id: int | None = None,
    placed_before: datetime | None = None,
) -> list[Held]:
    """Return what every standing hold holds, place by place and unit of measure, oldest hold first.

    One query. A unit held through its lot or run counts under that hold, once, and inside another
    with its host; exempted ones do not.
    """
    held = union(*_held()).subquery()
    query = (
        select(
            Hold,
            held.c.location_id,
            held.c.custody,
            func.sum(held.c.quantity),
            Part.uom,
            Location.name,
            Party.name,
        )
        .outerjoin(held, held.c.hold_id == Hold.id)
        .outerjoin(Part, Part.id == held.c.part_id)
        .outerjoin(Location, Location.id == held.c.location_id)
        .outerjoin(Party, Party.id == Location.party_id)
        .where(Hold.released_at.is_(None))
        .group_by(Hold.id, held.c.location_id, held.c.custody, Part.uom, Location.name, Party.name)
        .order_by(Hold.placed_at, Hold.id, Location.name, held.c.custody, Part.uom)
    )
    for column, wanted in (
        (held.c.location_id, location_id),
        (Hold.case_number, case_number),
        (Hold.placed_by_id, placed_by_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if placed_before is not None:
        query = query.where(Hold.placed_at < placed_before)
    return [
        Held(
            hold.id,
            hold.case_number,
            hold.reason,
            hold.basis,
            hold.target_kind,
            hold.placed_at,
            hold.placed_by_id,
            hold.review_by,
            place_id,
            place,
            party,
            custody or "unknown",
            quantity or Decimal(0),
            uom,
        )
        for hold, place_id, custody, quantity, uom, place, party in db.execute(query)
    ]


def _held() -> Iterable[Select[*tuple[Any, ...]]]:
    one = literal(Decimal(1), LotStock.quantity.type).label("quantity")
    # what it is keeps two units in one place apart, and one unit that is held in two ways together
    of_unit = (
        literal("unit").label("what"),
        Unit.id,
        Unit.location_id,
        Unit.custody,
        one,
        Unit.part_id,
    )
    part = select(Lot.part_id).where(Lot.id == LotStock.lot_id).scalar_subquery()
    of_stock = (
        literal("stock").label("what"),
        LotStock.id,
        LotStock.location_id,
        LotStock.custody,
        LotStock.quantity,
        part.label("part_id"),
    )
    row = HoldTargetRow
    standing = row.release_event_id.is_(None)
    ways = (
        (of_unit, Unit, "unit", Unit.id, "unit"),
        (of_unit, Unit, "lot", Unit.lot_id, "unit"),
        (of_unit, Unit, "segment", Unit.seg_id, "unit"),
        (of_stock, LotStock, "stock", LotStock.tranche_id, "stock"),
        (of_stock, LotStock, "lot", LotStock.lot_id, "stock"),
    )
    for columns, table, kind, key, exempt_kind in ways:
        own = Unit.id if exempt_kind == "unit" else LotStock.tranche_id
        exempt = select(HoldExemption.hold_id).where(
            HoldExemption.hold_id == row.hold_id,
            HoldExemption.kind == exempt_kind,
            HoldExemption.target_id == own,
        )
        query = (
            select(row.hold_id, *columns)
            .join(table, (row.kind == kind) & (row.target_id == key))
            .where(standing)
        )
        if exempt_kind == "stock":
            query = query.where(LotStock.quantity != 0, LotStock.custody.not_in(GONE))
        else:
            query = query.where(Unit.custody.not_in(GONE))
        if exempt_kind == "unit" and kind != "unit":
            stands_alone = select(UnitRoot.root_id).where(UnitRoot.unit_id == Unit.id)
            query = query.where(stands_alone.scalar_subquery() == Unit.id)
        if kind in ("lot", "segment"):
            query = query.where(~exempt.exists())
        yield query
