"""Scenario: one command that says two messages and asks for one job, and the workers after it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import commands, jobs, leases, outbox
from engine.commands import Command
from engine.db import Database
from engine.jobs import Job
from engine.outbox import Outgoing
from tests.faults.harness import Scenario

KEY = "page-7f3a"
REQUEST = {"lot": "8841A", "quantity": 12}
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RECEIVERS = ("mei.chen@holdfast.example", "wei.zhang@holdfast.example")
AFTER_EVERY_LEASE = AT + leases.LEASE + timedelta(minutes=1)


def open_database(url: str, folder: Path) -> Database:
    return Database(url, info={"mailbox": folder})


def prepare(database: Database) -> None:
    with database.begin() as db:
        jobs.ask(db, "an earlier job", name="count_lots", body={"lot": "7700B"}, at=AT)


def act(database: Database) -> None:
    """Report once: a repeat under the same key changes nothing."""
    with database.begin() as db:
        if commands.earlier_result(db, KEY, name="report", request=REQUEST) is not None:
            return
        for receiver in RECEIVERS:
            outbox.say(db, f"reported:{receiver}", receiver=receiver, language="en",
                       layout="task_opened", body=REQUEST, at=AT)  # fmt: skip
        jobs.ask(db, "count:8841A", name="count_lots", body={"lot": "8841A"}, at=AT)
        commands.remember(db, KEY, name="report", request=REQUEST, result={"number": 1},
                          by_id=None, at=AT)  # fmt: skip


def work(database: Database) -> None:
    _work(database, at=AT)


def recover(database: Database) -> None:
    _work(database, at=AFTER_EVERY_LEASE)


def _work(database: Database, *, at: datetime) -> None:
    for outgoing in outbox.claim_due(database, at=at, limit=10):
        body = f"Message-ID: {outgoing.key}".encode()
        _post(database.info["mailbox"], outgoing.key, body)
        outbox.mark_sent(database, outgoing, sha256=sha256(body).hexdigest(), answer="250", at=at)
    jobs.run_due_jobs(database, {"count_lots": _count_lots}, at=at)


def _post(mailbox: Path, key: str, body: bytes) -> None:
    """Put one more letter with this key in the box: a receiver may get it twice."""
    number = len(list(mailbox.glob("*.eml")))
    (mailbox / f"{number}-{key}.eml").write_bytes(body)


def _count_lots(db: Session, job: Job) -> dict[str, object]:
    return {"counted": job.body["lot"]}


def check(database: Database) -> None:
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Command)) == 1
        said = db.scalars(select(Outgoing).order_by(Outgoing.id)).all()
        assert [outgoing.receiver for outgoing in said] == list(RECEIVERS)
        assert all(outgoing.sent_at for outgoing in said)
        asked = db.scalars(select(Job).order_by(Job.id)).all()
        assert {job.key for job in asked} == {"an earlier job", "count:8841A"}
        assert all(job.done_at and job.result for job in asked)
    _check_letters(database.info["mailbox"])


def _check_letters(mailbox: Path) -> None:
    """Every message arrived at least once, and every repeat says it is one."""
    letters = [path.read_text() for path in mailbox.glob("*.eml")]
    assert set(letters) - {""} == {f"Message-ID: reported:{receiver}" for receiver in RECEIVERS}


SCENARIO = Scenario(
    open=open_database, prepare=prepare, act=act, work=work, recover=recover, check=check
)


def _act_in_two_transactions(database: Database) -> None:
    """Do it wrong: the messages are said in one transaction, the command remembered in another."""
    with database.begin() as db:
        known = commands.earlier_result(db, KEY, name="report", request=REQUEST)
    if known is None:
        with database.begin() as db:
            said = db.scalar(select(func.count()).select_from(Outgoing)) or 0
            for receiver in RECEIVERS:
                outbox.say(db, f"reported:{receiver}:{said}", receiver=receiver, language="en",
                           layout="task_opened", body=REQUEST, at=AT)  # fmt: skip
        with database.begin() as db:
            commands.remember(db, KEY, name="report", request=REQUEST, result={"number": 1},
                              by_id=None, at=AT)  # fmt: skip


def _check_two_messages(database: Database) -> None:
    with database.read() as db:
        said = db.scalar(select(func.count()).select_from(Outgoing))
        assert said == len(RECEIVERS), f"{said} messages were said"


def _nothing(_database: Database) -> None:
    """Leave the workers out: the tear is in the command."""


TORN = replace(
    SCENARIO,
    act=_act_in_two_transactions,
    work=_nothing,
    recover=_nothing,
    check=_check_two_messages,
)
