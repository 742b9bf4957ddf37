"""Signing in: one answer for every failure, and a wait that grows and ends."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.evidence import ledger
from engine.people.accounts import disable, set_password
from engine.people.models import PersonAccount, SignInAttempt
from engine.people.passwords import Hashing
from engine.people.sessions import session_of
from engine.people.sign_in import TriedTooOften, WrongUserNameOrPassword, sign_in
from tests.support.personas import PASSWORD

HERE = {"address": "192.0.2.7"}
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def fail(database, at, *, user_name="jonas.weber", times=1, **kw):
    for _ in range(times):
        with pytest.raises(WrongUserNameOrPassword):
            sign_in(database, user_name, "wrong", at=at, **{**HERE, **kw})


def test_the_right_password_opens_a_session(database, people, at):
    signed_in = sign_in(database, " Jonas.Weber ", PASSWORD, at=at, **HERE)
    assert signed_in.person == people.inspector
    assert not signed_in.must_change_password
    with database.read() as db:
        assert session_of(db, signed_in.token, at=at).person_id == people.inspector.id


def test_the_token_is_nowhere_stored(database, people, at):
    signed_in = sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)
    with database.read() as db:
        row = session_of(db, signed_in.token, at=at)
        assert signed_in.token not in {str(getattr(row, c.key)) for c in row.__table__.columns}


@pytest.mark.parametrize(
    ("user_name", "password"),
    [("jonas.weber", "wrong"), ("no.body", PASSWORD), ("", ""), ("x" * 5000, "y" * 100_000)],
)
def test_every_failure_has_the_same_answer(database, people, at, user_name, password):
    with pytest.raises(WrongUserNameOrPassword) as refused:
        sign_in(database, user_name, password, at=at, **HERE)
    assert str(refused.value) == WrongUserNameOrPassword.message


def test_a_disabled_person_gets_the_answer_of_an_unknown_one(database, people, at):
    with database.begin() as db:
        disable(db, people.inspector.id, reason="left", by=people.administrator, at=at)
    with pytest.raises(WrongUserNameOrPassword):
        sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)


def test_a_given_password_signs_in_to_be_changed(database, people, at):
    with database.begin() as db:
        given = "a first password to change"
        set_password(db, people.inspector.id, given, by=people.administrator, at=at)
    assert sign_in(database, "jonas.weber", given, at=at, **HERE).must_change_password


def test_three_failures_are_free_and_then_each_doubles_the_wait(database, people, at):
    fail(database, at, times=3)
    with pytest.raises(TriedTooOften, match="Wait 2 seconds"):
        sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)
    fail(database, at + 2 * MINUTE)
    with pytest.raises(TriedTooOften, match="Wait 3 seconds"):
        sign_in(database, "jonas.weber", PASSWORD, at=at + 2 * MINUTE, **HERE)


@pytest.mark.parametrize("user_name", ["jonas.weber", "no.body"])
def test_known_and_unknown_people_wait_alike(database, people, at, user_name):
    fail(database, at, user_name=user_name, times=3)
    with pytest.raises(TriedTooOften):
        sign_in(database, user_name, PASSWORD, at=at, **HERE)


def test_a_stranger_cannot_lock_a_person_out_for_good(database, people, at):
    for n in range(40):
        fail(database, at + n * 20 * MINUTE)
    later = at + 40 * 20 * MINUTE
    fail(database, later)
    with pytest.raises(TriedTooOften):
        sign_in(database, "jonas.weber", PASSWORD, at=later + 14 * MINUTE, **HERE)
    sign_in(database, "jonas.weber", PASSWORD, at=later + 15 * MINUTE, **HERE)


def test_success_forgets_the_failures(database, people, at):
    fail(database, at, times=2)
    sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)
    fail(database, at, times=3)


def test_a_day_forgets_them_too(database, people, at):
    fail(database, at, times=3)
    fail(database, at + DAY + MINUTE, times=3)


def test_one_address_trying_many_names_must_wait(database, people, at):
    for n in range(20):
        fail(database, at, user_name=f"name{n}")
    with pytest.raises(TriedTooOften):
        sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)
    sign_in(database, "jonas.weber", PASSWORD, at=at, address="192.0.2.8")


def test_a_hundred_tries_at_once_are_a_hundred_tries(database, people, at):
    looked_at, turned_away = [], []

    def guess() -> None:
        try:
            sign_in(database, "jonas.weber", "wrong", at=at, **HERE)
        except WrongUserNameOrPassword as error:
            looked_at.append(error)
        except TriedTooOften as error:
            turned_away.append(error)

    threads = [threading.Thread(target=guess) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(looked_at), len(turned_away)) == (3, 21)


def test_the_wait_is_the_same_in_another_process(database, database_url, people, at):
    from engine.db import Database

    fail(database, at, times=3)
    elsewhere = Database(database_url, info=database.info)
    try:
        with pytest.raises(TriedTooOften):
            sign_in(elsewhere, "jonas.weber", PASSWORD, at=at, **HERE)
    finally:
        elsewhere.close()


def test_every_try_is_kept_and_what_was_typed_is_not(database, people, at):
    fail(database, at, user_name="oops my password here")
    sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)
    with database.read() as db:
        attempts = db.scalars(select(SignInAttempt).order_by(SignInAttempt.id)).all()
        assert [a.succeeded for a in attempts] == [False, True]
        entries = ledger.entries(db, "people")
        assert [e.action for e in entries] == ["sign_in_failed", "signed_in"]
        assert "oops" not in " ".join(e.content for e in entries)


def test_a_password_hashed_at_an_old_cost_is_hashed_anew(database, people, at):
    database.info["hashing"] = Hashing(memory_kib=16, passes=1, lanes=1)
    sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)
    with database.read() as db:
        assert "m=16," in db.get_one(PersonAccount, people.inspector.id).password_hash
    sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)


def test_one_known_password_buys_no_guesses_at_others(database, people, at):
    for n in range(19):
        fail(database, at, user_name=f"name{n}")
    sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)
    fail(database, at, user_name="name19")
    with pytest.raises(TriedTooOften):
        sign_in(database, "jonas.weber", PASSWORD, at=at, **HERE)


def test_people_behind_one_address_sign_in_at_once(database, people, at):
    everyone = list(people)
    signed_in = []

    def come_in(person):
        signed_in.append(sign_in(database, person.user_name, PASSWORD, at=at, **HERE))

    threads = [threading.Thread(target=come_in, args=[person]) for person in everyone[:12]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {s.person.id for s in signed_in} == {person.id for person in everyone[:12]}
