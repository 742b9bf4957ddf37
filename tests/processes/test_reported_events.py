"""Reported events: recorded and corrected, feeding cases, found again, held by their ledger."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from engine.cases import facts
from engine.cases.history import history, history_of_stream
from engine.cases.models import Fact
from engine.cases.reported import aware, feeding, finding, listing, recording
from engine.cases.reported.errors import (
    AlreadyFeeds,
    DoesNotFeed,
    DrillTakesNoEvent,
    EventCorrected,
)
from engine.cases.reported.models import ReportedEvent
from engine.cases.tasks import CaseEnded
from engine.errors import Invalid, NotAllowed
from tests.processes import recalling
from tests.processes.company import Company
from tests.processes.reported import Events
from tests.processes.test_forgery import causes, checked


def test_an_event_is_recorded_once_and_bound_to_the_unit_that_was_told(
    company: Company, events: Events
) -> None:
    company.make_devices("SENS-E", ["E-1", "E-2"])

    first = events.record(key="one-key-twice", identification=" E-1 ".strip())
    again = events.record(key="one-key-twice", identification="E-1")
    unknown = events.record(identification="E-999")

    assert (first.number, again.id) == ("RE-2026-0001", first.id)
    assert (first.unit_id, first.lot_id) == (company.unit("E-1").id, None)
    assert first.part_id == company.unit("E-1").part_id
    assert (unknown.unit_id, unknown.lot_id, unknown.identification) == (None, None, "E-999")
    assert "E-1" in events.row(first).understood
    assert events.row(unknown).understood == ""
    lines = events.reads(lambda db: history_of_stream(db, first.stream))
    assert [one.sentence for one in lines] == ["Recorded %(event)s"]


def test_what_is_missing_or_cannot_be_is_said_at_once_and_a_patient_only_warned_of(
    events: Events,
) -> None:
    today = events.company.at.date()
    with pytest.raises(Invalid) as wrong:
        events.record(
            complaint_number="", outcome="sad", country="XX", happened_on=today,
            received_on=today - timedelta(days=9), aware_at=events.company.at,
        )  # fmt: skip
    named = events.record(what_happened="Patient Maria Sommer fell asleep.")

    assert [one.at for one in wrong.value.problems] == [
        "complaint_number", "outcome", "country", "received_on", "aware_at",
    ]  # fmt: skip
    assert named.warnings == ["name"]
    with pytest.raises(NotAllowed):
        events.act(
            lambda db: recording.record(
                db, events.given(), by=events.auditor, at=events.company.at, key="not-allowed"
            )
        )


def test_a_correction_names_the_latest_version_and_says_why(events: Events) -> None:
    first = events.record()
    second = events.correct(first, reporter_phone="555-0101")
    third = events.correct(second, country="DE")

    with pytest.raises(EventCorrected, match="it is version 3 now"):
        events.correct(second, country="FR")
    for reason, own in (("", {"country": "FR"}), ("again", {})):
        with pytest.raises(Invalid):
            events.correct(third, reason, **own)
    assert (second.judged_version, third.judged_version) == (1, 3)
    versions = events.reads(lambda db: finding.versions_of(db, first.number))
    assert [(one.version, one.country) for one in versions] == [(3, "DE"), (2, None), (1, None)]


def test_several_events_feed_one_case_and_the_earliest_awareness_counts(
    company: Company, events: Events
) -> None:
    recalling.report_signal(company, "nothing yet")
    told = events.awareness()
    old = events.record(aware_at=told - timedelta(days=3))
    events.company.later(days=1)
    new = events.record()

    events.link(old, new)

    assert events.awareness() == told - timedelta(days=3)
    who = events.reads(lambda db: facts.latest(db, company.case, "awareness_by"))
    assert who is not None
    assert (who.value, who.reason) == ("Nina Berg; by phone", f"{old.number}, version 1")
    assert events.reads(lambda db: feeding.numbers_of(db, company.case.id)) == [
        old.number, new.number,
    ]  # fmt: skip
    week = told - timedelta(days=7)
    earlier = events.correct(new, aware_at=week, received_on=week.date())
    assert events.awareness() == week
    events.correct(earlier, aware_at=told, received_on=told.date())
    assert events.awareness() == week, "a clock that ran is never set back"
    said = [one.sentence for one in events.reads(lambda db: history(db, company.case))]
    assert "Reported event %(event)s feeds the case" in said
    assert "Corrected %(event)s, now version %(version)s" in said
    assert checked(company).holds, checked(company).causes


def test_a_wrong_link_is_taken_away_with_a_reason_and_stays_in_the_ledger(
    company: Company, events: Events
) -> None:
    recalling.report_signal(company, "nothing yet")
    event = events.record()
    events.link(event)

    with pytest.raises(AlreadyFeeds):
        events.link(event)
    with pytest.raises(Invalid):
        events.take_away(event, " ")
    events.take_away(event)
    with pytest.raises(DoesNotFeed):
        events.take_away(event)
    assert events.reads(lambda db: feeding.numbers_of(db, company.case.id)) == []
    events.link(event)

    links = events.reads(lambda db: feeding.links_of(db, event.number))
    assert [one.ended_reason for one, _ in links] == [None, "Another device."]
    newest = events.reads(lambda db: history(db, company.case))[:3]
    assert [one.reason for one in newest] == [None, "Another device.", None]
    assert checked(company).holds


def test_a_wrong_awareness_is_put_right_under_a_signature_and_stays_in_the_history(
    company: Company, events: Events
) -> None:
    recalling.report_signal(company, "nothing yet")
    told = events.awareness()
    slip = told - timedelta(days=300)
    event = events.record(aware_at=slip)
    events.link(event)

    def doubted() -> str | None:
        found = events.reads(lambda db: aware.doubt(db, company.case))
        return found and found.why

    assert (events.awareness(), doubted()) == (slip, None)
    with pytest.raises(Invalid, match=event.number):
        events.put_right(told)  # the event still says so
    events.correct(event, aware_at=told, received_on=told.date())
    assert doubted() == "changed"
    events.take_away(event)
    assert (events.awareness(), doubted()) == (slip, "unlinked")
    with pytest.raises(NotAllowed):
        events.put_right(told, by=events.qa_engineer)
    for wrong in (
        {"reason": " "},
        {"reason": "x" * 5_000},
        {"aware_at": company.at + timedelta(hours=1)},
        {"aware_at": None},
    ):
        with pytest.raises(Invalid):
            events.put_right(**{"aware_at": told, **wrong})
    company.later(days=1)
    with pytest.raises(Invalid, match="was opened on"):
        events.put_right(company.at)

    events.put_right(told)

    assert (events.awareness(), doubted()) == (told, None)
    rows = events.reads(
        lambda db: db.scalars(
            select(Fact).where(Fact.name == "awareness", Fact.case_id == company.case.id)
        ).all()
    )
    assert [datetime.fromisoformat(one.value) for one in rows] == [told, slip, told]
    assert rows[-1].reason == "A slip in the year."
    last = events.reads(lambda db: history(db, company.case))[0]
    assert (last.sentence, last.reason) == (
        "Corrected when the case was first known of: %(awareness)s (%(who)s), before that %(was)s",
        "A slip in the year.",
    )  # fmt: skip
    for name, moment in (("awareness", told), ("was", slip)):
        assert last.facts[name] == (f"{moment:%Y-%m-%d %H:%M} UTC",), "the History says the year"
    assert checked(company).holds, checked(company).causes
    earlier = events.record(aware_at=told - timedelta(days=2))
    events.link(earlier)
    assert events.awareness() == earlier.aware_at, "an earlier one counts as ever"


def test_no_event_is_linked_to_an_ended_case_or_a_drill(company: Company, events: Events) -> None:
    event = events.record()
    recalling.report_signal(company, "practice", is_drill=True)
    with pytest.raises(DrillTakesNoEvent):
        events.link(event)
    recalling.report_signal(company, "a signal")
    with pytest.raises(Invalid, match="RE-1999-0001"):
        events.link(event, ReportedEvent(number="RE-1999-0001"))
    end = text("UPDATE case_file SET state = 'closed', ended_at = opened_at WHERE number = :number")
    events.act(lambda db: db.execute(end, {"number": company.number}))
    with pytest.raises(CaseEnded):
        events.link(event)


def test_a_signal_that_names_events_opens_with_them_or_not_at_all(
    company: Company, events: Events
) -> None:
    old = events.record(aware_at=company.at - timedelta(days=4))
    wrong = {"source": "reported_event", "complaint_number": "CMP-7", "sender": ""}
    with pytest.raises(Invalid, match="RE-1999-0001"):
        recalling.report_signal(company, "x", **wrong, reported_events="RE-1999-0001")

    recalling.report_signal(company, "x", **wrong, reported_events=old.number.lower())
    assert events.awareness() == old.aware_at
    company.make_devices("SENS-E", ["E-1"])
    company.report("E-1", source="field", reported_events=old.number)

    cases = [case for case, _ in events.row(old).cases]
    assert [one.split("-")[0] for one in cases] == ["NC", "RC"]


def test_the_register_finds_what_is_undecided_unlinked_or_named(
    company: Company, events: Events
) -> None:
    one = events.record(country="US", outcome="death", complaint_number="UF 100%")
    two = events.record(country="DE", identification="LOT_9")
    recalling.report_signal(company, "x")
    events.link(two)
    events.decide(one, "US")
    events.look(one, "US", events.qa_manager)

    def found(**wanted: Any) -> list[str]:
        page = events.reads(lambda db: listing.events(db, listing.Wanted(**wanted)))
        return [row.event.number for row in page.rows]

    events.correct(one, reporter_name="St. Anna")
    assert found() == [two.number, one.number]
    assert found(is_undecided=True) == [two.number]
    assert found(is_unlinked=True) == [one.number]
    assert found(country="US") == found(outcome="death") == found(text="100%") == [one.number]
    assert found(text="lot_9") == found(text=two.number.lower()) == [two.number]
    assert found(text="_anna") == []
    assert found(case_id=company.case.id) == [two.number]
    named = events.reads(lambda db: finding.named(db, one.number))
    events.correct(named, outcome="serious_injury")
    assert found(is_undecided=True) == [two.number, one.number], "it says otherwise now"


def test_a_forged_event_or_decision_is_named(company: Company, events: Events) -> None:
    recalling.report_signal(company, "x")
    event = events.record(country="US")
    events.link(event)
    events.decide(event, "US", answers={"caused": "yes"})
    events.look(event, "US", events.qa_manager)
    for statement, words in (
        ("UPDATE reported_event SET outcome = 'other'", "is not what the ledger entered of it"),
        ("UPDATE event_reportability SET reason = 'x'", "What was decided on event"),
        ("DELETE FROM event_second_look", "The second look at a no"),
        ("UPDATE event_second_look SET reason = 'y'", "The second look at a no"),
        ("DELETE FROM case_event", "was linked to the case, but is gone"),
    ):
        assert words in causes(company, statement), statement
    with pytest.raises(Exception, match="reported_event"):
        events.act(lambda db: db.execute(text("DELETE FROM reported_event")))
