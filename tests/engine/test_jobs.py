"""Long work: done at least once, in parts, tried again, given up in the open."""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from engine import clock, jobs, leases
from engine.evidence import ledger
from engine.jobs import Job, JobNotGivenUp, JobUnknown, More, ask, beat, heartbeats, run_due_jobs

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def info():
    return {"ledger": ledger.append}


@pytest.fixture
def asked(database, at):
    def asked(name="count_sheets", key="job:1", body=None, **kw):
        with database.begin() as db:
            return ask(db, key, name=name, body=body or {}, at=at, **kw)

    return asked


def job_of(database, key="job:1"):
    with database.read() as db:
        return next(job for job in db.query(Job) if job.key == key)


def gives(result):
    def verb(db, job):
        return result

    return verb


def fails(db, job):
    message = "the printer is on fire"
    raise OSError(message)


def test_a_job_is_done_once_and_its_result_kept(database, asked, at):
    asked()
    verbs = {"count_sheets": gives({"sheets": 3})}
    assert run_due_jobs(database, verbs, at=at).done_count == 1
    assert run_due_jobs(database, verbs, at=at + DAY).done_count == 0
    job = job_of(database)
    assert (job.result, job.done_at, job.done_count) == ({"sheets": 3}, at, 1)


def test_asking_twice_under_one_key_asks_once(database, asked):
    assert asked().id == asked().id


def test_a_job_waits_for_its_time(database, asked, at):
    asked()
    assert run_due_jobs(database, {}, at=at - MINUTE) == jobs.Ran()


def test_a_job_that_fails_leaves_nothing_behind_and_comes_back_later(database, asked, at):
    asked()

    def half_done(db, job):
        ask(db, "written by the failed try", name="x", body={}, at=at)
        return fails(db, job)

    assert run_due_jobs(database, {"count_sheets": half_done}, at=at).failed_count == 1
    with database.read() as db:
        assert [job.key for job in jobs.unfinished(db)] == ["job:1"]
    job = job_of(database)
    assert job.failure == "OSError: the printer is on fire"
    assert at + timedelta(seconds=2) <= job.due_at <= at + timedelta(seconds=3)
    assert run_due_jobs(database, {"count_sheets": gives({})}, at=job.due_at).done_count


def test_delays_double_up_to_six_hours(database):
    delays = [leases.delay("k", n).total_seconds() for n in range(1, 30)]
    assert all(2**n <= d <= 2**n * 1.25 for n, d in enumerate(delays[:13], start=1))
    assert all(6 * 3600 <= d <= 7.5 * 3600 for d in delays[15:])
    assert len({leases.delay(f"k{n}", 5) for n in range(50)}) > 40, "they do not come back together"


def test_a_job_given_up_waits_for_a_person(database, people, asked, at):
    asked()
    moment = at
    for _ in range(leases.MOST_ATTEMPTS):
        assert run_due_jobs(database, {"count_sheets": fails}, at=moment).failed_count == 1
        moment += DAY
    assert run_due_jobs(database, {"count_sheets": fails}, at=moment) == jobs.Ran()

    with database.begin() as db:
        (given_up,) = jobs.given_up(db)
        jobs.retry(db, given_up.id, by=people.administrator, at=moment)
        assert not jobs.given_up(db)
        entry = ledger.entries(db, "admin")[-1]
    assert (entry.action, entry.printed_name) == ("job_retried", "Ivo Marek")
    assert run_due_jobs(database, {"count_sheets": gives({})}, at=moment).done_count == 1


def test_only_what_was_given_up_is_tried_again_by_hand(database, people, asked, at):
    job = asked()
    with database.begin() as db, pytest.raises(JobNotGivenUp):
        jobs.retry(db, job.id, by=people.administrator, at=at)
    with database.begin() as db, pytest.raises(JobUnknown):
        jobs.retry(db, 999, by=people.administrator, at=at)


def test_a_job_nobody_knows_how_to_do_is_kept_and_says_so(database, asked, at):
    asked("forgotten_verb")
    assert run_due_jobs(database, {}, at=at).failed_count == 1
    assert "forgotten_verb" in job_of(database).failure


def test_long_work_is_done_in_parts_and_each_shows(database, asked, at):
    asked(body={"next": 0}, total_count=3)
    seen = []

    def verb(db, job):
        seen.append((job_of(database).done_count, job.body["next"]))  # as a page sees it
        part = job.body["next"] + 1
        return More(done_count=part, body={"next": part}) if part < 3 else {"letters": part}

    assert run_due_jobs(database, {"count_sheets": verb}, at=at).done_count == 1
    assert seen == [(0, 0), (1, 1), (2, 2)]
    assert job_of(database).done_count == 3


def test_what_takes_long_happens_outside_the_transaction(database, asked, at):
    asked()
    told = []

    class Prints:
        def prepare(self, database, job):
            with database.begin() as db:  # nobody holds the one writer of SQLite
                ask(db, "someone else's", name="x", body={}, at=at + DAY)
            told.append("prepared")

        def __call__(self, db, job):
            return {"printed": told.pop()}

    assert run_due_jobs(database, {"count_sheets": Prints()}, at=at).done_count == 1
    assert job_of(database).result == {"printed": "prepared"}


def test_a_failed_part_goes_on_where_it_was(database, asked, at):
    asked(body={"next": 0})
    tried = []

    def verb(db, job):
        tried.append(job.body["next"])
        if tried == [0, 1]:
            fails(db, job)
        return More(done_count=1, body={"next": 1}) if job.body["next"] == 0 else {}

    run_due_jobs(database, {"count_sheets": verb}, at=at)
    run_due_jobs(database, {"count_sheets": verb}, at=at + MINUTE)
    assert tried == [0, 1, 1]


