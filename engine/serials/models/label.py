"""What a unit was labelled as after it was first recorded: the old name still finds it."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from engine.db import Base, Key, only_grows
from engine.serials.models.axes import EventRef, Exact, PartRef, UnitRef


class UnitLabel(Base):
    """One relabelling of a unit: its serial from then on, the version of its label, or both.

    `never_event_id` names the correction that says it never was.
    """

    __tablename__ = "unit_label"
    __table_args__ = (
        CheckConstraint("serial IS NOT NULL OR label_version IS NOT NULL", name="says_something"),
        Index("ix_unit_label_unit", "unit_id"),
        Index(
            "ix_unit_label_serial",
            "serial",
            "part_id",
            unique=True,
            sqlite_where=text("never_event_id IS NULL"),
            postgresql_where=text("never_event_id IS NULL"),
        ),
    )

    id: Mapped[Key]
    unit_id: Mapped[UnitRef]
    part_id: Mapped[PartRef]
    serial: Mapped[Exact | None]
    label_version: Mapped[str | None]
    event_id: Mapped[EventRef]
    never_event_id: Mapped[EventRef | None]


only_grows(UnitLabel, but=("never_event_id",))
