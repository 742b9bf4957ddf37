"""What the runner keeps: definitions, instances, their state, and what people query of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.db import Base, Key, KeyType, Ref, only_grows


class Definition(Base):
    """One version of one process: the closure of every file it runs on, by its sha256."""

    __tablename__ = "process_definition"
    __table_args__ = (
        UniqueConstraint("key", "sha256"),
        CheckConstraint("state IN ('draft', 'released', 'retired')", name="known_state"),
        CheckConstraint(
            "(state = 'draft') = (effective_from IS NULL)", name="effective_if_released"
        ),
        # one version is in force: two releases at once meet here
        Index(
            "uq_process_definition_in_force",
            "key",
            unique=True,
            sqlite_where=text("state = 'released'"),
            postgresql_where=text("state = 'released'"),
        ),
    )

    id: Mapped[Key]
    key: Mapped[str]  # the process's id in the diagram
    name: Mapped[str]
    version: Mapped[str]  # the version tag in the diagram
    sha256: Mapped[str]  # of the closure
    # the big ones are loaded when asked for: a step knows the closure by its sha256
    files: Mapped[dict[str, Any]] = mapped_column(deferred=True)  # path to text, under the sha256
    spec_gz: Mapped[bytes] = mapped_column(deferred=True)  # every process of it, serialized
    lint_report: Mapped[list[Any]] = mapped_column(deferred=True)
    state: Mapped[str] = mapped_column(default="draft")
    owner_role: Mapped[str]
    installed_by_id: Mapped[Ref | None]
    installed_at: Mapped[datetime]
    effective_from: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class DefinitionRelease(Base):
    """One of the two signatures that put a definition in force."""

    __tablename__ = "definition_release"
    __table_args__ = (
        UniqueConstraint("definition_id", "capacity"),
        UniqueConstraint("definition_id", "by_id"),
        CheckConstraint("capacity IN ('process_owner', 'quality')", name="known_capacity"),
    )

    id: Mapped[Key]
    definition_id: Mapped[Ref] = mapped_column(ForeignKey("process_definition.id"))
    capacity: Mapped[str]
    signature_id: Mapped[Ref]  # in engine.evidence
    by_id: Mapped[Ref]
    at: Mapped[datetime]


class Instance(Base):
    """One running diagram: its state as gzip bytes, never read by a query."""

    __tablename__ = "process_instance"
    __table_args__ = (
        CheckConstraint(
            "status IN ('running', 'completed', 'cancelled', 'incident')", name="known_status"
        ),
        CheckConstraint(
            "(ended_at IS NULL) = (status IN ('running', 'incident'))", name="ended_if_over"
        ),
        CheckConstraint("(parent_id IS NULL) = (root_id = id)", name="root_has_no_parent"),
        UniqueConstraint("parent_group_id", "parent_key"),
        Index("ix_process_instance_parent_id", "parent_id"),
        Index("ix_process_instance_root_id", "root_id"),
        Index("ix_process_instance_business_key", "business_key"),
    )

    id: Mapped[Key]
    definition_id: Mapped[Ref] = mapped_column(ForeignKey("process_definition.id"))
    process: Mapped[str]
    root_id: Mapped[Ref | None] = mapped_column(ForeignKey("process_instance.id"))
    parent_id: Mapped[Ref | None] = mapped_column(ForeignKey("process_instance.id"))
    parent_group_id: Mapped[Ref | None] = mapped_column(ForeignKey("child_group.id"))
    parent_key: Mapped[str | None]
    business_key: Mapped[str]
    clock: Mapped[str | None]  # a clock of its own (engine.clock.own); none: the server's
    version: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(default="running")
    state: Mapped[bytes] = mapped_column(default=b"")
    state_sha256: Mapped[str] = mapped_column(default="")
    engine_version: Mapped[str]
    started_at: Mapped[datetime]
    started_by_id: Mapped[Ref | None]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]  # why it was cancelled

    definition: Mapped[Definition] = relationship()


IS_OPEN = "done_at IS NULL AND cancelled_at IS NULL"


class Task(Base):
    """One thing a person is asked to do; its id is the library's own."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("done_at IS NULL OR cancelled_at IS NULL", name="done_or_cancelled"),
        CheckConstraint("done_by_id IS NULL OR done_at IS NOT NULL", name="done_by_if_done"),
        CheckConstraint(
            "(claimed_at IS NULL) = (claimed_by_id IS NULL)", name="claimed_at_if_claimed"
        ),
        Index("ix_task_instance_id", "instance_id"),
        Index("ix_task_root_element", "root_id", "process", "element_id"),
        # lists and counts of open work read nothing but this
        Index(
            "ix_task_open",
            "role",
            "due_at",
            "opened_at",
            "id",
            "claimed_by_id",
            "signature",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index(
            "ix_task_open_due_at",
            "due_at",
            "root_id",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    root_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    process: Mapped[str]
    element_id: Mapped[str]
    loop_key: Mapped[str | None]
    name: Mapped[str]
    role: Mapped[str]
    sla: Mapped[str | None]
    due_at: Mapped[datetime | None]
    follow_up_at: Mapped[datetime | None]
    signature: Mapped[str | None]
    separate_from: Mapped[str | None]
    qualification: Mapped[str | None]
    procedure: Mapped[str | None]
    document: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    claimed_by_id: Mapped[Ref | None]
    claimed_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[Ref | None]  # None and done: the system did it
    on_behalf_of_id: Mapped[Ref | None]  # whose delegated role was used
    cancelled_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """Say whether someone still has to do this."""
        return self.done_at is None and self.cancelled_at is None


class Timer(Base):
    """One waiting timer of a diagram; gone once it fired or its task was cancelled."""

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("task_id", "due_at"),
        Index("ix_timer_due_at", "due_at"),
        Index("ix_timer_instance_id", "instance_id"),
    )

    id: Mapped[Key]
    instance_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[UUID]
    element_id: Mapped[str]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)


