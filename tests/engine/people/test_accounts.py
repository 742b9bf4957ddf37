"""Accounts: one per human being, identified by a second person, alone with their password."""

import pytest

from engine.errors import Invalid, NotAllowed
from engine.evidence import ledger
from engine.people import check_password, may_sign, people_with_role, person_of
from engine.people.accounts import (
    NewPerson,
    NotByYourself,
    SamePassword,
    VerifiedByAnother,
    WrongPassword,
    change_password,
    choose_language_and_zone,
    correct_account,
    disable,
    enable,
    open_account,
    set_password,
    verify_identity,
)
from engine.people.founding import AlreadyFounded, Founder, found
from engine.people.grants import LastAdministrator
from engine.people.record import NoLedger
from engine.people.sessions import open_session, session_of
from tests.support.personas import PASSWORD

FIRST = "a first password to change"
OWN = "nine loud geese over water"


@pytest.fixture
def newcomer(db, people, at):
    new = NewPerson("Ada.Byron", "Ada Byron", email="ada@holdfast.example")
    account = open_account(db, new, by=people.administrator, at=at)
    set_password(db, account.id, FIRST, by=people.administrator, at=at)
    return account


def test_a_user_name_is_one_whatever_its_case(db, people, newcomer, at):
    assert newcomer.user_name == "ada.byron"
    with pytest.raises(Invalid, match="Someone has this user name"):
        open_account(db, NewPerson("ADA.BYRON", "Ada"), by=people.administrator, at=at)


def test_every_problem_of_a_new_account_is_named_at_once(db, people, at):
    new = NewPerson("x", " ", email="nowhere", language="fr", time_zone="Mars/Olympus")
    with pytest.raises(Invalid) as refused:
        open_account(db, new, by=people.administrator, at=at)
    assert [p.at for p in refused.value.problems] == [
        "user_name",
        "printed_name",
        "email",
        "language",
        "time_zone",
    ]


def test_only_an_administrator_opens_accounts(db, people, at):
    with pytest.raises(NotAllowed):
        open_account(db, NewPerson("x.y", "X Y"), by=people.qa_manager, at=at)


def test_a_password_that_someone_else_set_cannot_sign(db, people, newcomer, at):
    verify_identity(db, newcomer.id, evidence="passport seen", by=people.qa_manager, at=at)
    verdict = may_sign(db, newcomer.id, at=at)
    assert not verdict
    assert "Choose your own" in verdict.sentence

    ada = person_of(db, newcomer.id, at=at)
    change_password(db, current=FIRST, new=OWN, by=ada, session_id=None, at=at)
    assert may_sign(db, newcomer.id, at=at)
    assert check_password(db, newcomer.id, OWN, at=at)
    assert not check_password(db, newcomer.id, FIRST, at=at)


def test_nobody_signs_before_their_identity_is_verified(db, people, newcomer, at):
    ada = person_of(db, newcomer.id, at=at)
    change_password(db, current=FIRST, new=OWN, by=ada, session_id=None, at=at)
    verdict = may_sign(db, newcomer.id, at=at)
    assert not verdict
    assert "identity" in verdict.sentence


def test_one_administrator_alone_cannot_sign_as_another(db, people, at):
    manager, administrator = people.qa_manager, people.administrator
    assert may_sign(db, manager.id, at=at)

    set_password(db, manager.id, FIRST, by=administrator, at=at)
    change_password(db, current=FIRST, new=OWN, by=manager, session_id=None, at=at)
    assert not may_sign(db, manager.id, at=at), "the administrator may have typed all that"
    with pytest.raises(VerifiedByAnother):
        verify_identity(db, manager.id, evidence="badge seen", by=administrator, at=at)

    second = people.second_qa_manager
    verify_identity(db, manager.id, evidence="badge seen", by=second, at=at)
    assert may_sign(db, manager.id, at=at)


def test_nobody_verifies_themselves(db, people, at):
    with pytest.raises(NotByYourself):
        verify_identity(db, people.qa_manager.id, evidence="me", by=people.qa_manager, at=at)


def test_changing_a_password_needs_the_present_one_and_another_one(db, people, at):
    by = people.inspector
    with pytest.raises(WrongPassword):
        change_password(db, current="wrong", new=OWN, by=by, session_id=None, at=at)
    with pytest.raises(SamePassword):
        change_password(db, current=PASSWORD, new=PASSWORD, by=by, session_id=None, at=at)


def test_a_changed_password_ends_every_other_session(db, people, at):
    inspector = people.inspector
    here, session = open_session(db, inspector.id, address="", browser="", at=at)
    elsewhere, _ = open_session(db, inspector.id, address="", browser="", at=at)
    change_password(db, current=PASSWORD, new=OWN, by=inspector, session_id=session.id, at=at)
    assert session_of(db, here, at=at)
    assert session_of(db, elsewhere, at=at) is None


