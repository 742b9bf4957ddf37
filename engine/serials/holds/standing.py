"""Which holds stand: those of a case, and those that bear on something."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.active import (
    Holding,
    holdings_of_lots,
    holdings_of_stock,
    holdings_of_units,
)
from engine.serials.errors import StockUnknown
from engine.serials.models import (
    Hold,
    LotStock,
)


def of_case(db: Session, case_number: str) -> list[Hold]:
    """Return the standing holds of a case, oldest first."""
    return list(
        db.scalars(
            select(Hold)
            .where(Hold.case_number == case_number, Hold.released_at.is_(None))
            .order_by(Hold.id)
        )
    )


def holds_on(
    db: Session,
    *,
    unit_id: int | None = None,
    lot_id: int | None = None,
    stock_id: int | None = None,
) -> tuple[Holding, ...]:
    """Return the holds that bear on one unit, whole lot or stock row, through whatever they do."""
    if unit_id is not None:
        return holdings_of_units(db, [unit_id])[unit_id]
    if lot_id is not None:
        return holdings_of_lots(db, [lot_id])[lot_id]
    if (row := db.get(LotStock, stock_id)) is None:
        raise StockUnknown(stock=stock_id)
    return holdings_of_stock(db, [row])[row.id]
