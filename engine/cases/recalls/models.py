"""What a recall knows of countries, authorities and its own strategy."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows


class JurisdictionDecision(Base):
    """What a recall is in the law of one jurisdiction; a consignee of no known country waits."""

    __tablename__ = "jurisdiction_decision"
    __table_args__ = (
        UniqueConstraint("case_id", "key"),
        CheckConstraint("(decided_at IS NULL) = (legal_name IS NULL)", name="named_if_decided"),
        CheckConstraint("decided_at IS NULL OR reason IS NOT NULL", name="decided_with_reason"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    key: Mapped[str]  # the code of the jurisdiction, or "party-12" while its country is unknown
    code: Mapped[str | None]
    party_id: Mapped[Ref | None]
    instance_id: Mapped[Ref | None]
    countries: Mapped[list[Any]]  # codes
    asked_again_scope: Mapped[int | None]  # number of the scope for which it is decided anew
    reached_by: Mapped[str]  # units | authorisation | both
    legal_name: Mapped[str | None]
    class_name: Mapped[str | None]
    is_reportable: Mapped[bool | None]
    reason: Mapped[str | None]
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    signature_id: Mapped[Ref | None]


class Strategy(Base):
    """How the action is carried out, as it was approved; a change is a new version."""

    __tablename__ = "recall_strategy"
    __table_args__ = (
        UniqueConstraint("case_id", "version"),
        CheckConstraint("check_level IN ('A', 'B', 'C', 'D', 'E')", name="check_level_is_known"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]]  # every answer of the form it was drafted in
    depth: Mapped[str]  # wholesale | retail | consumer_user
    public_warning: Mapped[bool]
    check_level: Mapped[str]
    sample_percent: Mapped[int]
    returned_units: Mapped[str]  # what becomes of them
    report_every_days: Mapped[int]
    approved_by_id: Mapped[Ref | None]
    approved_at: Mapped[datetime]
    signature_id: Mapped[Ref | None]


class Gate(Base):
    """What an authority has to allow first: the notices of its jurisdiction, or a destruction."""

    __tablename__ = "recall_gate"
    __table_args__ = (
        UniqueConstraint("case_id", "jurisdiction", "what"),
        CheckConstraint("what IN ('notices', 'destruction')", name="what_is_known"),
        CheckConstraint("state IN ('closed', 'opened', 'overridden')", name="state_is_known"),
        CheckConstraint("(state = 'closed') = (opened_at IS NULL)", name="opened_if_not_closed"),
        CheckConstraint(
            "state <> 'overridden' OR (reason IS NOT NULL AND signature_id IS NOT NULL)",
            name="overridden_with_reason_and_signature",
        ),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    jurisdiction: Mapped[str]
    what: Mapped[str]
    rule: Mapped[str]  # the code of the gate in jurisdictions.toml
    state: Mapped[str] = mapped_column(default="closed")
    closed_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    evidence: Mapped[str | None]  # the authority's letter or number
    reason: Mapped[str | None]
    by_id: Mapped[Ref | None]
    signature_id: Mapped[Ref | None]


class Notification(Base):
    """One notification of an authority: prepared, sent, and its receipt."""

    __tablename__ = "regulator_notification"
    __table_args__ = (
        UniqueConstraint("case_id", "jurisdiction", "round"),
        CheckConstraint("(sent_at IS NULL) = (receipt IS NULL)", name="receipt_if_sent"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    jurisdiction: Mapped[str]
    round: Mapped[int]
    instance_id: Mapped[Ref | None]
    opened_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    receipt: Mapped[str | None]


class Termination(Base):
    """One authority asked to end its oversight, and what it answered."""

    __tablename__ = "recall_termination"
    __table_args__ = (
        UniqueConstraint("case_id", "jurisdiction", "round"),
        CheckConstraint(
            "outcome IN ('ended', 'upgrade', 'extend', 'recall_again')", name="outcome_is_known"
        ),
        CheckConstraint("(answered_at IS NULL) = (outcome IS NULL)", name="outcome_if_answered"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    jurisdiction: Mapped[str]
    round: Mapped[int]
    instance_id: Mapped[Ref | None]
    opened_at: Mapped[datetime]
    requested_at: Mapped[datetime | None]
    reference: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Succession(Base):
    """One recall that goes on in another: united with it, or replaced by it. It says who and why.

    A recall ends so once; several may go on in one.
    """

    __tablename__ = "recall_succession"
    __table_args__ = (
        CheckConstraint("kind IN ('merged', 'superseded')", name="kind_is_known"),
        CheckConstraint("case_id <> into_id", name="into_another"),
        Index("ix_recall_succession_into", "into_id"),
    )

    case_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("case_file.id"), primary_key=True, autoincrement=False
    )
    into_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    kind: Mapped[str]
    reason: Mapped[str]
    by_id: Mapped[Ref]
    at: Mapped[datetime]
    signature_id: Mapped[Ref]


only_grows(Strategy)
only_grows(Succession)
