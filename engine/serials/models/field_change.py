"""What a field of a master record was, what it became, by whom, when and why."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Json, Key, KeyType, Ref, only_grows


class FieldChange(Base):
    """One field that changed, or (no field) the moment the record was described.

    The ledger says the same and proves it; these rows answer per record and field.
    """

    __tablename__ = "field_change"
    __table_args__ = (
        CheckConstraint("field IS NULL OR reason IS NOT NULL", name="change_has_reason"),
        Index("ix_field_change_record", "entity", "entity_id", "id"),
    )

    id: Mapped[Key]
    entity: Mapped[str]
    entity_id: Mapped[int] = mapped_column(KeyType)
    field: Mapped[str | None]  # the column's name
    before: Mapped[Any] = mapped_column(Json, nullable=True)
    after: Mapped[Any] = mapped_column(Json, nullable=True)
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]
    reason: Mapped[str | None]


only_grows(FieldChange)
