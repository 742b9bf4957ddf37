"""Events: what happened to units and lots, written once, corrected only by a new event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import (
    CUSTODY,
    LINK_ROLE,
    USABILITY,
    Custody,
    EventRef,
    Exact,
    LocationRef,
    Usability,
)


class Event(Base):
    """One thing that happened: when in the world (`event_at`), when we learned (`recorded_at`).

    `recording` is shared by the events that one command recorded; its ledger entry names it.
    """

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("corrects_id IS NULL OR reason IS NOT NULL", name="correction_has_reason"),
        CheckConstraint("corrects_id IS NULL OR corrects_id <> id", name="corrects_another"),
        # corrected once; most correct nothing, and these would make SQLite take it for useless
        Index(
            "ix_event_corrects",
            "corrects_id",
            unique=True,
            sqlite_where=text("corrects_id IS NOT NULL"),
            postgresql_where=text("corrects_id IS NOT NULL"),
        ),
        Index("ix_event_recording", "recording"),
        Index("ix_event_at", "event_at"),
        Index("ix_event_recorded_at", "recorded_at"),
    )

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(unique=True)
    recording: Mapped[UUID]
    type: Mapped[str]
    biz_step: Mapped[str | None]
    disposition: Mapped[str | None]
    event_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor_id: Mapped[Ref | None]
    source: Mapped[str]
    location_id: Mapped[LocationRef | None]
    payload: Mapped[dict[str, Any]]
    corrects_id: Mapped[EventRef | None]
    reason: Mapped[str | None]


class EventLink(Base):
    """One unit that an event is about, and what the event says of its axes (NULL: unchanged).

    No foreign key to the unit: rolling back an import takes its units away, their events stay.
    """

    __tablename__ = "event_link"
    __table_args__ = (
        CUSTODY.rule("custody"),
        USABILITY.rule("usability"),
        LINK_ROLE.rule("role"),
        Index("ix_event_link_event", "event_id"),
        {"sqlite_with_rowid": False},
    )

    unit_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    event_id: Mapped[EventRef] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(LINK_ROLE)
    custody: Mapped[Custody | None]
    usability: Mapped[Usability | None]
    location_id: Mapped[LocationRef | None]


class EventNode(Base):
    """One lot or segment that an event is about."""

    __tablename__ = "event_node"
    __table_args__ = (Index("ix_event_node_event", "event_id"),)

    node_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    event_id: Mapped[EventRef] = mapped_column(primary_key=True)
    role: Mapped[str]  # subject, input, output


class EventFact(Base):
    """One thing that an event names and a trace may start from, such as equipment or operator.

    The names are `vocabulary.FACTS`; `engine.serials.naming` goes from a value to what it touched.
    """

    __tablename__ = "event_fact"
    __table_args__ = (Index("ix_event_fact_value", "name", "value", "event_id"),)

    event_id: Mapped[EventRef] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Exact] = mapped_column(primary_key=True)


only_grows(Event)
only_grows(EventFact)
only_grows(EventLink)
only_grows(EventNode)
