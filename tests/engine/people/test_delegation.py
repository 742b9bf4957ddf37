"""A role lent for a period, and what stays the delegate's own."""

from datetime import timedelta

import pytest

from engine.errors import Invalid
from engine.evidence import ledger
from engine.people import (
    acting_for,
    holds_qualification,
    may,
    people_with_role,
    person_of,
    standing,
)
from engine.people.accounts import disable
from engine.people.delegations import (
    DelegateCannotAct,
    DelegateHoldsTheRole,
    DelegateNotIdentified,
    DelegationOver,
    NotYoursToDelegate,
    RoleCannotBeDelegated,
    RoleNotHeld,
    delegate,
    delegations,
    end_delegation,
)
from engine.people.grants import current_grants, revoke_role
from engine.people.models import PersonAccount
from engine.people.qualifications import record_qualification

DAY = timedelta(days=1)


@pytest.fixture
def lend(db, people, at):
    def lend(role="qa_manager", principal=None, to=None, by=None, starts=0, days=7, why="on leave"):
        principal = principal or people.qa_manager
        return delegate(
            db,
            principal_id=principal.id,
            delegate_id=(to or people.qa_engineer).id,
            role=role,
            starts_at=at + starts * DAY,
            ends_at=at + (starts + days) * DAY,
            reason=why,
            by=by or principal,
            at=at,
        )

    return lend


def test_a_delegate_acts_in_the_role_for_the_period_and_not_longer(db, people, lend, at):
    lend(starts=1)
    engineer = people.qa_engineer.id
    assert "qa_manager" not in person_of(db, engineer, at=at).roles
    assert "qa_manager" in person_of(db, engineer, at=at + DAY).roles
    assert "qa_manager" not in person_of(db, engineer, at=at + 8 * DAY).roles


def test_a_delegate_keeps_their_own_name_and_says_for_whom(db, people, lend, at):
    lend()
    acting = person_of(db, people.qa_engineer.id, at=at)
    assert acting.printed_name == "Chen Mei"
    assert acting_for(acting, "qa_manager") == people.qa_manager.id
    assert acting_for(acting, "qa_engineer") is None
    assert acting.roles == {"qa_engineer", "qa_manager"}


def test_a_delegate_finds_the_work_of_the_role(db, people, lend, at):
    lend()
    names = {p.user_name for p in people_with_role(db, "qa_manager", at=at)}
    assert names == {"li.wang", "fang.he", "mei.chen"}


def test_separation_of_duties_looks_at_the_principal_too(db, people, lend, at):
    lend()
    acting = person_of(db, people.qa_engineer.id, at=at)
    assert standing(acting, "qa_manager") == {people.qa_engineer.id, people.qa_manager.id}
    assert standing(acting, "qa_engineer") == {people.qa_engineer.id}


def test_qualifications_are_not_lent(db, people, lend, at):
    record_qualification(
        db,
        people.qa_manager.id,
        "mrb_member",
        evidence="TR-0412",
        valid_from=at,
        by=people.management_representative,
        at=at,
    )
    lend()
    assert holds_qualification(db, people.qa_manager.id, "mrb_member", at=at)
    assert not holds_qualification(db, people.qa_engineer.id, "mrb_member", at=at)


def test_a_delegated_role_cannot_be_passed_on(db, people, lend):
    lend()
    with pytest.raises(RoleNotHeld, match="Chen Mei"):
        lend(principal=people.qa_engineer, to=people.inspector)


def test_nobody_takes_a_role_from_somebody_else(db, people, lend):
    with pytest.raises(NotYoursToDelegate):
        lend(by=people.qa_engineer)
    with pytest.raises(NotYoursToDelegate):
        lend(by=people.administrator)


def test_quality_arranges_for_someone_absent_but_not_for_itself(db, people, lend):
    lend("executive", principal=people.executive, to=people.qa_engineer, by=people.qa_manager)
    with pytest.raises(NotYoursToDelegate):
        lend("executive", principal=people.executive, to=people.qa_manager, by=people.qa_manager)


def test_auditors_and_administrators_take_nothing_on(db, people, lend):
    for nobody in (people.auditor, people.administrator):
        with pytest.raises(DelegateCannotAct):
            lend(to=nobody)


def test_managing_and_auditing_are_never_lent(db, people, lend):
    with pytest.raises(RoleCannotBeDelegated):
        lend("administrator", principal=people.administrator)


def test_a_delegate_is_identified_first(db, people, lend):
    account = db.get_one(PersonAccount, people.qa_engineer.id)
    account.identity_verified_at = account.identity_evidence = None
    with pytest.raises(DelegateNotIdentified):
        lend()


def test_a_holder_of_the_role_needs_no_delegation(db, people, lend):
    with pytest.raises(DelegateHoldsTheRole):
        lend(to=people.second_qa_manager)
    lend()
    with pytest.raises(DelegateHoldsTheRole):
        lend(starts=3)


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"days": 91}, {"starts": -1}, {"why": " "}, {"to": "qa_manager"}]
)
def test_a_period_is_bounded_and_has_a_reason(db, people, lend, wrong):
    if "to" in wrong:
        wrong = {"to": people.qa_manager}
    with pytest.raises(Invalid):
        lend(**wrong)


def test_a_delegation_ends_when_either_side_says_so(db, people, lend, at):
    lent = lend()
    with pytest.raises(NotYoursToDelegate):
        end_delegation(db, lent.id, by=people.warehouse, at=at)
    end_delegation(db, lent.id, by=people.qa_engineer, at=at + DAY)
    assert not may(person_of(db, people.qa_engineer.id, at=at + DAY), "people.confirm")
    assert not delegations(db, at=at + DAY)
    with pytest.raises(DelegationOver):
        end_delegation(db, lent.id, by=people.qa_manager, at=at + DAY)


def test_a_delegation_falls_with_the_role_of_the_principal(db, people, lend, at):
    lend()
    grant = current_grants(db, at=at, person_id=people.qa_manager.id)[0]
    revoke_role(db, grant.id, reason="moved", by=people.administrator, at=at)
    assert person_of(db, people.qa_engineer.id, at=at).roles == {"qa_engineer"}


def test_a_delegation_falls_with_the_account_of_the_principal(db, people, lend, at):
    lend()
    disable(db, people.qa_manager.id, reason="left", by=people.administrator, at=at)
    acting = person_of(db, people.qa_engineer.id, at=at)
    assert acting.on_behalf_of == ()
    assert "mei.chen" not in {p.user_name for p in people_with_role(db, "qa_manager", at=at)}


def test_the_ledger_tells_who_lent_what_to_whom(db, people, lend, at):
    lend()
    body = ledger.entries(db, "people", action="role_delegated")[-1].body
    assert body["principal"] == people.qa_manager.id
    assert body["delegate"] == people.qa_engineer.id
    assert body["reason"] == "on leave"