class Subscription(Base):
    """One message an instance waits for; unique while open, so routing has one answer."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("name", "key"),
        Index("ix_subscription_instance_id", "instance_id"),
    )

    id: Mapped[Key]
    instance_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[UUID]
    element_id: Mapped[str]
    name: Mapped[str]
    key: Mapped[str]


class Token(Base):
    """Where an instance stands now, for the live diagram."""

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_instance_id", "instance_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    process: Mapped[str]
    element_id: Mapped[str]
    since: Mapped[datetime]


class Incident(Base):
    """A technical error that rolled a step back: what was tried, what broke, how to try again."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_instance_id", "instance_id"),)

    id: Mapped[Key]
    instance_id: Mapped[Ref | None] = mapped_column(ForeignKey("process_instance.id"))
    process: Mapped[str]
    element_id: Mapped[str | None]
    attempt: Mapped[str]  # the command: "fire_timer"
    facts: Mapped[dict[str, Any]]  # its arguments
    error: Mapped[str]
    trace: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[Ref | None]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[Ref | None]


class Decision(Base):
    """Which rule of which decision table answered, and on what."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_instance_id", "instance_id"),)

    id: Mapped[Key]
    instance_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    process: Mapped[str]
    element_id: Mapped[str]
    rule_id: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    outputs: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class ChildGroup(Base):
    """Children opened together; the message goes to the parent when the last has reported."""

    __tablename__ = "child_group"
    __table_args__ = (
        CheckConstraint("open_count BETWEEN 0 AND total_count", name="open_within_total"),
        Index("ix_child_group_instance_id", "instance_id"),
    )

    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("process_instance.id", use_alter=True)
    )
    process: Mapped[str]
    message: Mapped[str]
    total_count: Mapped[int]
    open_count: Mapped[int]
    delivered_at: Mapped[datetime | None]


class ChildReport(Base):
    """A child's end, written by the child and taken up by its parent's own command."""

    __tablename__ = "child_report"
    __table_args__ = (
        UniqueConstraint("child_id"),
        Index("ix_child_report_group_id", "group_id"),
    )

    id: Mapped[Key]
    group_id: Mapped[Ref] = mapped_column(ForeignKey("child_group.id"))
    parent_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    child_id: Mapped[Ref] = mapped_column(ForeignKey("process_instance.id"))
    key: Mapped[str]
    status: Mapped[str]
    at: Mapped[datetime]
    taken_up_at: Mapped[datetime | None]


only_grows(Definition, but=("state", "effective_from", "retired_at"))
only_grows(DefinitionRelease)
only_grows(Decision)
only_grows(ChildReport, but=("taken_up_at",))
