"""How often a recall reports its status, and each report with its figures as they then stood."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows


class StatusSchedule(Base):
    """How often a case reports its status, from when; a change is a new row."""

    __tablename__ = "status_schedule"
    __table_args__ = (CheckConstraint("every_days BETWEEN 1 AND 366", name="at_least_yearly"),)

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"), index=True)
    every_days: Mapped[int]
    since: Mapped[datetime]
    by_id: Mapped[Ref | None]


class StatusReport(Base):
    """One report: the figures taken for it, taken anew until somebody approved them."""

    __tablename__ = "status_report"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("(approved_at IS NULL) = (approved_by_id IS NULL)", name="approved_by_one"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    number: Mapped[int]
    instance_id: Mapped[Ref | None] = mapped_column(unique=True)
    opened_at: Mapped[datetime]
    taken_at: Mapped[datetime]
    figures: Mapped[dict[str, Any]]  # engine.cases.reporting.figures.Figures
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[Ref | None]


only_grows(StatusSchedule)
only_grows(
    StatusReport,
    but=("instance_id", "taken_at", "figures", "approved_at", "approved_by_id"),
)
