"""The scheduler only ticks; it outlives every failure and shows that it is alive."""

import threading
from datetime import timedelta

import pytest

from engine import clock
from engine.jobs import heartbeats
from notifications.scheduler import Scheduler, Tick

QUICK = timedelta(milliseconds=20)


def beat_of(database):
    with database.read() as db:
        (row,) = heartbeats(db)
        return row


def test_a_tick_comes_again_and_again_until_it_is_stopped(database):
    came = threading.Semaphore(0)
    scheduler = Scheduler(database, [Tick("jobs", QUICK, came.release)])
    scheduler.start()
    for _ in range(3):
        assert came.acquire(timeout=30)
    scheduler.stop()
    while came.acquire(blocking=False):
        pass
    assert not came.acquire(timeout=0.1), "it still ticks"
    assert beat_of(database).name == "jobs"


def test_the_same_tick_never_runs_twice_at_once(database):
    inside, most, rounds = [], [], threading.Semaphore(0)

    def slow():
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.05)
        inside.pop()
        rounds.release()

    scheduler = Scheduler(database, [Tick("slow", QUICK, slow)])
    scheduler.start()
    for _ in range(3):
        assert rounds.acquire(timeout=30)
    scheduler.stop()
    assert max(most) == 1


def test_a_failing_tick_is_shown_and_comes_again(database, at):
    outcomes = iter([RuntimeError("no such table"), None])

    def do():
        if (outcome := next(outcomes)) is not None:
            raise outcome

    scheduler = Scheduler(database, [])
    tick = Tick("mail", timedelta(seconds=5), do)
    with clock.at(at):
        scheduler.run(tick)
    assert beat_of(database).failure == "RuntimeError: no such table"

    later = at + timedelta(seconds=15)
    with clock.at(later):
        scheduler.run(tick)
    row = beat_of(database)
    assert (row.ticked_at, row.failed_at) == (later, at)
    assert not row.is_late(at=later + timedelta(seconds=30))
    assert row.is_late(at=later + timedelta(seconds=31))


def test_a_quick_tick_writes_a_beat_only_now_and_then(database, at):
    scheduler = Scheduler(database, [])
    for second in range(15):
        with clock.at(at + timedelta(seconds=second)):
            scheduler.run(Tick("jobs", timedelta(seconds=1), lambda: None))
    assert beat_of(database).ticked_at == at + timedelta(seconds=10)


def test_a_scheduler_survives_a_database_that_is_gone(tmp_path):
    from engine.db import Database

    gone = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}")
    Scheduler(gone, []).run(Tick("jobs", QUICK, lambda: None))


@pytest.mark.parametrize("count", [0, 3])
def test_any_number_of_ticks_will_do(database, count):
    ticks = [Tick(f"t{n}", timedelta(hours=1), lambda: None) for n in range(count)]
    scheduler = Scheduler(database, ticks)
    scheduler.start()
    scheduler.stop()
    scheduler.stop()
