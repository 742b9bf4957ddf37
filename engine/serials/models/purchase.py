"""What was ordered from whom, and what was received against it."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, only_grows
from engine.serials.models.axes import EventRef, Exact, PartRef, PartyRef


class PurchaseOrder(Base):
    """One order to one supplier; the number of one that was withdrawn may be given again."""

    __tablename__ = "purchase_order"
    __table_args__ = (
        Index("ix_purchase_order_supplier", "supplier_id"),
        Index(
            "ix_purchase_order_number",
            "number",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    number: Mapped[Exact]
    supplier_id: Mapped[PartyRef]
    ordered_at: Mapped[datetime]
    event_id: Mapped[EventRef]
    withdrawn_at: Mapped[datetime | None]


class PurchaseLine(Base):
    """One part of an order: how much by when, at what price."""

    __tablename__ = "purchase_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line_no"),
        CheckConstraint("quantity > 0", name="orders_something"),
        CheckConstraint("(unit_price IS NULL) = (currency IS NULL)", name="price_has_currency"),
        Index("ix_purchase_line_part", "part_id"),
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(KeyType, ForeignKey("purchase_order.id"))
    line_no: Mapped[int]
    part_id: Mapped[PartRef]
    quantity: Mapped[Decimal]
    due_on: Mapped[date | None]
    unit_price: Mapped[Decimal | None]
    currency: Mapped[str | None]  # ISO 4217


class PurchaseReceipt(Base):
    """How much one receipt counts against a line of an order."""

    __tablename__ = "purchase_receipt"
    __table_args__ = (Index("ix_purchase_receipt_line", "line_id"),)

    event_id: Mapped[EventRef] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("purchase_line.id"), primary_key=True, autoincrement=False
    )
    quantity: Mapped[Decimal]


only_grows(PurchaseOrder, but=("withdrawn_at",))
only_grows(PurchaseLine)
only_grows(PurchaseReceipt)
