"""The obligations of a recall, and every due time they ever had."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, locks_fields, only_grows
from engine.serials.models.axes import one_of
from engine.words import N_

OPEN, MET, DROPPED = "open", "met", "dropped"
STATES = {
    OPEN: N_("Open"),
    MET: N_("Submitted"),
    DROPPED: N_("Not owed"),
}
CHANNELS = {
    "portal": N_("Portal of the authority"),
    "mail": N_("E-mail"),
    "paper": N_("On paper, signed and sealed"),
    "fax": N_("Fax"),
    "phone": N_("Telephone"),
    "publication": N_("Published"),
}


class Obligation(Base):
    """What one recall owes to one authority: by when, and what became of it.

    Its due times only ever move to an earlier moment; `obligation_clock` keeps each of them.
    """

    __tablename__ = "obligation"
    __table_args__ = (
        UniqueConstraint("case_id", "jurisdiction", "authority", "shared", "number"),
        one_of("state", STATES),
        CheckConstraint(
            "(state = 'met') = (met_at IS NOT NULL) AND (met_at IS NULL) = (receipt IS NULL)"
            " AND (met_at IS NULL) = (channel IS NULL) AND (met_at IS NULL) = (met_by_id IS NULL)",
            name="met_with_its_receipt",
        ),
        Index("ix_obligation_due", "state", "alarm_at"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    jurisdiction: Mapped[str]  # its key among the decisions of the recall
    authority: Mapped[str]  # its code in the directory, or the country that has no entry there
    country: Mapped[str | None]  # None: nobody knows it yet
    shared: Mapped[str]  # what is owed: the name that its rules share
    number: Mapped[int]  # the which of those that are owed again and again
    rule: Mapped[str]  # the rule whose clock governs
    rule_version: Mapped[str]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    started_at: Mapped[datetime | None]  # None: what starts its clock is not known yet
    latest_at: Mapped[datetime | None]  # by the text; None where that names no period
    alarm_at: Mapped[datetime | None]
    target_at: Mapped[datetime | None]
    arithmetic: Mapped[dict[str, Any]]  # in each language, and why another reading governs
    met_at: Mapped[datetime | None]  # when it was submitted
    channel: Mapped[str | None]
    receipt: Mapped[str | None]
    met_by_id: Mapped[Ref | None]


class ObligationClock(Base):
    """One due time that an obligation had, and the fact that gave it."""

    __tablename__ = "obligation_clock"
    __table_args__ = (Index("ix_obligation_clock_of", "obligation_id"),)

    id: Mapped[Key]
    obligation_id: Mapped[Ref] = mapped_column(ForeignKey("obligation.id"))
    at: Mapped[datetime]
    by_id: Mapped[Ref | None]
    state: Mapped[str]
    rule: Mapped[str]
    rule_version: Mapped[str]
    alarm_at: Mapped[datetime | None]
    arithmetic: Mapped[dict[str, Any]]


only_grows(ObligationClock)
locks_fields(
    Obligation,
    ("alarm_at",),
    when="OLD.alarm_at IS NOT NULL AND (NEW.alarm_at IS NULL OR NEW.alarm_at > OLD.alarm_at)",
)
