"""The e-mail itself: the same row, the same bytes."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest

from engine.outbox import Outgoing
from notifications.channels import Undeliverable
from notifications.message import compose, message_id
from notifications.render import Rendered

SENDER = "Holdfast 召回 <quality@holdfast.example>"
WORDS = Rendered(
    "NC-2026-0007：待您处理", "陈美：您好！\n.\nFrom here on\n", "<p>陈美：您好！</p>\n"
)


def outgoing(at, **kw):
    facts = {"key": "task_opened:41:2", "receiver": "mei@holdfast.example", "language": "zh"}
    return Outgoing(**{**facts, **kw}, said_at=at)


def parse(data):
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(data)


def test_the_same_row_makes_the_same_bytes(at):
    assert compose(outgoing(at), WORDS, sender=SENDER) == compose(
        outgoing(at), WORDS, sender=SENDER
    )


def test_words_in_both_alphabets_arrive_whole(at):
    message = parse(compose(outgoing(at), WORDS, sender=SENDER))
    assert message["Subject"] == WORDS.subject
    assert message["From"] == SENDER
    assert message["Date"].datetime == at
    assert message["Content-Language"] == "zh-Hans"
    text = message.get_body(("plain",)).get_content()
    assert text.replace("\r\n", "\n") == WORDS.text
    assert message.get_body(("html",)).get_content().replace("\r\n", "\n") == WORDS.html


def test_every_line_is_ascii_and_ends_as_smtp_wants_it(at):
    data = compose(outgoing(at), WORDS, sender=SENDER)
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998


def test_a_message_id_belongs_to_its_key_and_gives_nothing_away():
    one = message_id("task_opened:41:2", sender=SENDER)
    assert one == message_id("task_opened:41:2", sender=SENDER)
    assert one != message_id("task_opened:41:3", sender=SENDER)
    assert one.endswith("@holdfast.example>")
    assert "task" not in one


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: all@evil.example", "no address", ""])
def test_an_address_cannot_add_a_header(at, address):
    with pytest.raises(Undeliverable, match="not an e-mail address"):
        compose(outgoing(at, receiver=address), WORDS, sender=SENDER)
