"""Events as they were reported, the cases they feed, and whether each is reportable where."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows
from engine.serials.harm import OUTCOMES
from engine.words import N_

__all__ = ["OUTCOMES"]

BECAUSE = {
    "happened": N_("It happened there"),
    "authorised": N_("The device is authorised there"),
    "device_unknown": N_(
        "Asked while the device was not known: devices of ours are authorised there"
    ),
    "nothing_known": N_("Asked while neither the device nor the country was known"),
    "chosen": N_("Regulatory affairs decided on it"),
}


class ReportedEvent(Base):
    """Something that happened with a device, as it was reported: 21 CFR 820.35(a).

    A change is a new version that names the one before it. It names no patient. A unit or a lot is
    what the identification was understood as on that day; None is not known, never "none".
    """

    __tablename__ = "reported_event"
    __table_args__ = (
        UniqueConstraint("number", "version"),
        CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL", name="corrected_with_reason"
        ),
        CheckConstraint("(version = 1) = (supersedes_id IS NULL)", name="first_or_later"),
        CheckConstraint(
            "outcome IN ('death', 'serious_injury', 'malfunction', 'other', 'unknown')",
            name="outcome_is_known",
        ),
        CheckConstraint("unit_id IS NULL OR lot_id IS NULL", name="unit_or_lot"),
        CheckConstraint(
            "(unit_id IS NULL AND lot_id IS NULL) OR part_id IS NOT NULL", name="of_a_part"
        ),
        CheckConstraint("judged_version <= version", name="judged_by_now"),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(index=True)  # RE-2026-0007
    version: Mapped[int] = mapped_column(default=1)
    complaint_number: Mapped[str] = mapped_column(index=True)
    is_external: Mapped[bool]  # the number is the reporter's, not ours
    device_name: Mapped[str]
    received_on: Mapped[date]
    identification: Mapped[str | None]  # UDI, UPC, lot or serial as told
    unit_id: Mapped[Ref | None] = mapped_column(index=True)
    lot_id: Mapped[Ref | None] = mapped_column(index=True)
    part_id: Mapped[Ref | None]
    reporter_name: Mapped[str | None]
    reporter_address: Mapped[str | None]
    reporter_phone: Mapped[str | None]
    what_happened: Mapped[str]
    happened_on: Mapped[date | None]
    country: Mapped[str | None]
    outcome: Mapped[str]
    corrective_action: Mapped[str | None]
    reply: Mapped[str | None]
    why_no_investigation: Mapped[str | None]
    aware_at: Mapped[datetime]
    aware_by: Mapped[str]
    aware_how: Mapped[str]  # by what they learned of it: a call, a letter, a service visit
    warnings: Mapped[list[Any]]  # what looked like a patient's identity when it was recorded
    judged_version: Mapped[int]  # the last version that changed what reportability rests on
    recorded_by_id: Mapped[Ref]
    recorded_at: Mapped[datetime]
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("reported_event.id"), unique=True)
    reason: Mapped[str | None]

    @property
    def stream(self) -> str:
        """Return the name of the event's ledger stream."""
        return f"reported_event:{self.number}"


class CaseEvent(Base):
    """A reported event that feeds a case, until somebody says why it does not; several may."""

    __tablename__ = "case_event"
    __table_args__ = (
        Index(
            "ix_case_event_standing",
            "case_id",
            "number",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_by_id IS NULL)"
            " AND (ended_at IS NULL) = (ended_reason IS NULL)",
            name="ended_with_reason",
        ),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    number: Mapped[str] = mapped_column(index=True)  # of the event
    by_id: Mapped[Ref]
    at: Mapped[datetime]
    ended_by_id: Mapped[Ref | None]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]


class EventJurisdiction(Base):
    """A jurisdiction in which an event is to be decided on, and why; once asked, it stays asked."""

    __tablename__ = "event_jurisdiction"
    __table_args__ = (
        CheckConstraint(
            "because IN ('happened', 'authorised', 'device_unknown', 'nothing_known', 'chosen')",
            name="because_is_known",
        ),
    )

    number: Mapped[str] = mapped_column(primary_key=True)  # of the event
    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    because: Mapped[str]
    at: Mapped[datetime]


class EventReportability(Base):
    """Whether one event is reportable in one jurisdiction, as somebody signed it.

    A change is a new decision that names the one before it.
    """

    __tablename__ = "event_reportability"
    __table_args__ = (
        Index("ix_event_reportability_event", "number", "jurisdiction"),
        CheckConstraint(
            "(is_reportable AND report IS NOT NULL) OR (NOT is_reportable AND report IS NULL)",
            name="report_if_reportable",
        ),
    )

    id: Mapped[Key]
    number: Mapped[str]  # of the event
    version: Mapped[int]  # of the event, as it was read and signed
    jurisdiction: Mapped[str]
    is_reportable: Mapped[bool]
    report: Mapped[str | None]  # the kind of report, by its code in reportability.toml
    answers: Mapped[dict[str, Any]]  # to the questions of the jurisdiction
    suggested: Mapped[str | None]  # the kind of report that the answers asked for
    reason: Mapped[str]
    reported_under: Mapped[str | None]  # number of the report, where it was sent already
    by_id: Mapped[Ref]
    at: Mapped[datetime]
    signature_id: Mapped[Ref]
    supersedes_id: Mapped[Ref | None] = mapped_column(
        ForeignKey("event_reportability.id"), unique=True
    )


class EventSecondLook(Base):
    """A no against its own answers, and what a second person signed of it; not yet is None.

    A decision without a row needs none.
    """

    __tablename__ = "event_second_look"
    __table_args__ = (
        CheckConstraint(
            "(at IS NULL) = (by_id IS NULL) AND (at IS NULL) = (is_confirmed IS NULL)"
            " AND (at IS NULL) = (reason IS NULL) AND (at IS NULL) = (signature_id IS NULL)",
            name="given_or_not",
        ),
    )

    decision_id: Mapped[Ref] = mapped_column(ForeignKey("event_reportability.id"), primary_key=True)
    is_confirmed: Mapped[bool | None]
    reason: Mapped[str | None]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime | None]
    signature_id: Mapped[Ref | None]


only_grows(ReportedEvent)
only_grows(CaseEvent, but=("ended_by_id", "ended_at", "ended_reason"))
only_grows(EventJurisdiction)
only_grows(EventReportability)
only_grows(
    EventSecondLook,
    but=("is_confirmed", "reason", "by_id", "at", "signature_id"),
)
