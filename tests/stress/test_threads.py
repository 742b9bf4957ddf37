"""Eight threads on one database: nothing lost, nothing doubled, nobody told it is locked."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from engine import commands, jobs, outbox
from engine.commands import Command
from engine.db import Database
from engine.jobs import Job
from engine.outbox import Outgoing

pytestmark = pytest.mark.stress

THREADS = 8


def at_once(work: Callable[[int], object]) -> list[object]:
    """Let every thread do its work; an error of one is the test's."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


def test_a_key_sent_by_eight_at_once_is_one_command(database: Database, at: datetime) -> None:
    def send(_thread: int) -> object:
        for _ in range(3):  # an edge runs a command again when another took the key first
            try:
                with database.begin() as db:
                    known = commands.earlier_result(db, "page", name="report", request={})
                    if known is not None:
                        return known["number"]
                    number = outbox.say(
                        db, "reported", receiver="qa@holdfast.example", language="en",
                        layout="task_opened", body={}, at=at,
                    ).id  # fmt: skip
                    commands.remember(db, "page", name="report", request={},
                                      result={"number": number}, by_id=None, at=at)  # fmt: skip
                    return number
            except IntegrityError:
                continue
        return "gave up"

    numbers = at_once(send)

    with database.read() as db:
        (said,) = db.scalars(select(Outgoing.id)).all()
        assert db.scalar(select(func.count()).select_from(Command)) == 1
    assert set(numbers) == {said}


def test_no_writer_of_eight_is_told_the_database_is_locked(
    database: Database, at: datetime
) -> None:
    def write(thread: int) -> object:
        for number in range(100):
            with database.begin() as db:
                # a read before the write: the order that a deferred transaction cannot upgrade
                db.scalar(select(func.count()).select_from(Job))
                jobs.ask(db, f"{thread}:{number}", name="count", body={}, at=at)
        return None

    at_once(write)

    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Job)) == THREADS * 100


def test_eight_workers_send_each_message_once(database: Database, at: datetime) -> None:
    with database.begin() as db:
        for number in range(400):
            outbox.say(db, f"notice:{number}", receiver="clinic@holdfast.example", language="en",
                       layout="task_opened", body={}, at=at)  # fmt: skip

    def work(_thread: int) -> list[str]:
        sent = []
        while claimed := outbox.claim_due(database, at=at, limit=20):
            for outgoing in claimed:
                sent.append(outgoing.key)
                outbox.mark_sent(database, outgoing, sha256="0" * 64, answer="250", at=at)
            time.sleep(0)  # let the others have their turn
        return sent

    with ThreadPoolExecutor(THREADS) as pool:
        sent = Counter(chain.from_iterable(pool.map(work, range(THREADS))))

    assert len(sent) == 400
    assert set(sent.values()) == {1}
    with database.read() as db:
        assert outbox.waiting(db) == []
