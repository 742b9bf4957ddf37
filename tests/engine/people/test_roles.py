"""Roles given by one, confirmed by another, taken away at once."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from engine.errors import NotAllowed
from engine.evidence import ledger
from engine.people import authorize, may, people_with_role, person_of
from engine.people.accounts import NewPerson, open_account, verify_identity
from engine.people.grants import (
    ConfirmedByAnother,
    IdentityNotVerified,
    LastAdministrator,
    NothingToConfirm,
    NotToYourself,
    RoleAlreadyHeld,
    RolesDoNotMix,
    confirm_role,
    current_grants,
    grant_role,
    revoke_role,
    to_confirm,
)
from engine.people.models import RoleGrant
from engine.people.roles import RoleUnknown, roles
from engine.people.sessions import open_session, session_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def newcomer(db, people, at):
    account = open_account(db, NewPerson("ada.byron", "Ada Byron"), by=people.administrator, at=at)
    return verify_identity(db, account.id, evidence="passport seen", by=people.qa_manager, at=at)


def grant_of(db, person, at):
    return current_grants(db, at=at, person_id=person.id)[0]


def test_every_role_has_words_in_both_languages():
    assert all(role.en and role.zh for role in roles().values())
    assert roles()["qa_manager"].name("zh") == "质量经理"


def test_an_ordinary_role_counts_at_once(db, people, newcomer, at):
    grant_role(db, newcomer.id, "warehouse", by=people.administrator, at=at)
    assert person_of(db, newcomer.id, at=at).roles == {"warehouse"}
    assert newcomer in people_with_role(db, "warehouse", at=at)


def test_a_role_that_decides_counts_only_after_quality_confirmed_it(db, people, newcomer, at):
    grant = grant_role(db, newcomer.id, "mrb_engineering", by=people.administrator, at=at)
    assert person_of(db, newcomer.id, at=at).roles == frozenset()
    assert list(to_confirm(db, at=at)) == [grant]

    confirm_role(db, grant.id, by=people.qa_manager, at=at + MINUTE)
    assert person_of(db, newcomer.id, at=at).roles == frozenset(), "not before it was confirmed"
    assert person_of(db, newcomer.id, at=at + MINUTE).roles == {"mrb_engineering"}
    assert not to_confirm(db, at=at)


def test_an_administrator_cannot_confirm(db, people, newcomer, at):
    grant = grant_role(db, newcomer.id, "executive", by=people.administrator, at=at)
    with pytest.raises(NotAllowed):
        confirm_role(db, grant.id, by=people.administrator, at=at)


def test_quality_cannot_grant(db, people, newcomer, at):
    with pytest.raises(NotAllowed):
        grant_role(db, newcomer.id, "warehouse", by=people.qa_manager, at=at)


def test_nobody_confirms_their_own_role_or_grants_themselves_one(db, people, at):
    grant = grant_role(db, people.qa_manager.id, "executive", by=people.administrator, at=at)
    with pytest.raises(NotToYourself):
        confirm_role(db, grant.id, by=people.qa_manager, at=at)
    with pytest.raises(NotToYourself):
        grant_role(db, people.administrator.id, "warehouse", by=people.administrator, at=at)


def test_the_database_itself_refuses_a_self_confirmed_role(db, people, at):
    db.add(
        RoleGrant(
            person_id=people.inspector.id,
            role="executive",
            is_signing=True,
            granted_at=at,
            confirmed_at=at,
            confirmed_by_id=people.inspector.id,
        )
    )
    with pytest.raises(IntegrityError):
        db.flush()


def test_who_granted_does_not_confirm(db, people, newcomer, at):
    grant = grant_role(db, newcomer.id, "prrc", by=people.administrator, at=at)
    grant.granted_by_id = people.qa_manager.id  # as if they had managed people then
    with pytest.raises(ConfirmedByAnother):
        confirm_role(db, grant.id, by=people.qa_manager, at=at)


def test_identity_is_verified_before_a_role_that_decides(db, people, at):
    unknown = open_account(db, NewPerson("jo.doe", "Jo Doe"), by=people.administrator, at=at)
    with pytest.raises(IdentityNotVerified):
        grant_role(db, unknown.id, "medical_reviewer", by=people.administrator, at=at)


def test_an_ordinary_role_has_nothing_to_confirm(db, people, newcomer, at):
    grant = grant_role(db, newcomer.id, "warehouse", by=people.administrator, at=at)
    with pytest.raises(NothingToConfirm):
        confirm_role(db, grant.id, by=people.qa_manager, at=at)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [("administrator", "qa_manager"), ("auditor", "warehouse"), ("inspector", "auditor")],
)
def test_managing_deciding_and_auditing_do_not_mix(db, people, at, held, wanted):
    someone_else = NewPerson("second.admin", "Second Admin")
    account = open_account(db, someone_else, by=people.administrator, at=at)
    verify_identity(db, account.id, evidence="passport seen", by=people.qa_manager, at=at)
    grant_role(db, account.id, held, by=people.administrator, at=at)
    with pytest.raises(RolesDoNotMix):
        grant_role(db, account.id, wanted, by=people.administrator, at=at)


def test_a_role_is_held_once(db, people, at):
    with pytest.raises(RoleAlreadyHeld):
        grant_role(db, people.inspector.id, "inspector", by=people.administrator, at=at)


def test_a_role_must_exist(db, people, at):
    with pytest.raises(RoleUnknown, match="no role superuser"):
        grant_role(db, people.inspector.id, "superuser", by=people.administrator, at=at)


def test_an_outside_auditor_reads_until_the_last_day_and_may_come_again(db, people, newcomer, at):
    ends_at = at + timedelta(days=5)
    by = people.administrator
    grant_role(db, newcomer.id, "auditor", by=by, at=at, ends_at=ends_at)
    assert may(person_of(db, newcomer.id, at=ends_at - MINUTE), "ledger.read")
    assert not may(person_of(db, newcomer.id, at=ends_at), "ledger.read")

    grant_role(db, newcomer.id, "auditor", by=by, at=ends_at + MINUTE)
    assert may(person_of(db, newcomer.id, at=ends_at + MINUTE), "ledger.read")


def test_a_revoked_role_is_gone_at_once_and_so_are_the_sessions(db, people, at):
    inspector = people.inspector
    token, _ = open_session(db, inspector.id, address="127.0.0.1", browser="", at=at)
    grant = grant_of(db, inspector, at)
    revoke_role(db, grant.id, reason="moved to sales", by=people.administrator, at=at)

    assert person_of(db, inspector.id, at=at).roles == frozenset()
    assert session_of(db, token, at=at) is None
    with pytest.raises(NotAllowed):
        authorize(person_of(db, inspector.id, at=at), "hold.place")


def test_there_is_always_an_administrator(db, people, at):
    grant = grant_of(db, people.administrator, at)
    with pytest.raises(LastAdministrator):
        revoke_role(db, grant.id, reason="leaves", by=people.qa_manager, at=at)


def test_everything_about_roles_stands_in_the_ledger(db, people, newcomer, at):
    grant = grant_role(db, newcomer.id, "qa_manager", by=people.administrator, at=at)
    confirm_role(db, grant.id, by=people.management_representative, at=at)
    revoke_role(db, grant.id, reason="left", by=people.administrator, at=at)

    told = [(e.action, e.printed_name) for e in ledger.entries(db, "people")]
    assert told[-3:] == [
        ("role_granted", "Ivo Marek"),
        ("role_confirmed", "Lin Hua"),
        ("role_revoked", "Ivo Marek"),
    ]
