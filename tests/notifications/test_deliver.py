"""Sending what the outbox holds: at least once, under one id, kept as it was sent."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from engine import leases, outbox
from engine.evidence import ledger
from engine.outbox import Outgoing, OutgoingNotGivenUp, OutgoingUnknown
from notifications.channels import Undeliverable
from notifications.channels.smtp import SmtpChannel, from_environment
from notifications.deliver import Delivered, deliver_due

SENDER = "Holdfast <quality@holdfast.example>"
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Mailbox:
    """A real SMTP server that keeps what it is sent and answers as it is told."""

    def __init__(self) -> None:
        self.received = []
        self.answers = {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.received.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.content))
        return "250 2.0.0 taken as 4711"


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def smtp(mailbox):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield SmtpChannel(sender=SENDER, host="127.0.0.1", port=port, starttls=False)
    controller.stop()


@pytest.fixture
def deliver(database, smtp, kept):
    return lambda at, **kw: deliver_due(
        database, {"mail": smtp}, keep=kept.keep, at=at, site_url="https://holdfast.example", **kw
    )


def row(database, key="task_opened:41:2"):
    with database.read() as db:
        return db.scalars(select(Outgoing).where(Outgoing.key == key)).one()


def test_a_mail_is_sent_once_and_the_answer_kept(database, say, deliver, mailbox, kept, at):
    say()
    assert deliver(at) == Delivered(sent_count=1)
    assert deliver(at + DAY) == Delivered()
    ((sender, receiver, data),) = mailbox.received
    assert (sender, receiver) == ("quality@holdfast.example", "mei.chen@holdfast.example")
    sent = row(database)
    assert sent.answer == "250 2.0.0 taken as 4711"
    assert sent.sent_at == at
    assert kept[sent.sent_sha256] == data, "what is kept is what was sent, byte for byte"
    assert hashlib.sha256(data).hexdigest() == sent.sent_sha256


def test_a_mail_that_was_never_said_is_never_sent(database, facts, deliver, mailbox, at):
    def command_that_fails():
        with database.begin() as db:
            outbox.say(
                db,
                "k",
                receiver="a@b.example",
                language="en",
                layout="layouts/task_opened",
                body=facts("layouts/task_opened", "en"),
                at=at,
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        command_that_fails()
    assert deliver(at) == Delivered()
    assert not mailbox.received


def test_a_busy_server_is_asked_again_later(database, say, deliver, mailbox, at):
    mailbox.answers["mei.chen@holdfast.example"] = "451 come back later"
    say()
    assert deliver(at) == Delivered(failed_count=1)
    waiting = row(database)
    assert "451 come back later" in waiting.answer
    assert at < waiting.due_at <= at + timedelta(seconds=3)

    mailbox.answers.clear()
    assert deliver(waiting.due_at) == Delivered(sent_count=1)


def test_a_receiver_who_does_not_exist_waits_for_a_person(
    database, people, say, deliver, mailbox, at
):
    mailbox.answers["mei.chen@holdfast.example"] = "550 no such user"
    said = say()
    assert deliver(at) == Delivered(failed_count=1)
    assert deliver(at + DAY) == Delivered()
    with database.begin() as db:
        assert [o.key for o in outbox.given_up(db)] == [said.key]
        assert not outbox.waiting(db)
        outbox.retry(db, said.id, by=people.qa_manager, at=at + DAY)
        entry = ledger.entries(db, "admin")[-1]
    assert (entry.action, entry.printed_name) == ("message_retried", "Wang Li")
    mailbox.answers.clear()
    assert deliver(at + DAY) == Delivered(sent_count=1)


def test_only_what_was_given_up_is_sent_again_by_hand(database, people, say, deliver, at):
    said = say()
    with database.begin() as db, pytest.raises(OutgoingNotGivenUp):
        outbox.retry(db, said.id, by=people.qa_manager, at=at)
    with database.begin() as db, pytest.raises(OutgoingUnknown):
        outbox.retry(db, 999, by=people.qa_manager, at=at)


def test_a_mail_with_a_hole_in_it_is_not_sent(database, say, deliver, mailbox, facts, at):
    say(body={**facts("layouts/task_opened", "en"), "case_number": None} | {"task_name": "x"})
    body = facts("layouts/task_opened", "en")
    del body["case_title"]
    say("holed", body=body)
    assert deliver(at) == Delivered(sent_count=1, failed_count=1)
    assert "case_title" in row(database, "holed").answer


def test_one_bad_mail_does_not_hold_up_the_others(say, deliver, mailbox, at):
    say("a", layout="layouts/gone", body={})
    say("b", channel="pigeon")
    for n in range(15):
        say(f"good:{n}")
    assert deliver(at) == Delivered(sent_count=15, failed_count=2)


def test_an_unreachable_server_loses_nothing(database, say, kept, at):
    say()
    nowhere = SmtpChannel(sender=SENDER, host="127.0.0.1", port=1, starttls=False)
    assert deliver_due(database, {"mail": nowhere}, keep=kept.keep, at=at).failed_count == 1
    assert row(database).given_up_at is None


def test_starttls_refuses_a_server_without_a_certificate(database, say, kept, smtp, at):
    say()
    safe = SmtpChannel(sender=SENDER, host=smtp.host, port=smtp.port)
    assert deliver_due(database, {"mail": safe}, keep=kept.keep, at=at).failed_count == 1
    assert "STARTTLS" in row(database).answer


def test_eight_workers_send_each_of_500_once(database, facts, kept, at):
    with database.begin() as db:
        body = facts("layouts/task_opened", "en")
        for n in range(500):
            outbox.say(
                db,
                f"letter:{n}",
                receiver=f"ward{n}@hospital.example",
                language="en",
                layout="layouts/task_opened",
                body=body,
                at=at,
            )
    handed = Counter()

    class Counting:
        sender = SENDER

        def deliver(self, data, *, receiver):
            handed.update([receiver])
            return "250 OK"

    def work():
        deliver_due(database, {"mail": Counting()}, keep=kept.keep, at=at)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(handed) == 500
    assert set(handed.values()) == {1}
    with database.read() as db:
        sent = select(func.count()).select_from(Outgoing).where(Outgoing.sent_at.is_not(None))
        assert db.scalar(sent) == 500


CHILD = """
import os, sys
from dataclasses import dataclass
from datetime import datetime
from engine.db import Database
from notifications.channels.smtp import SmtpChannel
from notifications.deliver import deliver_due

