"""The works on one day: who acts, when, and what codes and numbers mean in the store."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials import parties, receive
from engine.serials.models import Location, Lot, LotStock, Part, Party
from engine.serials.record import How, LotInput
from webapp.demo import catalogue as cat

ACROSS = timedelta(days=190)  # from the first delivery to the last finished lot


@dataclass(frozen=True)
class Size:
    """How much there is: runs of pumps, pumps in a run, lots of each set."""

    runs: int
    run_length: int
    set_lots: int
    set_quantity: int


FULL = Size(runs=25, run_length=30, set_lots=5, set_quantity=2_000)
SMALL = Size(runs=3, run_length=8, set_lots=1, set_quantity=400)
LEAST = Size(runs=1, run_length=4, set_lots=1, set_quantity=200)


class Works:
    """The works on one day: who acts, when, and what the codes and numbers mean in the store."""

    def __init__(self, db: Session, by: Person, at: datetime) -> None:
        """Start in the transaction `db`; `at` moves on with `later`."""
        self.db, self.by, self.at = db, by, at

    def later(self, **parts: float) -> datetime:
        """Let time pass; return when it is then, for a telling to yield.

        The ledger notes a clock that was set back, so whoever moves the time yields it.
        """
        self.at += timedelta(**parts)
        return self.at

    @property
    def how(self) -> How:
        """Say who acts and when, as every command of the store wants it."""
        return How(by=self.by, at=self.at)

    def naming(self, *documents: str, **facts: str) -> How:
        """Say who acts and when, with papers and what the event names."""
        named = {name: [value] for name, value in facts.items()}
        return How(by=self.by, at=self.at, documents=documents, facts=named)

    def place(self, code: str) -> int:
        """Return the number of a location."""
        return self.db.scalars(select(Location.id).where(Location.code == code)).one()

    def part(self, part_no: str) -> Part:
        """Return a part."""
        return self.db.scalars(select(Part).where(Part.part_no == part_no)).one()

    def party(self, code: str) -> int:
        """Return the number of a party."""
        return self.db.scalars(select(Party.id).where(Party.code == code)).one()

    def lot(self, lot_no: str) -> Lot:
        """Return a lot."""
        return self.db.scalars(select(Lot).where(Lot.lot_no == lot_no)).one()

    def stock(self, lot_id: int, place: str | None = None) -> list[LotStock]:
        """Return what lies of a lot in our hands, at one place or at all."""
        rows = select(LotStock).where(
            LotStock.lot_id == lot_id, LotStock.quantity > 0, LotStock.custody != "consumed"
        )
        if place is not None:
            rows = rows.where(LotStock.location_id == self.place(place))
        return list(self.db.scalars(rows.order_by(LotStock.id)))


# --- lots ------------------------------------------------------------------------------------


def new_lot(works: Works, part: Part, lot_no: str, *, expires_on: date | None = None) -> Lot:
    """Describe a lot of a part made now."""
    return parties.ensure_lot(
        works.db, part.id, lot_no, made_on=works.at.date(), expires_on=expires_on, **works.how
    )


def receive_quantity(works: Works, lot: Lot, quantity: int, *, place: str = cat.LINE) -> None:
    """Receive a quantity of a lot, good to use."""
    receive.receive_lot(
        works.db,
        lot.id,
        Decimal(quantity),
        location_id=works.place(place),
        usability="conforming",
        supplier_id=lot.manufacturer_id,
        **works.how,
    )


def newest_input(works: Works, part_no: str, quantity: int, *, place: str = cat.LINE) -> LotInput:
    """Take a quantity of the newest lot of a part that still has enough."""
    part_id, place_id = works.part(part_no).id, works.place(place)
    lot_id = works.db.scalars(
        select(LotStock.lot_id)
        .join(Lot, Lot.id == LotStock.lot_id)
        .where(
            Lot.part_id == part_id,
            LotStock.location_id == place_id,
            LotStock.custody == "in_house",
            LotStock.quantity >= quantity,
        )
        .order_by(Lot.id.desc())
        .limit(1)
    ).one()
    return LotInput(lot_id, Decimal(quantity), place_id)
