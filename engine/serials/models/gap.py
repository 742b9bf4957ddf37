"""What the gap radar found, reading by reading: what a recall could not follow."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from engine.db import Base, Key, only_grows


class GapReading(Base):
    """One kind of gap at one moment: how many places, how many units, and the worst of them."""

    __tablename__ = "gap_reading"
    __table_args__ = (
        UniqueConstraint("at", "kind"),
        Index("ix_gap_reading_kind", "kind", "at"),
    )

    id: Mapped[Key]
    at: Mapped[datetime]
    kind: Mapped[str]
    place_count: Mapped[int]
    unit_count: Mapped[int]
    worst: Mapped[list[Any]]


only_grows(GapReading)
