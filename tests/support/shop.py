"""A small maker of pumps: its places, parts, lots and units."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import build, parties, receive, state
from engine.serials.models import Location, LotStock, Part, Party
from engine.serials.record import LotInput, StockPart
from tests.support.personas import People

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class Shop:
    db: Session
    how: dict[str, Any]

    def __post_init__(self) -> None:
        """Find what the template of this name holds, or lay it."""
        if self.db.scalar(select(Party.id).where(Party.code == "OWN")) is None:
            self._lay()
        self.maker, self.supplier, self.hospital = self._rows(Party.code, "OWN", "S-1", "C-1")
        self.store, self.line, self.cage, self.ward = self._rows(
            Location.code, "WH-1", "L-1", "Q-1", "C-1-S"
        )
        self.resin, self.body, self.board, self.pump, self.set = self._rows(
            Part.part_no, "RES", "BODY", "PCBA", "PUMP", "SET"
        )

    def _rows(self, column, *keys):
        found = self.db.scalars(select(column.class_).where(column.in_(keys)))
        rows = {getattr(row, column.key): row for row in found}
        return [rows[key] for key in keys]

    def _lay(self) -> None:
        db, how = self.db, self.how
        self.maker = parties.add_party(
            db, "OWN", "Linden Infusion", kind="site", country="CN", **how
        )
        supplier = parties.add_party(db, "S-1", "Resin Works", kind="supplier", **how)
        hospital = parties.add_party(db, "C-1", "St Mary", kind="consignee", country="GB", **how)
        for code, name, kind, party in (
            ("WH-1", "Store", "warehouse", self.maker),
            ("L-1", "Line 1", "line", self.maker),
            ("Q-1", "Cage", "quarantine", self.maker),
            ("C-1-S", "Ward", "consignee", hospital),
        ):
            parties.add_location(db, party.id, code, name, kind=kind, **how)
        self.part("RES", "lot", "material", supplier.id)
        self.part("BODY", "lot", "component")
        self.part("PCBA", "serial", "component")
        self.part("PUMP", "serial", "device", di="07032069804988")
        self.part("SET", "lot", "device", di="00614141123452")

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


def lay_shop(db: Session) -> None:
    """Lay the shop and keep it, for every database that is copied from this one."""
    Shop(db, {"by": People().warehouse, "at": NOW})
