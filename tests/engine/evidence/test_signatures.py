"""Signing: who, what exactly, when, meaning what, with which components (21 CFR Part 11)."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from engine.evidence import ceremony, failures, ledger, signatures
from engine.evidence.ceremony import (
    ClockWentBack,
    MayNotSign,
    PendingExpired,
    RecordChanged,
    SecondComponentNeeded,
    WrongCredentials,
)
from engine.evidence.failures import SigningLocked
from engine.evidence.meanings import MEANINGS, UnknownMeaning, sentence
from engine.evidence.shown import shown
from engine.evidence.signatures import SignedRecord
from engine.people.models import PersonAccount
from tests.engine.evidence.conftest import CASE, record

MINUTE = timedelta(minutes=1)


# --- what a signature holds: 11.50, 11.70 ----------------------------------------------------


def test_a_signature_holds_name_time_and_meaning(desk, people):
    signature = desk.sign(record(), by=people.mrb_quality, reason="Meets WI-88")

    assert signature.printed_name == people.mrb_quality.printed_name
    assert signature.at == desk.at
    assert signature.time_zone == people.mrb_quality.time_zone
    assert signature.sentence == "I approve what this record states."
    assert signature.reason == "Meets WI-88"
    with desk.database.read() as db:
        seen = shown(db, signature)
    assert seen["role"] == "MRB quality" or seen["role"]
    assert seen["sentence"] == signature.sentence


def test_a_signature_is_bound_to_exactly_what_was_shown(desk, people, seal):
    import base64

    signature = desk.sign(record(), by=people.mrb_quality)

    stated = json.loads(signature.assertion)
    assert stated["record_sha256"] == record().sha256
    assert stated["record_id"] == "D2"
    assert seal.holds(base64.b64decode(signature.seal), signature.assertion.encode())
    with desk.database.read() as db:
        kept = db.get_one(SignedRecord, signature.record_sha256)
        (entry,) = ledger.entries(db, CASE, action="signed")
    assert json.loads(kept.content)["content"] == record().content
    assert entry.body["assertion_sha256"] == ledger.hash_of(signature.assertion)


def test_the_same_words_under_another_record_have_another_hash():
    assert record().sha256 != record(record_id="D3").sha256
    assert record().sha256 != record(record_version=2).sha256
    assert record().sha256 != record(stream="case:NC-2026-0008").sha256


def test_what_is_signed_is_in_the_language_of_the_record(desk, people):
    signature = desk.sign(record(language="zh"), by=people.mrb_quality)

    assert signature.sentence == MEANINGS["approve"]["zh"]
    assert signature.language == "zh"


def test_meanings_are_a_closed_list(desk, people):
    with pytest.raises(UnknownMeaning):
        desk.pending(record(), meaning="like", by=people.mrb_quality)

    assert set(MEANINGS) == {
        "author", "approve", "reject", "review", "perform", "verify", "witness", "release",
        "close", "void", "reopen", "correct", "attest",
    }  # fmt: skip
    assert all(sentence(one, "zh") != sentence(one, "en") for one in MEANINGS)


def test_a_delegate_signs_in_their_own_name_and_says_for_whom(desk, people):
    from dataclasses import replace

    lent = replace(people.inspector, on_behalf_of=(("mrb_quality", people.mrb_quality.id),))
    signature = desk.sign(record(), by=lent)

    assert signature.printed_name == people.inspector.printed_name
    assert signature.on_behalf_of_id == people.mrb_quality.id
    with desk.database.read() as db:
        assert shown(db, signature)["on_behalf_of"] == people.mrb_quality.printed_name


@pytest.mark.parametrize(
    "statement", ["UPDATE signature SET reason = 'x'", "DELETE FROM signature"]
)
def test_a_signature_is_never_changed_or_deleted(desk, people, statement):
    desk.sign(record(), by=people.mrb_quality)

    with pytest.raises(DatabaseError, match="only grows"), desk.database.begin() as db:
        db.execute(text(statement))


def test_a_void_signature_stays_and_no_longer_counts(desk, people):
    signature = desk.sign(record(), by=people.mrb_quality)
    with desk.database.begin() as db:
        signatures.void(db, signature, reason="The proposal changed", by=None, at=desk.at)

        assert signatures.signatures_of(db, "disposition_round", "D2") == []
        (kept,) = signatures.signatures_of(db, "disposition_round", "D2", with_voided=True)
        assert shown(db, kept)["void_reason"] == "The proposal changed"
        assert ledger.entries(db, CASE)[-1].action == "signature_voided"


# --- the pending signature -------------------------------------------------------------------


def test_a_record_that_changed_is_reviewed_again(desk, people):
    nonce = desk.pending(record(), by=people.mrb_quality)

    with pytest.raises(RecordChanged):
        desk.sign(record({"lines": []}), by=people.mrb_quality, nonce=nonce)


def test_a_sign_page_is_good_for_five_minutes(desk, people):
    nonce = desk.pending(record(), by=people.mrb_quality)

    with pytest.raises(PendingExpired):
        desk.sign(record(), by=people.mrb_quality, nonce=nonce, at=desk.at + 5.1 * MINUTE)
    assert desk.sign(record(), by=people.mrb_quality, nonce=nonce, at=desk.at + 5 * MINUTE)


def test_a_sign_page_signs_once(desk, people):
    nonce = desk.pending(record(), by=people.mrb_quality)
    desk.sign(record(), by=people.mrb_quality, nonce=nonce)

    with pytest.raises(PendingExpired):
        desk.sign(record(), by=people.mrb_quality, nonce=nonce)


def test_a_sign_page_is_for_one_person_and_one_session(desk, people):
    nonce = desk.pending(record(), by=people.mrb_quality, session="s1")

    with pytest.raises(PendingExpired):
        desk.sign(record(), by=people.qa_manager, nonce=nonce)
    with pytest.raises(PendingExpired):
        desk.sign(record(), by=people.mrb_quality, nonce=nonce, session="s2")


# --- components: 11.200 ----------------------------------------------------------------------


def test_the_first_signature_of_a_session_needs_user_id_and_password(desk, people):
    with pytest.raises(SecondComponentNeeded):
        desk.sign(record(), by=people.mrb_quality, user_name=None)

    assert desk.sign(record(), by=people.mrb_quality).component_count == 2


def test_the_next_within_fifteen_minutes_needs_the_password_only(desk, people):
    desk.sign(record(), by=people.mrb_quality)
    nonce = desk.pending(record(), by=people.mrb_quality)
    later = desk.sign(
        record(), by=people.mrb_quality, user_name=None, nonce=nonce, at=desk.at + 4 * MINUTE
    )

    assert later.component_count == 1
    with desk.database.read() as db:
        # counted from the last signing with both components, not from the last signing
        assert not ceremony.needs_user_name(db, "s1", desk.at + 15 * MINUTE)
        assert ceremony.needs_user_name(db, "s1", desk.at + 15.1 * MINUTE)
        assert ceremony.needs_user_name(db, "s2", desk.at)


@pytest.mark.parametrize(
    ("user_name", "password"), [("own", "wrong"), ("someone.else", "seven grey herons wade")]
)
def test_either_component_wrong_is_one_answer(desk, people, user_name, password):
    with pytest.raises(WrongCredentials):
        desk.sign(record(), by=people.mrb_quality, user_name=user_name, password=password)


# --- misuse: 11.300(d) -----------------------------------------------------------------------


def test_three_wrong_tries_lock_signing_and_tell_quality(desk, people, info):
    told = []
    info["on_signing_locked"] = lambda _db, person, at: told.append((person.id, at))
    desk.database.info.update(info)
    by = people.mrb_quality

    assert [desk.miss(by=by) for _ in range(3)] == [False, False, True]
    with pytest.raises(SigningLocked):
        desk.pending(record(), by=by)
    assert told == [(by.id, desk.at)]
    with desk.database.read() as db:
        actions = [one.action for one in ledger.entries(db, "people")]
    assert actions == ["signing_failed", "signing_failed", "signing_locked"]


def test_a_page_opened_before_the_lock_does_not_sign(desk, people):
    nonce = desk.pending(record(), by=people.mrb_quality)
    for _ in range(3):
        desk.miss(by=people.mrb_quality)

    with pytest.raises(SigningLocked):
        desk.sign(record(), by=people.mrb_quality, nonce=nonce)


def test_a_signature_in_between_starts_the_count_anew(desk, people):
    desk.miss(by=people.mrb_quality)
    desk.miss(by=people.mrb_quality)
    desk.sign(record(), by=people.mrb_quality)
    desk.at += MINUTE

    assert not desk.miss(by=people.mrb_quality)


def test_an_unlocked_person_signs_again(desk, people):
    for _ in range(3):
        desk.miss(by=people.mrb_quality)
    with desk.database.begin() as db:
        failures.unlock(
            db, people.mrb_quality.id, reason="Keyboard", by=people.qa_manager, at=desk.at
        )

    assert desk.sign(record(), by=people.mrb_quality)
    desk.at += MINUTE
    assert not desk.miss(by=people.mrb_quality)


@pytest.mark.parametrize(
    "column",
    [{"password_set_by_id": None}, {"identity_verified_at": None, "identity_evidence": None}],
)
def test_whose_password_or_identity_is_in_doubt_does_not_sign(desk, people, column):
    with desk.database.begin() as db:
        account = db.get_one(PersonAccount, people.mrb_quality.id)
        for name, value in column.items():
            setattr(account, name, value)

    with pytest.raises(MayNotSign):
        desk.pending(record(), by=people.mrb_quality)


def test_nothing_is_signed_while_the_clock_is_behind(desk, people):
    with desk.database.begin() as db:
        ledger.append(db, CASE, "a", {}, by=None, at=desk.at + 10 * MINUTE)

    with pytest.raises(ClockWentBack):
        desk.sign(record(), by=people.mrb_quality)
