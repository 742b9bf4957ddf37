"""What left the house: pumps and sets shipped to hospitals over the months, and delivered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random

from sqlalchemy import select

from engine.serials import gate, ship
from engine.serials.active import holdings_of_stock
from engine.serials.models import Location, Lot, LotStock, Unit
from engine.serials.record import StockPart
from engine.serials.targets import HoldTarget
from webapp.demo import catalogue as cat
from webapp.demo.works import Works

ORDERS_SEED = 20_260_301  # the same orders at every bring-up
ON_THE_WAY = timedelta(days=1, hours=19)


@dataclass(frozen=True)
class Consignment:
    """What is on its way to a hospital: units, and lots in whatever quantity."""

    hospital: str
    units: Sequence[int]
    lots: Sequence[int]


class Orders:
    """Draws what hospitals order, always the same."""

    def __init__(
        self, *, pumps: tuple[int, int], sets: tuple[int, int], first_number: int = 0
    ) -> None:
        """Order between the two numbers of `pumps`, and of `sets` in tens."""
        # no secret hangs on it: the demo is to be the same every time
        self._random = Random(ORDERS_SEED)  # noqa: S311
        self._pumps, self._sets = pumps, sets
        self._number = first_number

    def ship(self, works: Works, hospital: str) -> Consignment:
        """Ship what a hospital ordered, as far as there is anything."""
        self._number += 1
        units, parts = self._pick_pumps(works), self._pick_sets(works)
        lots = {works.db.get_one(LotStock, part.stock_id).lot_id for part in parts}
        if units or parts:
            ship.ship(
                works.db,
                to_location_id=works.place(hospital),
                units=units,
                stock_parts=parts,
                document_no=f"DN-{works.at:%y}{30_000 + self._number}",
                **works.how,
            )
        return Consignment(hospital, units, sorted(lots))

    def _pick_pumps(self, works: Works) -> list[int]:
        models = [works.part(number).id for number in (cat.V3, cat.S7)]
        count = self._random.randint(*self._pumps)
        rows = select(Unit.id).where(
            Unit.part_id.in_(models),
            Unit.location_id == works.place(cat.STORES),
            Unit.usability == "conforming",
        )
        found = works.db.scalars(rows.order_by(Unit.id).limit(3 * count)).all()
        verdicts = gate.check(works.db, [HoldTarget.unit(key) for key in found], door="ship")
        free = [key for key, verdict in zip(found, verdicts, strict=True) if verdict.allowed]
        return free[:count]

    def _pick_sets(self, works: Works) -> list[StockPart]:
        count = 10 * self._random.randint(*self._sets)
        rows = works.db.scalars(
            select(LotStock)
            .join(Lot, Lot.id == LotStock.lot_id)
            .where(
                LotStock.location_id == works.place(cat.SUZHOU_STORES),
                LotStock.usability == "conforming",
                LotStock.custody == "in_house",
                LotStock.quantity > count,
            )
            .order_by(LotStock.quantity.desc(), LotStock.id)
        ).all()
        held = holdings_of_stock(works.db, rows)
        free = [row for row in rows if not held[row.id]]
        return [StockPart(row.id, Decimal(count)) for row in free[: self._random.randint(1, 2)]]


def deliver(works: Works, consignment: Consignment) -> None:
    """Record that a consignment has arrived."""
    to = works.place(consignment.hospital)
    parts = [
        StockPart(row.id, row.quantity)
        for lot_id in consignment.lots
        for row in works.stock(lot_id)
        if row.custody == "in_transit" and row.location_id == to
    ]
    if consignment.units or parts:
        ship.deliver(
            works.db, location_id=to, units=consignment.units, stock_parts=parts, **works.how
        )


def hospitals(works: Works) -> Iterator[str]:
    """Return the stores of hospitals one after the other, again and again."""
    codes = works.db.scalars(
        select(Location.code).where(Location.kind == "consignee").order_by(Location.code)
    ).all()
    order = Random(ORDERS_SEED).sample(codes, len(codes))  # noqa: S311  not a secret
    while True:
        yield from order
