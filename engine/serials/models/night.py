"""The lot of the night: what was traced at random, and whether it is what the events say."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import one_of

OUTCOMES = {"held": "", "low": "", "differs": ""}
DIRECTIONS = {"forward": "", "backward": ""}
COMPARED = {"equal": "", "differs": "", "not_compared": ""}


class TraceNight(Base):
    """One night: the seed, committed before anything is drawn, and what came of its traces."""

    __tablename__ = "trace_night"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        CheckConstraint("outcome IS NULL OR ended_at IS NOT NULL", name="outcome_at_the_end"),
        CheckConstraint("ended_at IS NULL OR drawn_at IS NOT NULL", name="drawn_before_it_ends"),
        CheckConstraint(
            "looked_at_at IS NULL OR looked_at_reason IS NOT NULL", name="looked_at_with_a_reason"
        ),
        Index("ix_trace_night_ended", "ended_at"),
        Index(
            "ix_trace_night_unsettled",
            "outcome",
            "owner_id",
            sqlite_where=text("looked_at_at IS NULL AND outcome <> 'held'"),
            postgresql_where=text("looked_at_at IS NULL AND outcome <> 'held'"),
        ),
    )

    id: Mapped[Key]
    committed_at: Mapped[datetime]
    wanted_count: Mapped[int]
    seed: Mapped[str]  # said to nobody before `drawn_at`
    seed_sha256: Mapped[str]
    drawn_at: Mapped[datetime | None]
    last_unit_id: Mapped[int | None] = mapped_column(KeyType)  # what it was drawn from ends here
    last_lot_id: Mapped[int | None] = mapped_column(KeyType)
    sample_sha256: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    owner_id: Mapped[Ref | None]  # who looks into one that did not hold
    looked_at_by_id: Mapped[Ref | None]
    looked_at_at: Mapped[datetime | None]
    looked_at_reason: Mapped[str | None]


class NightTrace(Base):
    """One trace of a night: how much of what it concerns it could answer for, and how fast.

    `broken` names where the record breaks off, the first of each kind; `difference` what the raw
    events say otherwise. No foreign keys to goods: an import that is taken back takes them away.
    """

    __tablename__ = "night_trace"
    __table_args__ = (
        one_of("direction", DIRECTIONS),
        one_of("what", {"lot": "", "unit": ""}),
        one_of("compared", COMPARED),
        CheckConstraint("resolved_count <= unit_count", name="resolves_what_is_there"),
        CheckConstraint("known_input_count <= input_count", name="knows_what_went_in"),
        CheckConstraint("(compared = 'equal') = (difference IS NULL)", name="says_what_differs"),
    )

    night_id: Mapped[int] = mapped_column(KeyType, ForeignKey("trace_night.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    direction: Mapped[str]
    what: Mapped[str]
    what_id: Mapped[int] = mapped_column(KeyType)
    label: Mapped[str]
    part_no: Mapped[str]
    unit_count: Mapped[int] = mapped_column(KeyType)
    resolved_count: Mapped[int] = mapped_column(KeyType)  # with a current custody
    input_count: Mapped[int]  # purchased
    known_input_count: Mapped[int]  # of a supplier's lot or serial number
    broken_count: Mapped[int]
    broken: Mapped[list[Any]]
    compared: Mapped[str]
    difference: Mapped[dict[str, Any] | None]
    is_complete: Mapped[bool]
    took_us: Mapped[int] = mapped_column(KeyType)


only_grows(
    TraceNight,
    but=(
        "drawn_at",
        "last_unit_id",
        "last_lot_id",
        "sample_sha256",
        "ended_at",
        "outcome",
        "owner_id",
        "looked_at_by_id",
        "looked_at_at",
        "looked_at_reason",
    ),
)
only_grows(NightTrace)
