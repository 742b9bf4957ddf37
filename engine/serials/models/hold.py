"""Holds: the third axis, a set of prohibitions, each with its case, reason, basis and target."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import EventRef, HoldRef, LotRef, UnitRef, one_of
from engine.words import N_

TARGET_KINDS = {
    "unit": N_("Unit"),
    "lot": N_("Whole lot, also what arrives later"),
    "segment": N_("Production run"),
    "stock": N_("Part of a lot's stock"),
    "scope": N_("Set of units and stock"),
}


class Hold(Base):
    """One hold, placed once and released once, by whom and why; the rest never changes."""

    __tablename__ = "hold"
    __table_args__ = (
        one_of("target_kind", TARGET_KINDS),
        CheckConstraint("(released_at IS NULL) = (release_reason IS NULL)", name="released_why"),
        CheckConstraint(
            "(released_at IS NULL) = (release_event_id IS NULL)", name="released_by_event"
        ),
        Index("ix_hold_case", "case_number"),
    )

    id: Mapped[Key]
    stream: Mapped[str]
    case_number: Mapped[str]
    reason: Mapped[str]
    basis: Mapped[str]
    target_kind: Mapped[str]
    target_count: Mapped[int]
    review_by: Mapped[datetime | None]
    placed_at: Mapped[datetime]
    placed_by_id: Mapped[Ref | None]
    placed_event_id: Mapped[EventRef]
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[Ref | None]
    release_reason: Mapped[str | None]
    release_event_id: Mapped[EventRef | None]


class HoldTargetRow(Base):
    """One unit, lot, segment or tranche that a hold names, until this one is released."""

    __tablename__ = "hold_target"
    __table_args__ = (
        one_of("kind", {k: v for k, v in TARGET_KINDS.items() if k != "scope"}),
        Index(
            "ix_hold_target_active",
            "kind",
            "target_id",
            "hold_id",
            sqlite_where=text("release_event_id IS NULL"),
            postgresql_where=text("release_event_id IS NULL"),
        ),
    )

    hold_id: Mapped[HoldRef] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    release_event_id: Mapped[EventRef | None]


class HoldExemption(Base):
    """A unit or tranche let out of a hold on its whole lot or run."""

    __tablename__ = "hold_exemption"

    hold_id: Mapped[HoldRef] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # unit, stock
    target_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    event_id: Mapped[EventRef]


class HoldDoor(Base):
    """A door that said it has seen a hold."""

    __tablename__ = "hold_door"

    hold_id: Mapped[HoldRef] = mapped_column(primary_key=True)
    door: Mapped[str] = mapped_column(primary_key=True)
    acknowledged_at: Mapped[datetime]


class HoldBreach(Base):
    """Something reported from outside that a hold forbade: recorded all the same."""

    __tablename__ = "hold_breach"
    __table_args__ = (
        CheckConstraint("(unit_id IS NULL) <> (lot_id IS NULL)", name="unit_or_lot"),
        Index("ix_hold_breach_hold", "hold_id"),
    )

    id: Mapped[Key]
    hold_id: Mapped[HoldRef]
    unit_id: Mapped[UnitRef | None]
    lot_id: Mapped[LotRef | None]
    tranche_id: Mapped[int] = mapped_column(KeyType, default=0)
    quantity: Mapped[Decimal]
    door: Mapped[str]
    event_id: Mapped[EventRef]  # what broke it
    found_at: Mapped[datetime]


only_grows(Hold, but=("released_at", "released_by_id", "release_reason", "release_event_id"))
only_grows(HoldTargetRow, but=("release_event_id",))
only_grows(HoldExemption)
only_grows(HoldDoor)
only_grows(HoldBreach)
