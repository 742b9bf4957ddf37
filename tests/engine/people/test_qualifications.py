"""Qualifications begin, expire, are renewed and withdrawn."""

from datetime import timedelta

import pytest

from engine.errors import Invalid, NotAllowed
from engine.people import holds_qualification
from engine.people.qualifications import (
    AlreadyWithdrawn,
    NotYourOwn,
    expiring,
    qualifications_of,
    record_qualification,
    withdraw_qualification,
)

DAY = timedelta(days=1)


@pytest.fixture
def qualify(db, people, at):
    def qualify(person=None, *, days=30, starts=0, by=None, evidence="TR-0412"):
        return record_qualification(
            db,
            (person or people.inspector).id,
            "incoming_inspection",
            evidence=evidence,
            valid_from=at + starts * DAY,
            expires_at=at + (starts + days) * DAY,
            by=by or people.qa_manager,
            at=at,
        )

    return qualify


def held(db, people, moment):
    return holds_qualification(db, people.inspector.id, "incoming_inspection", at=moment)


def test_a_qualification_counts_from_its_first_moment_to_its_last(db, people, qualify, at):
    qualify(starts=1)
    assert not held(db, people, at)
    assert held(db, people, at + DAY)
    assert held(db, people, at + 31 * DAY - timedelta(seconds=1))
    assert not held(db, people, at + 31 * DAY)


def test_a_withdrawn_qualification_counts_no_more(db, people, qualify, at):
    one = qualify()
    withdraw_qualification(db, one.id, reason="failed audit", by=people.qa_manager, at=at + DAY)
    assert held(db, people, at)
    assert not held(db, people, at + DAY)
    with pytest.raises(AlreadyWithdrawn):
        withdraw_qualification(db, one.id, reason="again", by=people.qa_manager, at=at + DAY)


def test_quality_records_qualifications_and_never_its_own(db, people, qualify):
    with pytest.raises(NotAllowed):
        qualify(by=people.administrator)
    with pytest.raises(NotYourOwn):
        qualify(people.qa_manager, by=people.qa_manager)


def test_a_qualification_needs_evidence_and_lasts(db, people, qualify):
    with pytest.raises(Invalid) as refused:
        qualify(days=0, evidence=" ")
    assert [p.at for p in refused.value.problems] == ["evidence", "expires_at"]


def test_what_expires_soon_is_named_until_it_is_renewed(db, people, qualify, at):
    old = qualify(days=30)
    assert list(expiring(db, at=at)) == [old]
    renewal = qualify(starts=29, days=365)
    assert not expiring(db, at=at)
    assert list(qualifications_of(db, people.inspector.id)) == [renewal, old]
