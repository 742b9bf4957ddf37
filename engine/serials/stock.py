"""The stock of lots: postings in, rows out; every change belongs to an event."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.db import upserting
from engine.serials.errors import NotEnough, StockUnknown
from engine.serials.models import Event, Location, Lot, LotStock, StockPosting, Tranche
from engine.serials.projection import forget
from engine.serials.record import StockPart
from engine.serials.sets import id_set
from engine.serials.units import lock_first


class Spot(NamedTuple):
    """Where and in which state a quantity of a lot lies."""

    lot_id: int
    location_id: int
    custody: str
    usability: str
    tranche_id: int = 0


class Taken(NamedTuple):
    """A quantity taken out of one spot."""

    spot: Spot
    quantity: Decimal
    stock_id: int


def spot_of(row: LotStock) -> Spot:
    """Return the spot of a stock row."""
    return Spot(row.lot_id, row.location_id, row.custody, row.usability, row.tranche_id)


def post(db: Session, event: Event, changes: Iterable[tuple[Spot, Decimal]]) -> None:
    """Write the postings of an event and bring the stock rows up to date. Flushes."""
    sums: dict[Spot, Decimal] = defaultdict(Decimal)
    for spot, quantity in changes:
        sums[spot] += quantity
    rows = [
        {**spot._asdict(), "quantity": quantity}
        for spot, quantity in sorted(sums.items())
        if quantity
    ]
    if not rows:
        return

    db.execute(insert(StockPosting), [{**row, "event_id": event.id} for row in rows])
    add_up(db, sums)


def add_up(db: Session, sums: Mapping[Spot, Decimal]) -> None:
    """Add what was posted to the stock rows, those that are not there yet too."""
    rows = [{**spot._asdict(), "quantity": sums[spot]} for spot in sorted(sums) if sums[spot]]
    fresh = upserting(db, LotStock.__table__)
    total = LotStock.__table__.c.quantity + fresh.excluded.quantity
    adding = fresh.on_conflict_do_update(
        index_elements=list(Spot._fields), set_={"quantity": total}
    )
    if rows:
        db.connection().execute(adding, rows)
    lots = {row["lot_id"] for row in rows}
    ids = db.scalars(select(LotStock.id).where(LotStock.lot_id.in_(id_set(db, lots))))
    forget(db, LotStock, set(ids))


def move(
    db: Session,
    event: Event,
    taken: Iterable[Taken],
    *,
    location_id: int | None = None,
    custody: str | None = None,
    usability: str | None = None,
    tranche_id: int | None = None,
) -> None:
    """Move what was taken to another spot; what is left out stays as it was."""
    change = {
        "location_id": location_id,
        "custody": custody,
        "usability": usability,
        "tranche_id": tranche_id,
    }
    new = {name: value for name, value in change.items() if value is not None}
    changes: list[tuple[Spot, Decimal]] = []
    for spot, quantity, _ in taken:
        there = Spot(**{**spot._asdict(), **new})
        changes += [(spot, -quantity), (there, quantity)]
    post(db, event, changes)


def take(db: Session, parts: Sequence[StockPart], *, reported: bool = False) -> list[Taken]:
    """Return the spots that `parts` come out of, locked; refuse more than lies there.

    A reported fact may take more: the row then goes below zero until its receipt is recorded.
    """
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for part in parts:
        wanted[part.stock_id] += part.quantity
    lots = select(LotStock.lot_id).where(LotStock.id.in_(id_set(db, wanted)))
    lock_first(db, lots=set(db.scalars(lots)))
    rows = {
        row.id: row
        for row in db.scalars(
            select(LotStock)
            .where(LotStock.id.in_(id_set(db, wanted)))
            .order_by(LotStock.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    for stock_id, quantity in wanted.items():
        if stock_id not in rows:
            raise StockUnknown(stock=stock_id)
        if quantity > rows[stock_id].quantity and not reported:
            raise _not_enough(db, rows[stock_id], quantity)

    return [Taken(spot_of(rows[key]), quantity, key) for key, quantity in wanted.items()]


def _not_enough(db: Session, row: LotStock, asked: Decimal) -> NotEnough:
    lot, location = db.get_one(Lot, row.lot_id), db.get_one(Location, row.location_id)
    return NotEnough(available=row.quantity, lot=lot.lot_no, location=location.name, asked=asked)


def new_tranche(db: Session, lot_id: int, event: Event, *, grade: str | None = None) -> int:
    """Open a tranche of a lot; flushes."""
    tranche = Tranche(lot_id=lot_id, grade=grade, event_id=event.id)
    db.add(tranche)
    db.flush()
    return tranche.id


def split(db: Session, event: Event, part: Taken, *, grade: str | None = None) -> int:
    """Tell a quantity apart from the rest of its stock; return the tranche it is now."""
    tranche_id = new_tranche(db, part.spot.lot_id, event, grade=grade)
    move(db, event, [part], tranche_id=tranche_id)
    return tranche_id


def rows_of(db: Session, lot_ids: Iterable[int]) -> list[LotStock]:
    """Return the stock rows of lots that are not empty."""
    return list(
        db.scalars(
            select(LotStock)
            .where(LotStock.lot_id.in_(id_set(db, lot_ids)), LotStock.quantity != 0)
            .order_by(LotStock.lot_id, LotStock.id)
        )
    )
