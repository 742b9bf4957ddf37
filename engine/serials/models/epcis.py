"""What partners sent as EPCIS: the documents, their events word for word, and how each went."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import EventRef, Exact, one_of

BEHAVIOURS = {"rollback": "All or nothing", "proceed": "What can be captured"}


class EpcisCapture(Base):
    """One document a partner sent, and what came of it; the bytes lie in the document store.

    One that came as a file from the command line has no person.
    """

    __tablename__ = "epcis_capture"
    __table_args__ = (
        one_of("error_behaviour", BEHAVIOURS),
        CheckConstraint("(finished_at IS NULL) = (success IS NULL)", name="finished_somehow"),
    )

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(unique=True)
    person_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    received_at: Mapped[datetime]
    error_behaviour: Mapped[str]
    sha256: Mapped[str]
    finished_at: Mapped[datetime | None]
    success: Mapped[bool | None]
    captured_count: Mapped[int] = mapped_column(default=0)
    known_count: Mapped[int] = mapped_column(default=0)  # events that had been captured before
    errors: Mapped[list[Any]]


class EpcisEvent(Base):
    """One captured event, word for word; `flags` say what of it could not be taken over and why.

    An error declaration is an event of its own under the id of the one that it declares. One whose
    file was taken back is told no more, and may come again.
    """

    __tablename__ = "epcis_event"
    __table_args__ = (
        Index(
            "ix_epcis_event_id",
            "epcis_id",
            "is_declaration",
            unique=True,
            sqlite_where=text("taken_back_at IS NULL"),
            postgresql_where=text("taken_back_at IS NULL"),
        ),
        Index("ix_epcis_event_at", "event_at", "id"),
        Index("ix_epcis_event_recorded", "recorded_at", "id"),
        Index("ix_epcis_event_ours", "event_id"),
    )

    id: Mapped[Key]
    capture_id: Mapped[int] = mapped_column(KeyType, ForeignKey("epcis_capture.id"))
    epcis_id: Mapped[Exact]
    is_declaration: Mapped[bool]
    type: Mapped[str]
    event_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    context: Mapped[list[Any]]
    event_id: Mapped[EventRef | None]  # what was recorded of it here first
    flags: Mapped[list[Any]]
    taken_back_at: Mapped[datetime | None]


class EpcisRecord(Base):
    """One record that was made of a captured event, or that withdrew those of the one declared."""

    __tablename__ = "epcis_record"
    __table_args__ = (Index("ix_epcis_record_event", "event_id"),)

    epcis_event_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("epcis_event.id"), primary_key=True
    )
    event_id: Mapped[int] = mapped_column(KeyType, ForeignKey("event.id"), primary_key=True)


class EpcisName(Base):
    """One EPC or EPC class that a captured event names, by its role in it."""

    __tablename__ = "epcis_name"
    __table_args__ = (Index("ix_epcis_name_value", "value"),)

    epcis_event_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("epcis_event.id"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)  # epcList, parentID, inputQuantityList, …
    value: Mapped[Exact] = mapped_column(primary_key=True)  # as `names.canonical` writes it


only_grows(
    EpcisCapture,
    but=("finished_at", "success", "captured_count", "known_count", "errors"),
)
only_grows(EpcisEvent, but=("taken_back_at",))
only_grows(EpcisRecord)
only_grows(EpcisName)
