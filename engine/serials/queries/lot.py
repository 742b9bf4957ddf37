"""The page of one lot: a fixed number of queries."""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.serials.active import holdings_of_lots, holdings_of_stock
from engine.serials.backward import composition
from engine.serials.errors import LotUnknown
from engine.serials.models import (
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    ShipmentLine,
    Unit,
    UnitRoot,
)
from engine.serials.models.axes import GONE
from engine.serials.queries.history import (
    count_moments,
    count_shipments,
    of_node,
    shipments,
    timeline,
)
from engine.serials.queries.shown import LotPage, Pages, StockRow

FIRST = Pages()


def lot_page(db: Session, lot_id: int, pages: Pages = FIRST) -> LotPage:
    """Return the page of a lot; raises `LotUnknown`."""
    row = db.execute(
        select(Lot, Part, Party.name)
        .join(Part, Part.id == Lot.part_id)
        .join(Party, Party.id == Lot.manufacturer_id)
        .where(Lot.id == lot_id)
    ).one_or_none()
    if row is None:
        raise LotUnknown(lot=lot_id)

    lot, part, maker = row
    # a unit goes where the device goes that it is in
    inside = select(UnitRoot.root_id).where(UnitRoot.lot_id == lot_id)
    sent = or_(ShipmentLine.lot_id == lot_id, ShipmentLine.unit_id.in_(inside))
    counted = db.execute(
        select(Unit.custody, Unit.usability, func.count())
        .where(Unit.lot_id == lot_id)
        .group_by(Unit.custody, Unit.usability)
        .order_by(Unit.custody, Unit.usability)
    )
    return LotPage(
        lot_id=lot.id,
        lot_no=lot.lot_no,
        is_unknown=lot.is_unknown,
        part_id=part.id,
        part_no=part.part_no,
        part_name=part.name,
        part_name_zh=part.name_zh,
        control=part.control,
        uom=part.uom,
        di=part.di,
        maker=maker,
        made_on=lot.made_on,
        expires_on=lot.expires_on,
        holds=holdings_of_lots(db, [lot_id])[lot_id],
        stock=stock_of_lot(db, lot_id),
        units=tuple((custody, usability, count) for custody, usability, count in counted),
        made_of=composition(db, lot_id=lot_id),
        shipments=shipments(db, sent, page=pages.shipments),
        timeline=timeline(db, of_node(lot_id), page=pages.timeline),
        shipment_count=count_shipments(db, sent),
        installed_count=_installed(db, lot_id),
        timeline_count=count_moments(db, of_node(lot_id)),
    )


def _installed(db: Session, lot_id: int) -> int:
    """Count the units of a lot that are inside another unit now."""
    inside = select(func.count()).where(
        UnitRoot.lot_id == lot_id, UnitRoot.root_id != UnitRoot.unit_id
    )
    return db.scalar(inside) or 0


def stock_of_lot(db: Session, lot_id: int) -> tuple[StockRow, ...]:
    """Return the stock rows of a lot that are not empty, with their holds."""
    rows = db.execute(
        select(LotStock, Location.name, Party.name)
        .join(Location, Location.id == LotStock.location_id)
        .join(Party, Party.id == Location.party_id)
        .where(LotStock.lot_id == lot_id, LotStock.quantity != 0)
        .order_by(LotStock.id)
    ).all()
    holds = holdings_of_stock(db, [row for row, *_ in rows])
    return tuple(
        StockRow(
            row.id,
            row.location_id,
            location,
            party,
            row.custody,
            row.usability,
            row.tranche_id,
            row.quantity,
            # a hold does not bear on what is gone
            holds[row.id] if row.custody not in GONE else (),
        )
        for row, location, party in rows
    )
