"""What must be said to the outside, written with the command that causes it, sent after."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Index, and_, select
from sqlalchemy.orm import Mapped, Session

from engine import clock, leases
from engine.db import Base, Database, upserting
from engine.errors import NotFound, Refused


class Outgoing(leases.Leased, Base):
    """One message to one receiver: due until sent, given up only after every try.

    `key` is stable over every attempt (Message-ID, webhook id), so a receiver can drop repeats.
    `layout` names the files in `notifications/` (`<process>/<send_task>`), `body` what fills them.
    """

    __tablename__ = "outgoing"
    __table_args__ = (
        CheckConstraint("sent_at IS NULL OR given_up_at IS NULL", name="sent_or_given_up"),
        CheckConstraint("(sent_at IS NULL) = (sent_sha256 IS NULL)", name="sent_bytes_are_kept"),
        Index("ix_outgoing_due", "due_at"),
    )

    channel: Mapped[str]  # "mail", "webhook"
    receiver: Mapped[str]  # an address of the channel
    language: Mapped[str]
    layout: Mapped[str]
    body: Mapped[dict[str, Any]]
    said_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    sent_sha256: Mapped[str | None]  # the exact bytes, in the document store
    answer: Mapped[str | None]  # what the receiver said: "250 OK", or the last error


class OutgoingUnknown(NotFound):
    """There is no such message. It may belong to another installation."""


class NoWayOut(Refused):
    """This is about a drill, and a drill has no way out of the house. Nothing was sent."""


class OutgoingNotGivenUp(Refused):
    """This message is still being tried or has been sent."""


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
    _refuse_what_stays_inside(db, body)
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


def say_once(
    db: Session,
    said: Mapping[str, Mapping[str, Any]],
    *,
    layout: str,
    at: datetime,
    channel: str = "mail",
) -> int:
    """Put a message in the outbox for every key that is not there yet; return how many are new.

    `said` gives by its key what each receiver is told: `receiver`, `language` and `body`.
    """
    if not said:
        return 0
    for one in said.values():
        _refuse_what_stays_inside(db, one["body"])
    fixed = {"layout": layout, "channel": channel, "said_at": at, "due_at": at}
    statement = upserting(db, Outgoing).on_conflict_do_nothing(index_elements=["key"])
    new = db.scalars(
        statement.returning(Outgoing.key),
        [{"key": key, **one, **fixed} for key, one in said.items()],
    )
    return len(new.all())


def _refuse_what_stays_inside(db: Session, body: Mapping[str, Any]) -> None:
    """Raise `NoWayOut` for what `db.info["stays_inside"]` says is nobody's outside."""
    if clock.own() is not None or db.info.get("stays_inside", _goes_out)(body):
        raise NoWayOut


def _goes_out(_body: Mapping[str, Any]) -> bool:
    return False


def claim_due(
    database: Database, *, at: datetime, limit: int, only: Collection[str] | None = None
) -> Sequence[Outgoing]:
    """Lease up to `limit` due messages to the caller; the transaction ends before any is sent.

    With `only` those of these channels.
    """
    unfinished: ColumnElement[bool] = Outgoing.sent_at.is_(None)
    if only is not None:
        unfinished = and_(unfinished, Outgoing.channel.in_(only))
    with database.begin() as db:
        return leases.claim(db, Outgoing, unfinished=unfinished, at=at, limit=limit)


def mark_sent(
    database: Database, claimed: Outgoing, *, sha256: str, answer: str, at: datetime
) -> None:
    """Record that the receiver took the bytes named by `sha256`, in its own words."""
    with database.begin() as db:
        outgoing = leases.still_held(db, claimed)
        if outgoing is None:
            return
        outgoing.sent_at, outgoing.sent_sha256, outgoing.answer = at, sha256, answer[:2000]
        leases.release(outgoing)


def mark_failed(
    database: Database, claimed: Outgoing, *, answer: str, for_good: bool, at: datetime
) -> None:
    """Record why it did not go out; `for_good` when the receiver will never take it."""
    with database.begin() as db:
        outgoing = leases.still_held(db, claimed)
        if outgoing is None:
            return
        outgoing.answer = answer[:2000]
        if for_good:
            leases.give_up(outgoing, at=at)
        else:
            leases.put_off(outgoing, at=at)


def retry(db: Session, outgoing_id: int, *, by: leases.Actor, at: datetime) -> Outgoing:
    """Try a given-up message again because a person says so; flushes and enters the ledger."""
    return leases.retry(
        db,
        Outgoing,
        outgoing_id,
        unknown=OutgoingUnknown,
        still_tried=OutgoingNotGivenUp,
        action="message_retried",
        tells={"message": "key", "receiver": "receiver", "answer": "answer"},
        by=by,
        at=at,
    )


def given_up(db: Session, *, channel: str = "mail") -> Sequence[Outgoing]:
    """Return the messages of a channel that wait for a person, oldest first."""
    return [one for one in leases.given_up(db, Outgoing) if one.channel == channel]


def waiting(db: Session) -> Sequence[Outgoing]:
    """Return the messages still to be sent, oldest first."""
    rows = select(Outgoing).where(Outgoing.sent_at.is_(None), Outgoing.given_up_at.is_(None))
    return db.scalars(rows.order_by(Outgoing.id)).all()
