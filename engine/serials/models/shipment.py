"""What left for whom, on which document."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, only_grows
from engine.serials.models.axes import EventRef, LocationRef, LotRef, PartyRef, UnitRef


class Shipment(Base):
    """One consignment to one place of one consignee."""

    __tablename__ = "shipment"
    __table_args__ = (Index("ix_shipment_consignee", "consignee_id"),)

    id: Mapped[Key]
    consignee_id: Mapped[PartyRef]
    location_id: Mapped[LocationRef]
    shipped_at: Mapped[datetime]
    document_no: Mapped[str | None] = mapped_column(index=True)
    event_id: Mapped[EventRef]


class ShipmentLine(Base):
    """One unit, or a quantity of one lot, in a shipment."""

    __tablename__ = "shipment_line"
    __table_args__ = (
        CheckConstraint("(unit_id IS NULL) <> (lot_id IS NULL)", name="unit_or_lot"),
        CheckConstraint("(lot_id IS NULL) = (quantity IS NULL)", name="lot_has_quantity"),
        Index("ix_shipment_line_shipment", "shipment_id"),
        Index("ix_shipment_line_unit", "unit_id", "shipment_id"),
        Index(
            "ix_shipment_line_lot",
            "lot_id",
            sqlite_where=text("lot_id IS NOT NULL"),
            postgresql_where=text("lot_id IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(KeyType, ForeignKey("shipment.id"))
    unit_id: Mapped[UnitRef | None]
    lot_id: Mapped[LotRef | None]
    tranche_id: Mapped[int] = mapped_column(KeyType, default=0)
    quantity: Mapped[Decimal | None]
    event_id: Mapped[EventRef]


only_grows(Shipment)
only_grows(ShipmentLine)
