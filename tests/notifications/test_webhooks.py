"""Webhooks: signed, to listed hosts only, tried again under one id, kept as they were sent."""

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from engine import outbox
from engine.errors import Invalid
from engine.evidence import ledger
from engine.outbox import Outgoing
from engine.serials.exchange import subscriptions
from engine.serials.exchange.addresses import WaysOut, parted
from engine.serials.exchange.box import Box
from engine.serials.models import WebhookAttempt, WebhookSecret, WebhookSubscription
from notifications.channels.webhook import WebhookChannel, find_within
from notifications.deliver import Delivered, deliver_due
from tests.support.receivers import HOST, Receiver, receiving

LOOPBACK = ip_network("127.0.0.0/8")
WAYS = WaysOut((HOST,), (LOOPBACK,))
DAY = timedelta(days=1)


@pytest.fixture
def at():
    """The library that checks a signature looks at its own clock."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def info():
    return {"ledger": ledger.append, "box": Box.of(b"k" * 32), "ways_out": WAYS}


@pytest.fixture
def erp(tmp_path):
    with receiving(tmp_path) as receiver:
        yield receiver


@pytest.fixture
def channel(database, erp: Receiver):
    return WebhookChannel(database, WAYS, erp.context, find=lambda host, port: ["127.0.0.1"])


@pytest.fixture
def subscribed(database, erp, people, at):
    with database.begin() as db:
        made = subscriptions.subscribe(
            db, "ERP", erp.address, ["hold.placed"], by=people.administrator, at=at
        )
        subscriptions.send_test(db, made.subscription.id, by=people.administrator, at=at)
    return made


@pytest.fixture
def deliver(database, channel, kept):
    def deliver(at, channel=channel):
        return deliver_due(database, {"webhook": channel}, keep=kept.keep, at=at, only=("webhook",))

    return deliver


def outgoing(database) -> Outgoing:
    with database.read() as db:
        return db.scalars(select(Outgoing)).one()


def attempts(database):
    with database.read() as db:
        return db.scalars(select(WebhookAttempt).order_by(WebhookAttempt.id)).all()


def test_the_receiver_can_prove_who_sent_it_and_that_nothing_was_changed(
    subscribed, deliver, erp, at
):
    assert deliver(at) == Delivered(sent_count=1)

    [(path, headers, body)] = erp.taken
    assert path == "/holds?from=holdfast"
    said = Webhook(subscribed.secret).verify(body, headers)
    assert said["type"] == "test.sent"
    assert said["data"]["version"] == 1
    with pytest.raises(WebhookVerificationError):
        Webhook(subscribed.secret).verify(body.replace(b"test", b"text"), headers)


def test_the_exact_bytes_of_every_try_are_kept(subscribed, deliver, database, kept, erp, at):
    deliver(at)

    [attempt] = attempts(database)
    sent = kept[attempt.sha256]
    assert hashlib.sha256(sent).hexdigest() == attempt.sha256 == outgoing(database).sent_sha256
    assert sent.startswith(b"POST /holds?from=holdfast HTTP/1.1\r\nHost: erp.example:")
    assert sent.endswith(b"\r\n\r\n" + erp.taken[0][2])
    assert (attempt.status, attempt.answer) == (204, "")


def test_what_is_not_taken_is_tried_again_under_the_same_id(subscribed, deliver, database, erp, at):
    erp.answer = (503, "at lunch")
    assert deliver(at) == Delivered(failed_count=1)
    later = outgoing(database).due_at
    assert at < later < at + timedelta(seconds=3)
    assert deliver(at) == Delivered()  # not yet

    erp.answer = (200, "thanks")
    assert deliver(later) == Delivered(sent_count=1)
    ids = {headers["webhook-id"] for _, headers, _ in erp.taken}
    assert len(erp.taken) == 2
    assert len(ids) == 1
    assert [one.status for one in attempts(database)] == [503, 200]


def test_what_nobody_takes_becomes_a_dead_letter_that_a_person_sends_again(
    subscribed, deliver, database, erp, people, at
):
    erp.answer = (500, "")
    for day in range(20):
        deliver(at + day * DAY)
    assert outgoing(database).given_up_at is not None
    assert len(erp.taken) == 16

    erp.answer = (200, "")
    with database.begin() as db:
        [dead] = outbox.given_up(db, channel="webhook")
        outbox.retry(db, dead.id, by=people.administrator, at=at + 30 * DAY)
    assert deliver(at + 30 * DAY) == Delivered(sent_count=1)
    assert len({headers["webhook-id"] for _, headers, _ in erp.taken}) == 1


def test_a_receiver_that_is_gone_is_told_nothing_any_more(
    subscribed, deliver, database, erp, people, at
):
    erp.answer = (410, "moved away")
    deliver(at)

    assert outgoing(database).given_up_at == at
    with database.read() as db:
        one = db.scalars(select(WebhookSubscription)).one()
        assert (one.off_at, one.off_reason) == (at, "gone")
    with database.begin() as db:
        outbox.retry(db, outgoing(database).id, by=people.administrator, at=at)
    erp.taken.clear()
    assert deliver(at) == Delivered(failed_count=1)
    assert erp.taken == []


def test_a_redirect_is_not_followed(subscribed, deliver, database, erp, at):
    erp.answer, erp.headers = (302, ""), {"Location": f"https://{HOST}:{erp.port}/elsewhere"}
    assert deliver(at) == Delivered(failed_count=1)
    assert [path for path, _, _ in erp.taken] == ["/holds?from=holdfast"]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.1.2.3", "169.254.169.254", "fe80::1%eth0", "::ffff:192.168.0.1",
     "64:ff9b::a00:1", "2002:7f00:1::", "0.0.0.0", "224.0.0.1", "fc00::1", "100.64.0.1"],
)  # fmt: skip
def test_no_address_inside_is_connected_to(subscribed, deliver, database, erp, at, address):
    inside = WebhookChannel(
        database, WaysOut((HOST,)), erp.context, find=lambda host, port: [address]
    )
    assert deliver(at, inside) == Delivered(failed_count=1)
    assert erp.taken == []
    assert "not allowed" in (outgoing(database).answer or "")
    assert outgoing(database).given_up_at == at


def test_a_name_is_looked_up_once_and_that_address_connected_to(
    subscribed, deliver, database, erp, at
):
    """DNS rebinding: a second look-up would lead elsewhere."""
    asked = []

    def find(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    once = WebhookChannel(database, WAYS, erp.context, find=find)
    assert deliver(at, once) == Delivered(sent_count=1)
    assert asked == [HOST]


def test_a_receiver_whose_certificate_nobody_vouches_for_is_told_nothing(
    subscribed, deliver, database, erp, at
):
    doubted = WebhookChannel(database, WAYS, find=lambda host, port: ["127.0.0.1"])
    assert deliver(at, doubted) == Delivered(failed_count=1)
    assert erp.taken == []
    assert outgoing(database).given_up_at is None  # it may be renewed


def test_while_a_secret_is_replaced_either_is_good(subscribed, deliver, database, erp, people, at):
    with database.begin() as db:
        new = subscriptions.rotate(db, subscribed.subscription.id, by=people.administrator, at=at)
    deliver(at)
    _, headers, body = erp.taken[-1]
    for secret in (subscribed.secret, new.secret):
        Webhook(secret).verify(body, headers)

    with database.begin() as db:
        good = subscriptions.secrets_of(db, subscribed.subscription.id, at=at + DAY)
    assert good == [new.secret]


def test_a_copy_of_the_database_gives_no_secret_away(subscribed, database):
    with database.read() as db:
        shut = db.scalars(select(WebhookSecret.shut)).one()
    assert subscribed.secret not in shut
    assert subscribed.secret.removeprefix("whsec_") not in shut


@pytest.mark.parametrize(
    "address",
    ["http://erp.example/", "https://other.example/", "https://erp.example@evil.example/",
     "https://erp.example.evil.example/", "ftp://erp.example", "https://", "https://erp.example/#x",
     "https://erp.example:99999/", "https://erp.example/ x", "https://user:pw@erp.example/",
     "https://[::1/", "https://erp.example/\r\nX: 1"],
)  # fmt: skip
def test_only_a_listed_host_is_subscribed(database, people, at, address):
    with pytest.raises(Invalid) as wrong, database.begin() as db:
        subscriptions.subscribe(db, "ERP", address, ["hold.placed"], by=people.administrator, at=at)
    assert [problem.at for problem in wrong.value.problems] == ["address"]


def test_a_star_lists_what_is_below_a_host_and_nothing_beside_it():
    ways = WaysOut.read("*.partner.example, erp.example", "")
    assert ways.lists("a.partner.example")
    assert not ways.lists("partner.example")
    assert not ways.lists("evilpartner.example")
    assert parted("https://ERP.example/x", ways).hostname == "erp.example"


def test_every_change_of_a_subscription_is_in_the_ledger(subscribed, database, people, at):
    with database.begin() as db:
        subscriptions.switch_off(
            db, subscribed.subscription.id, reason="It moves.", by=people.administrator, at=at
        )
        subscriptions.switch_on(db, subscribed.subscription.id, by=people.administrator, at=at)
        entries = ledger.entries(db, "interfaces")
        said = json.dumps([one.content for one in entries])
    assert [one.action for one in entries] == [
        "webhook_subscribed", "webhook_switched_off", "webhook_switched_on",
    ]  # fmt: skip
    assert "whsec_" not in said


def test_a_name_that_is_looked_up_too_long_is_given_up() -> None:
    never = threading.Event()

    def find(host: str, port: int) -> list[str]:
        never.wait(5)
        return [host]

    with pytest.raises(TimeoutError, match=HOST):
        find_within(find, HOST, 443, seconds=0.05)
    never.set()
