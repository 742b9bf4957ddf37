"""Webhooks as their pages show them: who is told, what was sent, what nobody took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.outbox import Outgoing
from engine.serials.exchange.errors import DeliveryUnknown
from engine.serials.exchange.subscriptions import subscription_of
from engine.serials.models import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookSecret,
    WebhookSubscription,
)
from notifications.channels.webhook import payload, webhook_id
from webapp.queries.stock import actors

DEAD, WAITING, SENT = "dead", "waiting", "sent"
STATES: dict[str, ColumnElement[bool]] = {
    DEAD: Outgoing.given_up_at.is_not(None),
    WAITING: and_(Outgoing.given_up_at.is_(None), Outgoing.sent_at.is_(None)),
    SENT: Outgoing.sent_at.is_not(None),
}


@dataclass(frozen=True)
class SubscriptionLine:
    """One subscription: who is told what, and how it goes."""

    id: int
    name: str
    address: str
    event_types: Sequence[str]
    made_by: str
    made_at: datetime
    off_at: datetime | None
    off_reason: str | None
    sent_at: datetime | None  # the last that was taken
    waiting_count: int
    dead_count: int


@dataclass(frozen=True)
class SecretLine:
    """One secret: never the secret itself."""

    made_at: datetime
    made_by: str
    ends_at: datetime | None


@dataclass(frozen=True)
class DeliveryLine:
    """One webhook as a list shows it."""

    id: int
    subscription_id: int
    subscription: str
    event_type: str
    about: str
    said_at: datetime
    state: str
    sent_at: datetime | None
    due_at: datetime
    attempts: int
    answer: str | None


@dataclass(frozen=True)
class AttemptLine:
    """One try: the hash of the exact bytes, and what came back."""

    id: int
    at: datetime
    sha256: str
    status: int | None
    answer: str
    took_ms: int


@dataclass(frozen=True)
class DeliveryView:
    """One webhook with its payload and every try."""

    line: DeliveryLine
    webhook_id: str
    payload: str
    attempts: Sequence[AttemptLine]


def subscriptions(db: Session, *, only: int | None = None) -> list[SubscriptionLine]:
    """Return the subscriptions by name, those switched off last."""
    rows = select(WebhookSubscription).order_by(
        WebhookSubscription.off_at.is_not(None), WebhookSubscription.name
    )
    if only is not None:
        rows = rows.where(WebhookSubscription.id == subscription_of(db, only).id)
    found = db.scalars(rows).all()
    names = actors(db, (one.made_by_id for one in found))
    counts = _counts(db)
    nothing: dict[str, Any] = {}
    return [
        SubscriptionLine(
            id=one.id,
            name=one.name,
            address=one.address,
            event_types=one.event_types,
            made_by=names[one.made_by_id],
            made_at=one.made_at,
            off_at=one.off_at,
            off_reason=one.off_reason,
            sent_at=counts.get(one.id, nothing).get("sent_at"),
            waiting_count=counts.get(one.id, nothing).get(WAITING, 0),
            dead_count=counts.get(one.id, nothing).get(DEAD, 0),
        )
        for one in found
    ]


def _counts(db: Session) -> dict[int, dict[str, Any]]:
    """Return per subscription what waits, what nobody took, and when one was last taken."""
    joined = (WebhookDelivery, WebhookDelivery.outgoing_id == Outgoing.id)
    key = WebhookDelivery.subscription_id
    found: dict[int, dict[str, Any]] = {}
    for name in (DEAD, WAITING):
        counted = select(key, func.count()).select_from(Outgoing).join(*joined)
        for one, count in db.execute(counted.where(STATES[name]).group_by(key)):
            found.setdefault(one, {})[name] = count
    last = select(key, func.max(Outgoing.sent_at)).select_from(Outgoing).join(*joined)
    for one, at in db.execute(last.group_by(key)):
        found.setdefault(one, {})["sent_at"] = at
    return found


def secret_lines(db: Session, subscription_id: int) -> list[SecretLine]:
    """Return when the secrets of a subscription were made and end, the newest first."""
    rows = db.scalars(
        select(WebhookSecret)
        .where(WebhookSecret.subscription_id == subscription_id)
        .order_by(WebhookSecret.id.desc())
    ).all()
    names = actors(db, (one.made_by_id for one in rows))
    return [SecretLine(one.made_at, names[one.made_by_id], one.ends_at) for one in rows]


def deliveries(
    db: Session, *, state: str = "", subscription_id: int | None = None, page: int = 1
) -> tuple[list[DeliveryLine], Page]:
    """Return one page of what was put out, the newest first, and where it stands."""
    conditions: list[ColumnElement[bool]] = []
    if state in STATES:
        conditions.append(STATES[state])
    if subscription_id is not None:
        conditions.append(WebhookDelivery.subscription_id == subscription_id)
    joined = (Outgoing, Outgoing.id == WebhookDelivery.outgoing_id)
    total = db.scalar(
        select(func.count()).select_from(WebhookDelivery).join(*joined).where(*conditions)
    )
    shown = Page(number=page, total_count=total or 0)
    rows = db.execute(
        select(Outgoing, WebhookDelivery, WebhookSubscription.name)
        .join(WebhookDelivery, WebhookDelivery.outgoing_id == Outgoing.id)
        .join(WebhookSubscription, WebhookSubscription.id == WebhookDelivery.subscription_id)
        .where(*conditions)
        .order_by(Outgoing.id.desc())
        .limit(shown.size)
        .offset((page - 1) * shown.size)
    )
    return [_line(*row) for row in rows], shown


def delivery(db: Session, outgoing_id: int) -> DeliveryView:
    """Return one webhook with every try; raises `DeliveryUnknown`."""
    row = db.execute(
        select(Outgoing, WebhookDelivery, WebhookSubscription.name)
        .join(WebhookDelivery, WebhookDelivery.outgoing_id == Outgoing.id)
        .join(WebhookSubscription, WebhookSubscription.id == WebhookDelivery.subscription_id)
        .where(Outgoing.id == outgoing_id)
    ).first()
    if row is None:
        raise DeliveryUnknown
    tries = db.scalars(
        select(WebhookAttempt)
        .where(WebhookAttempt.outgoing_id == outgoing_id)
        .order_by(WebhookAttempt.id.desc())
    )
    return DeliveryView(
        line=_line(*row),
        webhook_id=webhook_id(row[0].key),
        payload=payload(row[0].body),
        attempts=[
            AttemptLine(one.id, one.at, one.sha256, one.status, one.answer, one.took_ms)
            for one in tries
        ],
    )


def _line(outgoing: Outgoing, told: WebhookDelivery, name: str) -> DeliveryLine:
    state = DEAD if outgoing.given_up_at else SENT if outgoing.sent_at else WAITING
    return DeliveryLine(
        id=outgoing.id,
        subscription_id=told.subscription_id,
        subscription=name,
        event_type=told.event_type,
        about=told.about,
        said_at=outgoing.said_at,
        state=state,
        sent_at=outgoing.sent_at,
        due_at=outgoing.due_at,
        attempts=outgoing.attempts,
        answer=outgoing.answer,
    )
