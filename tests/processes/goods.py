"""Goods of the stories: made, built, shipped, reported, returned, and asked about at the gate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.serials import build, gate, holds, install, parties, receive, ship, state
from engine.serials.build import ToBuild
from engine.serials.models import Lot, LotStock, Unit
from engine.serials.record import How, LotInput, Recorded, StockPart
from engine.serials.targets import HoldTarget
from tests.support.personas import People
from webapp.compose import Holdfast

PLACES = (
    ("TARN", "manufacturer", "warehouse"),
    ("SUP", "supplier", "warehouse"),
    ("LAB", "third_party", "third_party"),
    ("HOSP", "consignee", "consignee"),
)


def lay_places(holdfast: Holdfast, *, at: datetime) -> dict[str, int]:
    """Describe the maker, a supplier, a laboratory and a hospital, each with its one place."""
    places = {}
    with holdfast.database.begin() as db:
        for code, kind, place_kind in PLACES:
            party = parties.add_party(
                db, code, code.title(), kind=kind, country="DE", by=None, at=at
            )
            place = parties.add_location(
                db, party.id, code, code.title(), kind=place_kind, by=None, at=at
            )
            places |= {f"{code}_party": party.id, code: place.id}
    return places


@dataclass
class Goods:
    """What lies where; `at` moves on as the story does."""

    holdfast: Holdfast
    people: People
    at: datetime
    places: dict[str, int] = field(default_factory=dict)
    _pumps: dict[int, int] = field(default_factory=dict)  # the device built from a component lot

    # --- making -----------------------------------------------------------------------------

    def make_lot(self, lot_no: str, quantity: int, *, shipped: int = 0) -> int:
        """Receive and release a lot of a lot-controlled part; ship some of it to the hospital."""
        with self.holdfast.database.begin() as db:
            part = parties.add_part(
                db, self.places["TARN_party"], f"SET-{lot_no}", "Infusion set",
                control="lot", kind="device", **self._how())  # fmt: skip
            lot_id = parties.ensure_lot(db, part.id, lot_no, **self._how()).id
        self.receive_more(lot_id, quantity)
        if shipped:
            self.ship(lot=lot_id, quantity=shipped)
        return lot_id

    def receive_more(self, lot_id: int, quantity: int) -> None:
        """Receive a quantity of a known lot, ready for use."""
        with self.holdfast.database.begin() as db:
            receive.receive_lot(
                db, lot_id, Decimal(quantity), location_id=self.places["TARN"],
                usability="conforming", **self._how(),
            )  # fmt: skip

    def make_component(self, lot_no: str, quantity: int = 100) -> int:
        """Receive a lot of a supplier's component."""
        with self.holdfast.database.begin() as db:
            part = parties.add_part(
                db, self.places["SUP_party"], f"C-{lot_no}", "Pressure sensor",
                control="lot", kind="component", **self._how())  # fmt: skip
            lot_id = parties.ensure_lot(db, part.id, lot_no, **self._how()).id
        self.receive_more(lot_id, quantity)
        return lot_id

    def build(self, component_lot: int, serials: Sequence[str], *, reported: bool = False) -> None:
        """Build and release serialised devices from a component lot."""
        with self.holdfast.database.begin() as db:
            if component_lot not in self._pumps:
                self._pumps[component_lot] = parties.add_part(
                    db, self.places["TARN_party"], f"PUMP-{component_lot}", "Infusion pump",
                    control="serial", kind="device", **self._how()).id  # fmt: skip
            inputs = [LotInput(component_lot, Decimal(len(serials)), self.places["TARN"])]
            made = build.build_units(
                db, self._pumps[component_lot], list(serials), location_id=self.places["TARN"],
                inputs=inputs, reported=reported, **self._how(),
            )  # fmt: skip
            if not reported:
                state.release(db, units=made.unit_ids, **self._how())

    def make_devices(self, component_lot: str, serials: list[str], *, shipped: int = 0) -> int:
        """Build serialised devices from a new component lot; ship the first few of them."""
        lot_id = self.make_component(component_lot)
        self.build(lot_id, serials)
        if shipped:
            self.ship(*serials[:shipped])
        return lot_id

    def make_hosted(self, board: str, pump: str) -> tuple[int, int]:
        """Build a board and a pump with it inside."""
        with self.holdfast.database.begin() as db:
            made = []
            for part_no, what in (("PCBA", board), ("PUMP", pump)):
                part = parties.add_part(
                    db, self.places["TARN_party"], part_no, part_no.title(), control="serial",
                    kind="device", **self._how()).id  # fmt: skip
                inside = [ToBuild(what, ((made[0], "main"),))] if made else [what]
                made += build.build_units(
                    db, part, inside, location_id=self.places["TARN"], usability="conforming",
                    **self._how(),
                ).unit_ids  # fmt: skip
        return made[0], made[1]

    def take_out(self, unit_id: int) -> None:
        """Take a unit out of what it is in."""
        with self.holdfast.database.begin() as db:
            install.remove_units(db, [unit_id], **self._how())

    # --- moving -----------------------------------------------------------------------------

    def ship(self, *serials: str, lot: int | None = None, quantity: int = 0) -> Recorded:
        """Ship units, or a quantity of a lot, to the hospital: the gate is asked."""
        return self._leave(ship.ship, serials, lot, quantity)

    def report_shipment(self, *serials: str, lot: int | None = None, quantity: int = 0) -> Recorded:
        """Record what somebody outside says has been shipped; nobody is asked."""
        return self._leave(ship.report_shipment, serials, lot, quantity)

    def arrive(self, *serials: str, lot: int | None = None, quantity: int = 0) -> None:
        """Record that units, or some of a lot, which were shipped have arrived at the hospital."""
        with self.holdfast.database.begin() as db:
            on_the_way = select(LotStock.id).where(
                LotStock.lot_id == lot, LotStock.custody == "in_transit"
            )
            parts = [StockPart(one, Decimal(quantity)) for one in db.scalars(on_the_way)]
            ship.deliver(
                db, location_id=self.places["HOSP"], units=self._units(serials),
                stock_parts=parts, **self._how(),
            )  # fmt: skip

    def receive_return(self, *serials: str) -> None:
        """Record units that came back from the hospital."""
        with self.holdfast.database.begin() as db:
            ship.receive_return(
                db, location_id=self.places["TARN"], units=self._units(serials), **self._how()
            )

    def send_out(self, *serials: str) -> None:
        """Move units to the laboratory, a third party."""
        with self.holdfast.database.begin() as db:
            state.move(
                db, location_id=self.places["LAB"], units=self._units(serials), **self._how()
            )

    def _leave(
        self, door: Callable[..., Recorded], serials: Sequence[str], lot: int | None, quantity: int
    ) -> Recorded:
        with self.holdfast.database.begin() as db:
            parts = []
            if lot is not None:
                here = LotStock.location_id == self.places["TARN"]
                rows = db.scalars(
                    select(LotStock)
                    .where(LotStock.lot_id == lot, LotStock.quantity > 0, here)
                    .order_by(LotStock.usability, LotStock.id)
                )
                parts = [StockPart(rows.first().id, Decimal(quantity))]  # type: ignore[union-attr]  # a lot that lies nowhere fails here
            return door(
                db, to_location_id=self.places["HOSP"], units=self._units(serials),
                stock_parts=parts, document_no="DN-1", **self._how(),
            )  # fmt: skip

    # --- looking ----------------------------------------------------------------------------

    def unit(self, serial: str) -> Unit:
        """Return a unit as it stands."""
        return self.reads(lambda db: db.scalars(select(Unit).where(Unit.serial == serial)).one())

    def lot_id(self, lot_no: str) -> int:
        """Return the id of a lot."""
        return self.reads(lambda db: db.scalars(select(Lot.id).where(Lot.lot_no == lot_no)).one())

    def may_ship(self, serial: str) -> bool:
        """Ask the gate whether a unit may be shipped."""
        return self.reads(lambda db: gate.check(db, [serial], door="ship"))[0].allowed

    def stock_that_may_ship(self, lot_id: int) -> Decimal:
        """Return how much of a lot the gate lets out and is fit to go."""

        def look(db: Any) -> Decimal:
            rows = db.scalars(
                select(LotStock).where(
                    LotStock.lot_id == lot_id,
                    LotStock.custody == "in_house",
                    LotStock.usability == "conforming",
                )
            ).all()
            asked = [HoldTarget.stock(row.id) for row in rows]
            verdicts = gate.check(db, asked, door="ship")
            free = (row.quantity for row, v in zip(rows, verdicts, strict=True) if v.allowed)
            return sum(free, Decimal(0))

        return self.reads(look)

    def holding_cases(self, serial: str) -> set[str]:
        """Return the numbers of the cases whose holds bear on a unit."""
        unit_id = self.unit(serial).id
        found = self.reads(lambda db: holds.holds_on(db, unit_id=unit_id))
        return {hold.case_number for hold in found}

    def reads(self, look: Callable[[Any], Any]) -> Any:
        """Look at the database as it is."""
        with self.holdfast.database.read() as db:
            return look(db)

    def _units(self, serials: Sequence[str]) -> list[int]:
        return [self.unit(serial).id for serial in serials]

    def _how(self) -> How:
        return {"by": self.people.warehouse, "at": self.at}