url, port, moment = sys.argv[1:]


@dataclass(frozen=True)
class KilledAfterSending(SmtpChannel):
    def deliver(self, data, *, receiver):
        super().deliver(data, receiver=receiver)
        os._exit(9)


channel = KilledAfterSending(
    sender="Holdfast <quality@holdfast.example>", host="127.0.0.1", port=int(port), starttls=False
)
deliver_due(
    Database(url),
    {"mail": channel},
    keep=lambda data: "0" * 64,
    at=datetime.fromisoformat(moment),
    site_url="https://holdfast.example",
)
"""


def test_killed_between_sending_and_marking_the_mail_comes_twice_under_one_id(
    database, database_url, say, deliver, mailbox, smtp, at
):
    say()
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, database_url, str(smtp.port), at.isoformat()],
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert killed.returncode == 9
    assert len(mailbox.received) == 1
    assert deliver(at + MINUTE) == Delivered(), "the lease still runs"
    assert deliver(at + leases.LEASE) == Delivered(sent_count=1)

    first, second = (data for _, _, data in mailbox.received)
    assert first == second, "the same bytes"
    ids = {message_from_bytes(data)["Message-ID"] for data in (first, second)}
    assert len(ids) == 1
    assert row(database).attempts == 2


def test_a_worker_that_lost_its_lease_marks_nothing(database, say, deliver, at):
    say()
    (slow,) = outbox.claim_due(database, at=at, limit=1)
    assert deliver(at + leases.LEASE) == Delivered(sent_count=1)
    outbox.mark_failed(database, slow, answer="too slow", for_good=True, at=at + leases.LEASE)
    assert row(database).sent_at == at + leases.LEASE
    assert row(database).given_up_at is None


def test_the_environment_names_the_server():
    assert from_environment({}) is None
    channel = from_environment(
        {
            "HOLDFAST_SMTP_HOST": "mail.holdfast.example",
            "HOLDFAST_SMTP_PORT": "25",
            "HOLDFAST_SMTP_STARTTLS": "no",
            "HOLDFAST_SMTP_FROM": SENDER,
        }
    )
    assert channel == SmtpChannel(
        sender=SENDER, host="mail.holdfast.example", port=25, starttls=False
    )
    assert from_environment({"HOLDFAST_SMTP_HOST": "mail.holdfast.example"}).starttls


def test_a_long_header_line_or_a_lone_dot_arrives_whole(smtp, mailbox):
    data = b"Subject: x\r\n\r\n.\r\n..\r\nend\r\n"
    smtp.deliver(data, receiver="a@b.example")
    assert mailbox.received[0][2] == data


def test_refused_for_good_is_not_the_same_as_refused_for_now(smtp, mailbox):
    mailbox.answers["gone@b.example"] = "550 gone"
    with pytest.raises(Undeliverable):
        smtp.deliver(b"Subject: x\r\n\r\n", receiver="gone@b.example")
