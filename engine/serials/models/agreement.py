"""What was agreed with a supplier for a part, from which day on."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from engine.db import Base, Key
from engine.serials.models.axes import Exact, PartRef, PartyRef


class SupplierAgreement(Base):
    """One part from one supplier at one price; a new price from a day on is a new row."""

    __tablename__ = "supplier_agreement"
    __table_args__ = (
        UniqueConstraint("part_id", "supplier_id", "valid_from"),
        CheckConstraint("(price IS NULL) = (currency IS NULL)", name="price_has_currency"),
        CheckConstraint("price IS NULL OR price >= 0", name="price_is_not_negative"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it"),
        Index("ix_supplier_agreement_supplier", "supplier_id"),
    )

    id: Mapped[Key]
    part_id: Mapped[PartRef]
    supplier_id: Mapped[PartyRef]
    supplier_part_no: Mapped[Exact | None]
    price: Mapped[Decimal | None]  # for one unit of the part
    currency: Mapped[str | None]  # ISO 4217
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
