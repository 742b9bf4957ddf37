"""Access reviews: every role is looked at, by someone else, again and again."""

from datetime import timedelta

import pytest

from engine.errors import NotAllowed
from engine.evidence import ledger
from engine.people import person_of
from engine.people.grants import current_grants
from engine.people.reviews import (
    EVERY,
    LinesOpen,
    NotYourOwnRole,
    RemovedWithoutReason,
    ReviewOver,
    ReviewRunning,
    decide,
    finish_review,
    lines,
    next_review_due_at,
    open_review,
    running_review,
    unused_accounts,
)
from engine.people.sign_in import sign_in
from tests.support.personas import HIRED_AT, PASSWORD


@pytest.fixture
def review(db, people, at):
    return open_review(db, by=people.qa_manager, at=at)


def line_of(db, review, person):
    return next(line for line in lines(db, review.id) if line.person_id == person.id)


def test_a_review_shows_every_role_that_is_held(db, people, review, at):
    assert {line.grant_id for line in lines(db, review.id)} == {
        grant.id for grant in current_grants(db, at=at)
    }


def test_a_removed_role_is_revoked_at_once(db, people, review, at):
    line = line_of(db, review, people.inspector)
    with pytest.raises(RemovedWithoutReason):
        decide(db, line.id, keep=False, by=people.qa_manager, at=at)
    decide(db, line.id, keep=False, reason="moved to sales", by=people.qa_manager, at=at)
    assert person_of(db, people.inspector.id, at=at).roles == frozenset()


def test_nobody_reviews_their_own_role(db, people, review, at):
    line = line_of(db, review, people.qa_manager)
    with pytest.raises(NotYourOwnRole):
        decide(db, line.id, keep=True, by=people.qa_manager, at=at)


def test_administrators_do_not_review(db, people, review, at):
    line = line_of(db, review, people.inspector)
    with pytest.raises(NotAllowed):
        decide(db, line.id, keep=True, by=people.administrator, at=at)


def test_a_review_is_finished_when_every_role_was_looked_at(db, people, review, at):
    with pytest.raises(LinesOpen, match="26 roles"):
        finish_review(db, review.id, by=people.qa_manager, at=at)
    for line in lines(db, review.id):
        by = people.qa_manager
        if line.person_id == by.id:
            by = people.second_qa_manager
        decide(db, line.id, keep=True, by=by, at=at)
    finish_review(db, review.id, by=people.qa_manager, at=at)

    assert running_review(db) is None
    assert next_review_due_at(db) == at + EVERY
    with pytest.raises(ReviewOver):
        decide(db, line_of(db, review, people.inspector).id, keep=True, by=by, at=at)
    assert ledger.entries(db, "people")[-1].action == "access_review_finished"


def test_one_review_runs_at_a_time(db, people, review, at):
    with pytest.raises(ReviewRunning):
        open_review(db, by=people.second_qa_manager, at=at)


def test_the_first_review_is_due_half_a_year_after_the_founding(db, people):
    assert next_review_due_at(db) == HIRED_AT + EVERY


def test_accounts_nobody_uses_are_found(database, people, at):
    later = HIRED_AT + timedelta(days=100)
    sign_in(database, "jonas.weber", PASSWORD, address="192.0.2.7", at=later)
    with database.read() as db:
        unused = {account.user_name for account in unused_accounts(db, at=later)}
    assert "jonas.weber" not in unused
    assert len(unused) == 25
