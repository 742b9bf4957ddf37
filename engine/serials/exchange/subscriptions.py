"""Who is told by webhook: subscriptions and their secrets, each change of them in the ledger."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import EngineError, Invalid, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials.exchange.addresses import WaysOut, parted
from engine.serials.exchange.announce import EVENT_TYPES, put
from engine.serials.exchange.box import Box
from engine.serials.exchange.errors import (
    SubscriptionOff,
    SubscriptionSame,
    SubscriptionUnknown,
)
from engine.serials.models import WebhookSecret, WebhookSubscription
from engine.words import N_

SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)  # in which the receiver may take either secret
GONE = "gone"
STREAM = "interfaces"


@dataclass(frozen=True)
class Subscribed:
    """A subscription with its new secret, in the one answer that shows it."""

    subscription: WebhookSubscription
    secret: str


def subscribe(
    db: Session, name: str, address: str, event_types: Sequence[str], *, by: Person, at: datetime
) -> Subscribed:
    """Have an address told of events from now on; its secret is shown this once. Flushes.

    Raises `Invalid` with every problem of what was entered.
    """
    name, address = name.strip(), address.strip()
    _refuse(db, name, address, event_types)
    subscription = WebhookSubscription(
        name=name,
        address=address,
        event_types=[one for one in EVENT_TYPES if one in event_types],
        made_at=at,
        made_by_id=by.id,
    )
    db.add(subscription)
    db.flush()
    secret = _new_secret(db, subscription, by=by, at=at)
    body = {"name": name, "address": address, "event_types": subscription.event_types}
    _tell(db, "webhook_subscribed", subscription, body, by=by, at=at)
    return Subscribed(subscription, secret)


def rotate(db: Session, subscription_id: int, *, by: Person, at: datetime) -> Subscribed:
    """Give a subscription a new secret; those before it are good for another day. Flushes."""
    subscription = subscription_of(db, subscription_id, lock=True)
    for old in _secrets(db, subscription_id, at=at):
        old.ends_at = min(old.ends_at or at + OVERLAP, at + OVERLAP)
    secret = _new_secret(db, subscription, by=by, at=at)
    _tell(db, "webhook_secret_rotated", subscription, {}, by=by, at=at)
    return Subscribed(subscription, secret)


def switch_off(
    db: Session, subscription_id: int, *, reason: str, by: Person | None, at: datetime
) -> WebhookSubscription:
    """Tell this address nothing any more, because a person or the receiver says so. Flushes."""
    if not reason.strip():
        raise Invalid([Problem("reason", N_("Write the reason first."))])
    subscription = subscription_of(db, subscription_id, lock=True)
    if subscription.off_at is not None:
        raise SubscriptionSame
    subscription.off_at, subscription.off_reason = at, reason.strip()
    db.flush()
    _tell(db, "webhook_switched_off", subscription, {"reason": reason.strip()}, by=by, at=at)
    return subscription


def switch_on(
    db: Session, subscription_id: int, *, by: Person, at: datetime
) -> WebhookSubscription:
    """Tell this address again; what happened in between is not made up for. Flushes."""
    subscription = subscription_of(db, subscription_id, lock=True)
    if subscription.off_at is None:
        raise SubscriptionSame
    parted(subscription.address, ways_out(db))
    subscription.off_at = subscription.off_reason = None
    db.flush()
    _tell(db, "webhook_switched_on", subscription, {}, by=by, at=at)
    return subscription


def send_test(db: Session, subscription_id: int, *, by: Person, at: datetime) -> int:
    """Put a test event in the outbox for one subscription; return its delivery. Flushes."""
    subscription = subscription_of(db, subscription_id)
    if subscription.off_at is not None:
        raise SubscriptionOff
    about = f"test-{secrets.token_hex(8)}"
    data = {"version": 1, "sent_by": by.printed_name}
    return put(db, [subscription], "test.sent", about, data, at=at)[0]


def secrets_of(db: Session, subscription_id: int, *, at: datetime) -> list[str]:
    """Return the secrets that are good now, the newest first."""
    box: Box = db.info["box"]
    return [box.opened(one.shut) for one in _secrets(db, subscription_id, at=at)]


def subscription_of(
    db: Session, subscription_id: int, *, lock: bool = False
) -> WebhookSubscription:
    """Return a subscription; raises `SubscriptionUnknown`."""
    found = db.get(
        WebhookSubscription, subscription_id, with_for_update=lock or None, populate_existing=lock
    )
    if found is None:
        raise SubscriptionUnknown
    return found


def ways_out(db: Session) -> WaysOut:
    """Return where webhooks may go."""
    ways: WaysOut = db.info.get("ways_out", WaysOut())
    return ways


def _refuse(db: Session, name: str, address: str, event_types: Sequence[str]) -> None:
    problems = []
    taken = select(WebhookSubscription.id).where(WebhookSubscription.name == name)
    if not 1 <= len(name) <= 100:
        problems.append(Problem("name", N_("Enter a name of up to 100 characters.")))
    elif db.scalar(taken) is not None:
        problems.append(Problem("name", N_("There is a subscription of this name already.")))
    try:
        parted(address, ways_out(db))
    except EngineError as refused:
        problems.append(refused.problem("address"))
    if not event_types or not set(event_types) <= set(EVENT_TYPES):
        problems.append(Problem("event_types", N_("Choose at least one event.")))
    if problems:
        raise Invalid(problems)


def _new_secret(db: Session, subscription: WebhookSubscription, *, by: Person, at: datetime) -> str:
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    box: Box = db.info["box"]
    db.add(
        WebhookSecret(
            subscription_id=subscription.id, shut=box.shut(secret), made_at=at, made_by_id=by.id
        )
    )
    db.flush()
    return secret


def _secrets(db: Session, subscription_id: int, *, at: datetime) -> list[WebhookSecret]:
    rows = select(WebhookSecret).where(
        WebhookSecret.subscription_id == subscription_id,
        or_(WebhookSecret.ends_at.is_(None), WebhookSecret.ends_at > at),
    )
    return list(db.scalars(rows.order_by(WebhookSecret.id.desc())))


def _tell(
    db: Session,
    action: str,
    subscription: WebhookSubscription,
    body: Mapping[str, object],
    *,
    by: Person | None,
    at: datetime,
) -> None:
    ledger.append(db, STREAM, action, {"subscription": subscription.id, **body}, by=by, at=at)
