"""Exchange: who is told by webhook, doors, deny lists, downtime, reconciliation and the canary."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.outbox import Outgoing
from engine.serials.models.axes import EventRef, Exact, PartyRef, one_of


class WebhookSubscription(Base):
    """One address that is told of some events; switched off, never deleted."""

    __tablename__ = "webhook_subscription"
    __table_args__ = (
        CheckConstraint("(off_at IS NULL) = (off_reason IS NULL)", name="off_has_reason"),
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    event_types: Mapped[list[Any]]
    made_at: Mapped[datetime]
    made_by_id: Mapped[Ref]
    off_at: Mapped[datetime | None]
    off_reason: Mapped[str | None]  # a person's words, or `gone` when the receiver said 410


class WebhookSecret(Base):
    """One secret of a subscription, shut in the box; two are good while one replaces another."""

    __tablename__ = "webhook_secret"

    id: Mapped[Key]
    subscription_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("webhook_subscription.id"), index=True
    )
    shut: Mapped[str]
    made_at: Mapped[datetime]
    made_by_id: Mapped[Ref]
    ends_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """What one subscription is told: the outbox row that says it, and what it is about."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index("ix_webhook_delivery_subscription", "subscription_id", "outgoing_id"),)

    outgoing_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey(Outgoing.id), primary_key=True, autoincrement=False
    )
    subscription_id: Mapped[int] = mapped_column(KeyType, ForeignKey("webhook_subscription.id"))
    event_type: Mapped[str]
    about: Mapped[str]


