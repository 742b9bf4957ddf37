"""What must be said to the outside, written with the command that causes it, sent after."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, Key


class Outgoing(Base):
    """One message to one receiver: due until sent, given up only by a person.

    `key` is stable over every attempt (Message-ID, webhook id), so a receiver can drop repeats.
    `layout` names the files in `notifications/` (`<process>/<send_task>`), `body` what fills them.
    """

    __tablename__ = "outgoing"
    __table_args__ = (
        CheckConstraint("sent_at IS NULL OR given_up_at IS NULL", name="sent_or_given_up"),
        Index("ix_outgoing_due", "due_at"),
    )

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[str]  # "mail"
    receiver: Mapped[str]  # an address of the channel
    language: Mapped[str]
    layout: Mapped[str]
    body: Mapped[dict[str, Any]]
    said_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    sent_sha256: Mapped[str | None]  # the exact bytes, in the document store
    answer: Mapped[str | None]  # what the receiver said: "250 OK", or the last error
    given_up_at: Mapped[datetime | None]


def say(
    db: Session,
    key: str,
    *,
    receiver: str,
    language: str,
    layout: str,
    body: dict[str, Any],
    at: datetime,
    channel: str = "mail",
) -> Outgoing:
    """Put one message in the outbox; the same `key` twice is refused by the database. Flushes."""
    outgoing = Outgoing(
        key=key,
        channel=channel,
        receiver=receiver,
        language=language,
        layout=layout,
        body=body,
        said_at=at,
        due_at=at,
    )
    db.add(outgoing)
    db.flush()
    return outgoing
