"""Choosing one's own password: the present one cannot be found out by trying."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.evidence import ledger
from engine.evidence.chain_checks import check_chain
from engine.evidence.findings import Result
from engine.people.accounts import SamePassword, WrongPassword
from engine.people.models import PersonAccount
from engine.people.own_password import choose_password
from engine.people.passwords import PasswordTooShort
from engine.people.sign_in import TriedTooOften, sign_in
from tests.support.personas import PASSWORD

NEW = "nine loud herons at noon today"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def told():
    return []


@pytest.fixture
def info(info, told):
    def tell(_db, person, at):
        told.append((person.id, at))

    return {**info, "on_password_guessed": tell}


def choose(database, people, at, current=PASSWORD, new=NEW):
    choose_password(database, current=current, new=new, by=people.inspector, session_id=1, at=at)


def fail(database, people, at, *, times=1):
    for _ in range(times):
        with pytest.raises(WrongPassword):
            choose(database, people, at, current="wrong")


def test_the_right_present_password_changes_it(database, people, at):
    choose(database, people, at)
    assert sign_in(database, "jonas.weber", NEW, address="192.0.2.7", at=at).session_id


def test_after_three_wrong_tries_even_the_right_one_has_to_wait(database, people, at):
    fail(database, people, at, times=3)
    with pytest.raises(TriedTooOften, match="Wait 2 seconds"):
        choose(database, people, at)
    fail(database, people, at + MINUTE)
    with pytest.raises(TriedTooOften, match="Wait 3 seconds"):
        choose(database, people, at + MINUTE)
    choose(database, people, at + 2 * MINUTE)


def test_the_third_wrong_try_is_told_once(database, people, at, told):
    fail(database, people, at, times=2)
    assert told == []
    fail(database, people, at)
    assert told == [(people.inspector.id, at)]
    fail(database, people, at + MINUTE)
    assert len(told) == 1


def test_every_wrong_try_is_in_the_ledger(database, people, at):
    fail(database, people, at, times=3)
    with database.read() as db:
        entries = ledger.entries(db, "people", action="password_change_failed")
        assert [entry.body["count"] for entry in entries] == [1, 2, 3]
        assert {entry.by_id for entry in entries} == {people.inspector.id}
        result = Result()
        check_chain(result, ledger.entries(db, "people"), db.get(ledger.LedgerHead, "people"))
        assert result.holds, result.causes


@pytest.mark.parametrize(
    ("new", "refusal"), [(PASSWORD, SamePassword), ("short", PasswordTooShort)]
)
def test_a_new_password_that_is_refused_is_no_wrong_try(database, people, at, new, refusal, told):
    for _ in range(5):
        with pytest.raises(refusal):
            choose(database, people, at, new=new)
    choose(database, people, at)
    assert told == []


def test_success_forgets_the_wrong_tries(database, people, at):
    fail(database, people, at, times=2)
    choose(database, people, at)
    for _ in range(3):
        with pytest.raises(WrongPassword):
            choose(database, people, at, current="wrong", new=PASSWORD)


def test_a_stranger_at_the_sign_in_page_keeps_nobody_from_changing_theirs(database, people, at):
    for _ in range(3):
        with pytest.raises(Exception, match="wrong"):
            sign_in(database, "jonas.weber", "wrong", address="192.0.2.7", at=at)
    choose(database, people, at)


def test_a_hundred_tries_at_once_are_a_hundred_tries(database, people, at, told):
    looked_at, turned_away = [], []

    def guess() -> None:
        try:
            choose(database, people, at, current="wrong")
        except WrongPassword as error:
            looked_at.append(error)
        except TriedTooOften as error:
            turned_away.append(error)

    threads = [threading.Thread(target=guess) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(looked_at), len(turned_away)) == (3, 21)
    assert len(told) == 1


def test_the_wait_is_the_same_in_another_process(database, database_url, people, at):
    fail(database, people, at, times=3)
    elsewhere = Database(database_url, info=database.info)
    try:
        with pytest.raises(TriedTooOften):
            choose(elsewhere, people, at)
    finally:
        elsewhere.close()
    with database.read() as db:
        account = db.scalars(
            select(PersonAccount).where(PersonAccount.id == people.inspector.id)
        ).one()
        assert account.password_set_by_id == people.inspector.id
