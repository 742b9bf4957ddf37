"""A plan of effectiveness checks, its frame, and what each check found."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows

RESULTS = "('effective', 'not_effective', 'not_reached')"


class EffectivenessPlan(Base):
    """One plan: the level, the seed that fixes the order, and the frame once it is frozen."""

    __tablename__ = "effectiveness_plan"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("level IN ('A', 'B', 'C', 'D', 'E')", name="level_is_known"),
        CheckConstraint("percent BETWEEN 0 AND 100000000", name="percent_is_a_share"),
        CheckConstraint(
            "(frozen_at IS NULL) = (frame_sha256 IS NULL)", name="frozen_with_its_frame"
        ),
        CheckConstraint("drawn_at IS NULL OR frozen_at IS NOT NULL", name="drawn_after_frozen"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    number: Mapped[int]
    level: Mapped[str]
    percent: Mapped[Decimal]
    census_below: Mapped[int]  # a stratum smaller than this is asked as a whole
    channel: Mapped[str]
    seed: Mapped[str]  # said to nobody before `drawn_at`
    seed_sha256: Mapped[str]
    frame_sha256: Mapped[str | None]
    committed_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    drawn_at: Mapped[datetime | None]


class EffectivenessFrame(Base):
    """One consignee of a frozen frame, whether it is asked, and the check that asks it."""

    __tablename__ = "effectiveness_frame"
    __table_args__ = (
        UniqueConstraint("plan_id", "notice_number"),
        Index("ix_effectiveness_frame_instance", "instance_id"),
    )

    id: Mapped[Key]
    plan_id: Mapped[Ref] = mapped_column(ForeignKey("effectiveness_plan.id"))
    notice_number: Mapped[str]  # of the consignee's notice
    party_id: Mapped[Ref]
    stratum: Mapped[str]
    is_drawn: Mapped[bool]
    instance_id: Mapped[Ref | None]


class EffectivenessCheck(Base):
    """What one check found, first or again: whether the consignee received, understood, acted."""

    __tablename__ = "effectiveness_check"
    __table_args__ = (
        UniqueConstraint("frame_id", "number"),
        CheckConstraint(f"result IN {RESULTS}", name="result_is_known"),
        CheckConstraint(
            "(result = 'effective') = (received AND understood AND acted)",
            name="effective_if_it_acted",
        ),
    )

    id: Mapped[Key]
    frame_id: Mapped[Ref] = mapped_column(ForeignKey("effectiveness_frame.id"))
    number: Mapped[int]
    channel: Mapped[str]
    result: Mapped[str]
    received: Mapped[bool]
    understood: Mapped[bool]
    acted: Mapped[bool]
    by_id: Mapped[Ref]
    at: Mapped[datetime]


only_grows(
    EffectivenessPlan,
    but=("frame_sha256", "frozen_at", "drawn_at"),
)
only_grows(EffectivenessFrame, but=("instance_id",))
only_grows(EffectivenessCheck)