def test_a_disabled_account_is_shut_everywhere(db, people, at):
    inspector = people.inspector
    token, _ = open_session(db, inspector.id, address="", browser="", at=at)
    disable(db, inspector.id, reason="left the firm", by=people.administrator, at=at)

    assert session_of(db, token, at=at) is None
    assert person_of(db, inspector.id, at=at).roles == frozenset()
    assert inspector.id not in {p.id for p in people_with_role(db, "inspector", at=at)}
    assert not check_password(db, inspector.id, PASSWORD, at=at)
    assert not may_sign(db, inspector.id, at=at)


def test_an_account_enabled_again_needs_a_new_password(db, people, at):
    inspector = people.inspector
    disable(db, inspector.id, reason="on leave", by=people.administrator, at=at)
    enable(db, inspector.id, reason="is back", by=people.administrator, at=at)
    assert person_of(db, inspector.id, at=at).roles == {"inspector"}
    assert not check_password(db, inspector.id, PASSWORD, at=at)


def test_nobody_disables_themselves_nor_the_last_administrator(db, people, at):
    administrator = people.administrator
    with pytest.raises(NotByYourself):
        disable(db, administrator.id, reason="x", by=administrator, at=at)
    with pytest.raises(NotAllowed):
        disable(db, administrator.id, reason="x", by=people.qa_manager, at=at)


def test_the_last_administrator_stays(db, people, at):
    from engine.people.grants import grant_role, keep_an_administrator

    with pytest.raises(LastAdministrator):
        keep_an_administrator(db, people.administrator.id, at=at)
    grant_role(db, people.inspector.id, "administrator", by=people.administrator, at=at)
    keep_an_administrator(db, people.administrator.id, at=at)


def test_a_correction_says_what_changed_and_why(db, people, at):
    new = NewPerson("ignored", "Jonas Weber-Lang", email="jonas@holdfast.example")
    account = correct_account(
        db, people.inspector.id, new, reason="married", by=people.administrator, at=at
    )
    assert account.user_name == "jonas.weber"
    body = ledger.entries(db, "people", action="account_corrected")[-1].body
    assert body["changed"]["printed_name"] == ["Jonas Weber", "Jonas Weber-Lang"]
    assert body["reason"] == "married"


def test_a_person_chooses_language_and_time_zone(db, people, at):
    choose_language_and_zone(
        db, language="zh", time_zone="Asia/Shanghai", by=people.inspector, at=at
    )
    person = person_of(db, people.inspector.id, at=at)
    assert (person.language, person.time_zone) == ("zh", "Asia/Shanghai")


def test_no_password_and_no_hash_ever_reaches_the_ledger(db, people, newcomer, at):
    ada = person_of(db, newcomer.id, at=at)
    change_password(db, current=FIRST, new=OWN, by=ada, session_id=None, at=at)
    written = " ".join(entry.content for entry in ledger.entries(db, "people"))
    assert "argon2" not in written
    assert FIRST not in written
    assert OWN not in written


def test_nothing_about_people_happens_without_a_ledger(db, people, at):
    db.info.pop("ledger")
    with pytest.raises(NoLedger):
        open_account(db, NewPerson("x.y", "X Y"), by=people.administrator, at=at)


# --- the first two ---------------------------------------------------------------------------

ADMINISTRATOR = Founder(NewPerson("ivo.marek", "Ivo Marek"), FIRST, "passport seen")
QUALITY = Founder(NewPerson("li.wang", "Wang Li"), FIRST, "passport seen")


def test_a_house_begins_with_one_who_grants_and_one_who_confirms(db, at):
    manages, confirms = found(db, administrator=ADMINISTRATOR, quality=QUALITY, at=at)
    assert person_of(db, manages.id, at=at).roles == {"administrator"}
    assert person_of(db, confirms.id, at=at).roles == {"qa_manager"}
    assert not may_sign(db, confirms.id, at=at), "they still have to choose a password"
    change_password(
        db, current=FIRST, new=OWN, by=person_of(db, confirms.id, at=at), session_id=None, at=at
    )
    assert may_sign(db, confirms.id, at=at)


def test_a_house_is_founded_once(db, people, at):
    with pytest.raises(AlreadyFounded):
        found(db, administrator=ADMINISTRATOR, quality=QUALITY, at=at)


def test_after_the_founding_nobody_confirms_without_a_name(db, at):
    from engine.people.grants import confirm_role, grant_role

    manages, _ = found(db, administrator=ADMINISTRATOR, quality=QUALITY, at=at)
    second = open_account(db, NewPerson("fang.he", "He Fang"), by=None, at=at)
    verify_identity(db, second.id, evidence="passport seen", by=None, at=at)
    by = person_of(db, manages.id, at=at)
    grant = grant_role(db, second.id, "qa_manager", by=by, at=at)
    with pytest.raises(NotAllowed):
        confirm_role(db, grant.id, by=None, at=at)