def test_a_killed_worker_leaves_its_job_to_the_next_after_the_lease(database, asked, at):
    asked()

    def is_killed(db, job):
        raise SystemExit

    with pytest.raises(SystemExit):
        run_due_jobs(database, {"count_sheets": is_killed}, at=at)
    verbs = {"count_sheets": gives({})}
    assert run_due_jobs(database, verbs, at=at + MINUTE) == jobs.Ran()
    assert run_due_jobs(database, verbs, at=at + leases.LEASE).done_count == 1


def test_a_job_that_keeps_killing_its_worker_is_given_up(database, asked, at):
    asked()

    def is_killed(db, job):
        raise SystemExit

    moment = at
    for _ in range(jobs.MOST_KILLED):
        with pytest.raises(SystemExit):
            run_due_jobs(database, {"count_sheets": is_killed}, at=moment)
        moment += DAY
    assert run_due_jobs(database, {"count_sheets": is_killed}, at=moment) == jobs.Ran()
    with database.read() as db:
        assert len(jobs.given_up(db)) == 1


def test_a_worker_that_lost_its_lease_writes_nothing(database, asked, at):
    asked()
    slow = jobs._claim_one(database, at=at)
    later = at + leases.LEASE
    assert run_due_jobs(database, {"count_sheets": gives({"by": "quick"})}, at=later)
    assert not jobs._do_a_part(database, gives({"by": "slow"}), slow, now=lambda: later)
    assert job_of(database).result == {"by": "quick"}


def test_a_lease_counts_from_when_its_job_was_claimed_and_not_from_the_start_of_the_round(
    database, asked, at
):
    asked(key="job:1")
    asked(key="job:2")
    clock = [at]

    def an_hour(db, job):
        if job.key == "job:1":
            clock[0] += 60 * MINUTE
            return {}
        raise SystemExit  # killed in the second: whoever comes next waits for the whole lease

    with pytest.raises(SystemExit):
        run_due_jobs(database, {"count_sheets": an_hour}, at=at, now=lambda: clock[0])
    verbs = {"count_sheets": gives({})}
    assert run_due_jobs(database, verbs, at=clock[0] + leases.LEASE - MINUTE) == jobs.Ran()
    assert run_due_jobs(database, verbs, at=clock[0] + leases.LEASE).done_count == 1


def test_each_part_of_a_long_job_renews_its_lease(database, asked, at):
    asked(body={"next": 0})
    clock = [at]

    def verb(db, job):
        clock[0] += 4 * MINUTE
        if job.body["next"] == 3:
            raise SystemExit
        return More(done_count=0, body={"next": job.body["next"] + 1})

    with pytest.raises(SystemExit):
        run_due_jobs(database, {"count_sheets": verb}, at=at, now=lambda: clock[0])
    assert job_of(database).leased_until == at + 12 * MINUTE + leases.LEASE


def test_what_prepares_for_longer_than_its_lease_is_not_begun_by_a_second_worker(
    database, asked, at
):
    asked()
    late, first = at + 60 * MINUTE, iter([at])
    second = []

    class Prints:
        def prepare(self, database, job):
            for _ in range(2_000):
                if job_of(database).leased_until > late:
                    break
            second.append(run_due_jobs(database, {"count_sheets": gives({})}, at=late))

        def __call__(self, db, job):
            return {"printed": 1}

    ran = run_due_jobs(
        database,
        {"count_sheets": Prints()},
        at=at,
        now=lambda: next(first, late),
        renew_every=timedelta(milliseconds=5),
    )
    assert (second, ran.done_count) == ([jobs.Ran()], 1)


def test_eight_workers_do_each_job_once(database, at):
    with database.begin() as db:
        for n in range(120):
            ask(db, f"job:{n}", name="note", body={}, at=at)
    done = Counter()

    def note(db, job):
        done.update([job.key])
        return {}

    def work() -> None:
        run_due_jobs(database, {"note": note}, at=at, most=500)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(done) == 120
    assert set(done.values()) == {1}


def test_the_heartbeat_tells_when_somebody_last_looked(database, at):
    every = timedelta(seconds=2)
    with database.begin() as db:
        beat(db, "jobs", scheduler="a:1", every=every, failure="no disk", at=at - DAY)
        beat(db, "jobs", scheduler="b:2", every=every, failure=None, at=at)
        beat(db, "mail", scheduler="a:1", every=every, failure=None, at=at - DAY)
    with database.read() as db:
        by_name = {row.name: row for row in heartbeats(db)}
    assert by_name["jobs"].scheduler == "b:2"
    assert not by_name["jobs"].is_late(at=at + timedelta(seconds=29))
    assert by_name["mail"].is_late(at=at)


def test_what_is_asked_under_a_clock_of_its_own_is_done_under_it_alone(database, asked, at):
    asked()
    with clock.at(at, own="drill"):
        asked(key="job:2")
    verbs = {"count_sheets": gives({})}
    with clock.at(at + DAY, own="drill"):
        assert run_due_jobs(database, verbs, at=at + DAY).done_count == 1
    assert job_of(database).done_at is None
    with clock.at(at, own="drill"):
        asked(key="job:3")
    assert run_due_jobs(database, verbs, at=at + DAY).done_count == 1
    with database.begin() as db:
        assert jobs.withdraw(db, "drill", at=at + DAY) == 1
        assert jobs.unfinished(db) == []
