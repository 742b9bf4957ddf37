"""What a password must be."""

import threading

import pytest

from engine.people.passwords import (
    Hashing,
    PasswordNamesYou,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    TooManyAtOnce,
    check_new_password,
)

CHEAP = {"memory_kib": 8, "passes": 1, "lanes": 1}


@pytest.mark.parametrize(
    "password",
    ["seven quiet herons at dawn", "七只安静的苍鹭在黎明时分飞过湖面", "x7#kQ2!vB9$mW4z"],
)
def test_length_is_what_counts_and_any_character_will_do(password):
    check_new_password(password)


def test_fourteen_characters_are_too_few_and_a_hundred_and_twenty_nine_too_many():
    with pytest.raises(PasswordTooShort, match="at least 15"):
        check_new_password("seven quiet he")
    with pytest.raises(PasswordTooLong, match="at most 128"):
        check_new_password("seven quiet herons " * 7)


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password1234567890",
        "P@ssw0rd!!!!!!!!!",
        "correct horse battery staple",
        "qwertyuiopasdfghjkl",
        "123456789012345678",
        "abcabcabcabcabcabc",
        "aaaaaaaaaaaaaaaaab",
        "woaini1314520 woaini1314520",
    ],
)
def test_what_attackers_try_first_is_refused(password):
    with pytest.raises(PasswordTooCommon):
        check_new_password(password)


@pytest.mark.parametrize(
    "password",
    ["Holdfast forever and a day", "chen and seven herons", "陈美喜欢在黎明时分看七只安静的苍鹭"],
)
def test_a_password_leaves_out_the_name_of_its_owner_and_of_the_system(password):
    with pytest.raises(PasswordNamesYou):
        check_new_password(password, context=("mei.chen", "Chen Mei", "陈美"))


def test_the_same_word_typed_on_two_keyboards_is_the_same_password():
    hashing = Hashing(**CHEAP)
    composed, decomposed = "caf\u00e9 on a quiet morning", "cafe\u0301 on a quiet morning"
    assert hashing.verify(hashing.hash(composed), decomposed)


def test_the_default_cost_is_the_one_of_rfc_9106():
    hashing = Hashing()
    assert hashing.hash("seven quiet herons").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert hashing.is_outdated(Hashing(**CHEAP).hash("seven quiet herons"))


def test_nobody_has_a_password():
    assert not Hashing(**CHEAP).verify(None, "nobody has this password")


def test_hashing_never_takes_more_memory_than_its_slots():
    hashing = Hashing(**CHEAP, concurrent=1, patience_seconds=0.05)
    assert hashing._slots.acquire(timeout=1)
    failures = []

    def try_one() -> None:
        try:
            hashing.hash("seven quiet herons")
        except TooManyAtOnce as error:
            failures.append(error)

    thread = threading.Thread(target=try_one)
    thread.start()
    thread.join()
    assert len(failures) == 1
