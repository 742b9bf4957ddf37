"""A small maker of pumps: its places, parts, lots and units."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import build, parties, receive, state
from engine.serials.models import LotStock
from engine.serials.record import LotInput, StockPart

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class Shop:
    db: Session
    how: dict[str, Any]

    def __post_init__(self) -> None:
        db, how = self.db, self.how
        self.maker = parties.add_party(
            db, "OWN", "Linden Infusion", kind="site", country="CN", **how
        )
        self.supplier = parties.add_party(db, "S-1", "Resin Works", kind="supplier", **how)
        self.hospital = parties.add_party(
            db, "C-1", "St Mary", kind="consignee", country="GB", **how
        )
        self.store = parties.add_location(
            db, self.maker.id, "WH-1", "Store", kind="warehouse", **how
        )
        self.line = parties.add_location(db, self.maker.id, "L-1", "Line 1", kind="line", **how)
        self.cage = parties.add_location(db, self.maker.id, "Q-1", "Cage", kind="quarantine", **how)
        self.ward = parties.add_location(
            db, self.hospital.id, "C-1-S", "Ward", kind="consignee", **how
        )
        self.resin = self.part("RES", "lot", "material", self.supplier.id)
        self.body = self.part("BODY", "lot", "component")
        self.board = self.part("PCBA", "serial", "component")
        self.pump = self.part("PUMP", "serial", "device", di="07032069804988")
        self.set = self.part("SET", "lot", "device", di="00614141123452")

    def part(self, no, control, kind, maker=None, di=None):
        return parties.add_part(
            self.db,
            maker or self.maker.id,
            no,
            no.title(),
            control=control,
            kind=kind,
            di=di,
            **self.how,
        )

    def lot(self, part, no, quantity=0, **more):
        lot = parties.ensure_lot(self.db, part.id, no, **more, **self.how)
        if quantity:
            receive.receive_lot(
                self.db,
                lot.id,
                Decimal(quantity),
                location_id=self.store.id,
                usability="conforming",
                **self.how,
            )
        return lot

    def units(self, part, *serials, lot=None, usability="conforming"):
        recorded = receive.receive_units(
            self.db,
            part.id,
            serials,
            location_id=self.store.id,
            lot_id=lot.id if lot else None,
            usability=usability,
            **self.how,
        )
        return list(recorded.unit_ids)

    def build(self, part, *units, inputs=(), **more):
        return build.build_units(
            self.db,
            part.id,
            units,
            location_id=self.store.id,
            inputs=[LotInput(lot.id, Decimal(1)) for lot in inputs],
            usability=more.pop("usability", "conforming"),
            **more,
            **self.how,
        )

    def build_lot(self, part, no, quantity, *inputs):
        lot = parties.ensure_lot(self.db, part.id, no, **self.how)
        build.build_lot(
            self.db,
            lot.id,
            Decimal(quantity),
            location_id=self.store.id,
            inputs=[LotInput(one.id, Decimal(1)) for one in inputs],
            usability="conforming",
            **self.how,
        )
        return lot

    def stock(self, lot, **where):
        found = select(LotStock).where(LotStock.lot_id == lot.id, LotStock.quantity != 0)
        return list(self.db.scalars(found.filter_by(**where).order_by(LotStock.id)))

    def part_of(self, lot, quantity):
        return StockPart(self.stock(lot)[0].id, Decimal(quantity))

    def later(self, **delta):
        self.how = {**self.how, "at": self.how["at"] + timedelta(**delta)}
        return self.how

    state = state


@pytest.fixture
def shop(db, people):
    return Shop(db, {"by": people.warehouse, "at": NOW})


@pytest.fixture
def hold(shop):
    from engine.serials import holds

    def place(target, case="NC-2026-0001"):
        return holds.place(
            shop.db,
            stream=f"case:{case}",
            case_number=case,
            reason="cracked housing",
            basis="incoming inspection",
            target=target,
            by=shop.how["by"],
            at=shop.how["at"],
        )

    return place
