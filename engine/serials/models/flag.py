"""Reported facts that broke a rule: recorded all the same, and looked at by quality."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import EventRef, LotRef, one_of
from engine.words import N_

RULES = {
    "held_used": N_("Used while on hold"),
    "held_installed": N_("Installed while on hold"),
    "held_shipped": N_("Shipped while on hold"),
    "held_put_into_use": N_("Put into use while on hold"),
    "held_moved": N_("Moved while on hold"),
    "expired_used": N_("Used after it expired"),
    "expired_shipped": N_("Shipped after it expired"),
    "not_usable": N_("Used or shipped though not released"),
    "inside_another": N_("Shipped though it is inside another unit"),
    "before_it_was": N_("Happened before it was made or received"),
    "over_consumed": N_("More went in than was received"),
    "over_received": N_("More was received than ordered"),
    "packed_elsewhere": N_("Moved though it was packed in something else"),
    "not_away": N_("Arrived or came back though it was not away"),
    "arrived_elsewhere": N_("Arrived somewhere else than where it was sent"),
    "more_than_away": N_("More arrived or came back than was away"),
    "unknown_goods": N_("Names goods that are not recorded here"),
    "unknown_place": N_("Names no place that is known here"),
    "does_not_fit": N_("Does not fit what is recorded"),
    "inputs_not_placed": N_("Which unit each part went into is not said"),
    "destroyed_too_early": N_("Destroyed before the authority let it be"),
    "altered_too_early": N_("Serviced before the authority knew of it"),
    "not_withdrawn": N_("Declared wrong by its sender, but not to be withdrawn"),
}


class Flag(Base):
    """One rule that a recorded fact broke, until someone of quality has looked at it."""

    __tablename__ = "flag"
    __table_args__ = (
        one_of("rule", RULES),
        CheckConstraint("(seen_at IS NULL) = (seen_note IS NULL)", name="seen_with_a_note"),
        CheckConstraint("(seen_at IS NULL) = (seen_by_id IS NULL)", name="seen_by_someone"),
        Index("ix_flag_event", "event_id"),
        Index(
            "ix_flag_open",
            "id",
            sqlite_where=text("seen_at IS NULL"),
            postgresql_where=text("seen_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    event_id: Mapped[EventRef]
    rule: Mapped[str]
    # no foreign key to the unit: rolling back an import takes its units away
    unit_id: Mapped[int | None] = mapped_column(KeyType)
    lot_id: Mapped[LotRef | None]
    facts: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    seen_by_id: Mapped[Ref | None]
    seen_note: Mapped[str | None]


only_grows(Flag, but=("seen_at", "seen_by_id", "seen_note"))