class WebhookAttempt(Base):
    """One try to hand a webhook over: the exact bytes by their hash, and what came back."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_outgoing", "outgoing_id"),)

    id: Mapped[Key]
    outgoing_id: Mapped[int] = mapped_column(KeyType, ForeignKey(Outgoing.id))
    at: Mapped[datetime]
    sha256: Mapped[str]  # of the whole request as it was sent, in the document store
    status: Mapped[int | None]  # NULL: nobody answered
    answer: Mapped[str]
    took_ms: Mapped[int]


class Door(Base):
    """A system at a site that must know every hold; it names itself when it acknowledges."""

    __tablename__ = "door"

    id: Mapped[Key]
    site_id: Mapped[PartyRef]
    name: Mapped[str] = mapped_column(unique=True)
    registered_at: Mapped[datetime]
    registered_by_id: Mapped[Ref]
    retired_at: Mapped[datetime | None]
    retired_by_id: Mapped[Ref | None]


class DenyList(Base):
    """One signed list of all that was held at a moment; the files lie in the document store."""

    __tablename__ = "deny_list"

    id: Mapped[Key]
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    made_by_id: Mapped[Ref | None]
    unit_count: Mapped[int]
    lot_count: Mapped[int]
    part_count: Mapped[int]  # parts of a stock that are told apart
    csv_sha256: Mapped[str]
    jws_sha256: Mapped[str]
    ledger_stream: Mapped[str | None]
    ledger_seq: Mapped[int | None]
    ledger_hash: Mapped[str | None]
    failure: Mapped[str | None]  # why it did not reach the folder


class DowntimeForm(Base):
    """One printed form with its running number: blank, entered later, or not used."""

    __tablename__ = "downtime_form"
    __table_args__ = (
        one_of("kind", dict.fromkeys(("receiving", "segregation", "shipping", "hold_tag"), "")),
        CheckConstraint(
            "entered_at IS NULL OR not_used_reason IS NULL", name="entered_or_not_used"
        ),
        CheckConstraint("(entered_at IS NULL) = (event_id IS NULL)", name="entered_has_event"),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    language: Mapped[str]
    printed_at: Mapped[datetime]
    printed_by_id: Mapped[Ref]
    entered_at: Mapped[datetime | None]
    entered_by_id: Mapped[Ref | None]
    event_id: Mapped[EventRef | None]
    not_used_reason: Mapped[str | None]
    not_used_by_id: Mapped[Ref | None]


RECONCILED = ("stock", "status", "ids", "as_built")


class ReconciliationSource(Base):
    """Another system that is compared with us, what of it, and how its columns are called."""

    __tablename__ = "reconciliation_source"
    __table_args__ = (one_of("compares", dict.fromkeys(RECONCILED, "")),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)
    system: Mapped[str]  # erp, mes, wms, plm
    compares: Mapped[str]
    columns: Mapped[dict[str, Any]]  # ours: theirs
    words: Mapped[dict[str, Any]]  # their words for a status: ours
    site_id: Mapped[PartyRef | None]  # what lies at another of our sites is not theirs to know
    folder: Mapped[str | None]  # below the instance's `incoming`, or uploaded only
    hour: Mapped[int | None]  # when it is due each night, UTC
    due_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
    made_by_id: Mapped[Ref]
    off_at: Mapped[datetime | None]


class ReconciliationRun(Base):
    """One comparison with one file: what agreed and what differed, in numbers."""

    __tablename__ = "reconciliation_run"
    __table_args__ = (Index("ix_reconciliation_run_source", "source_id", "id"),)

    id: Mapped[Key]
    source_id: Mapped[int] = mapped_column(KeyType, ForeignKey("reconciliation_source.id"))
    file_name: Mapped[str]
    sha256: Mapped[str | None]  # of the file as it came, in the document store
    at: Mapped[datetime]
    by_id: Mapped[Ref | None]
    problem: Mapped[str | None]  # why it could not be compared
    line_count: Mapped[int] = mapped_column(default=0)
    matched_count: Mapped[int] = mapped_column(default=0)
    missing_here_count: Mapped[int] = mapped_column(default=0)
    missing_there_count: Mapped[int] = mapped_column(default=0)
    quantity_count: Mapped[int] = mapped_column(default=0)
    status_count: Mapped[int] = mapped_column(default=0)
    id_count: Mapped[int] = mapped_column(default=0)
    component_count: Mapped[int] = mapped_column(default=0)
    new_count: Mapped[int] = mapped_column(default=0)
    again_count: Mapped[int] = mapped_column(default=0)
    reopened_count: Mapped[int] = mapped_column(default=0)
    gone_count: Mapped[int] = mapped_column(default=0)


class ReconciliationLine(Base):
    """One line of either side as the newest run compares it; replaced by the next run."""

    __tablename__ = "reconciliation_line"
    __table_args__ = (
        Index("ix_reconciliation_line_key", "source_id", "side", "part_no", "number", "location"),
    )

    source_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("reconciliation_source.id"), primary_key=True
    )
    side: Mapped[str] = mapped_column(primary_key=True)  # here, there
    line: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    part_no: Mapped[Exact]
    number: Mapped[Exact]  # the serial, or the lot number
    location: Mapped[Exact]
    quantity: Mapped[Decimal | None]
    status: Mapped[str | None]
    external_id: Mapped[Exact | None]
    component: Mapped[Exact] = mapped_column(default="")  # the part number of what is in the unit
    component_no: Mapped[str | None] = mapped_column(Text)  # its lots and serials, in their order


DIFFERENCES = ("missing_here", "missing_there", "quantity", "status", "id", "component")


class ReconciliationDifference(Base):
    """One thing that two systems say differently: open until a person says how it was settled."""

    __tablename__ = "reconciliation_difference"
    __table_args__ = (
        one_of("kind", dict.fromkeys(DIFFERENCES, "")),
        one_of("state", dict.fromkeys(("open", "resolved", "gone"), "")),
        CheckConstraint(
            "(state = 'resolved') = (resolution IS NOT NULL)", name="resolved_has_resolution"
        ),
        UniqueConstraint(
            "source_id",
            "kind",
            "part_no",
            "number",
            "location",
            "component",
            name="uq_reconciliation_difference_about",
        ),
        # what waits for a person is asked for on every page
        Index(
            "ix_reconciliation_difference_open",
            "source_id",
            "owner_id",
            "first_run_id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_reconciliation_difference_state", "source_id", "state", "kind"),
    )

    id: Mapped[Key]
    source_id: Mapped[int] = mapped_column(KeyType, ForeignKey("reconciliation_source.id"))
    kind: Mapped[str]
    part_no: Mapped[Exact]
    number: Mapped[Exact]
    location: Mapped[Exact]
    component: Mapped[Exact] = mapped_column(default="")
    here: Mapped[str | None] = mapped_column(Text)
    there: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str]
    first_run_id: Mapped[int] = mapped_column(KeyType, ForeignKey("reconciliation_run.id"))
    last_run_id: Mapped[int] = mapped_column(KeyType, ForeignKey("reconciliation_run.id"))
    seen_count: Mapped[int]
    reopened_count: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[Ref | None]
    resolution: Mapped[str | None]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[Ref | None]


class CanaryRun(Base):
    """One try to ship a held unit of our own: what the door answered, word for word."""

    __tablename__ = "canary_run"
    __table_args__ = (
        one_of("outcome", dict.fromkeys(("refused", "passed", "failed"), "")),
        Index("ix_canary_run_at", "at"),
        Index(
            "ix_canary_run_unsettled",
            "outcome",
            "owner_id",
            sqlite_where=text("looked_at_at IS NULL AND outcome <> 'refused'"),
            postgresql_where=text("looked_at_at IS NULL AND outcome <> 'refused'"),
        ),
    )

    id: Mapped[Key]
    at: Mapped[datetime]
    outcome: Mapped[str]
    status: Mapped[int | None]
    answer: Mapped[str]
    answer_sha256: Mapped[str]
    took_ms: Mapped[int]
    owner_id: Mapped[Ref | None]  # who looks into one that was not refused
    looked_at_by_id: Mapped[Ref | None]
    looked_at_at: Mapped[datetime | None]
    looked_at_reason: Mapped[str | None]


only_grows(WebhookAttempt)
only_grows(WebhookDelivery)
only_grows(DenyList, but=("failure",))
only_grows(ReconciliationRun)
only_grows(CanaryRun, but=("owner_id", "looked_at_by_id", "looked_at_at", "looked_at_reason"))
