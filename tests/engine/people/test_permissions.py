"""Who may do what."""

import pytest

from engine.errors import NotAllowed
from engine.people.permissions import UnknownAction, authorize, may, permissions
from engine.people.roles import MANAGES, roles

DECISIONS = ("task.complete", "case.void", "case.reopen", "process.release", "people.confirm")


def test_every_role_in_the_table_of_permissions_exists():
    named = set().union(*permissions().values()) - {"*"}
    assert named <= set(roles()), f"permissions.toml names unknown roles {named - set(roles())}"


def test_nobody_may_do_anything_before_signing_in():
    assert not any(may(None, action) for action in permissions())


def test_an_action_that_is_not_in_the_table_is_a_mistake_not_a_permission(people):
    with pytest.raises(UnknownAction):
        may(people.qa_manager, "case.delete")


def test_an_auditor_reads_all_and_changes_nothing(people):
    allowed = {action for action in permissions() if may(people.auditor, action)}
    own = {"profile", "token.own"}  # a token lets nobody do more than its person may
    assert {a for a in allowed if not a.endswith(".read")} == {"gate.check", *own}
    assert {a for a in permissions() if a.endswith(".read")} <= allowed


def test_an_administrator_manages_people_and_confirms_nobody(people):
    assert may(people.administrator, "people.manage")
    assert not may(people.administrator, "people.confirm")
    assert not may(people.administrator, "process.release")
    assert not roles()[MANAGES].is_signing


def test_only_quality_confirms_roles(people):
    confirming = {next(iter(p.roles)) for p in people if may(p, "people.confirm")}
    assert confirming == {"qa_manager", "management_representative"}


def test_what_is_refused_says_what_to_do(people):
    with pytest.raises(NotAllowed, match="Ask an administrator"):
        authorize(people.warehouse, "process.release")
