"""Reported events: recorded and corrected, feeding cases, decided on in each jurisdiction."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.cases import facts, verifying
from engine.cases.history import history, history_of_stream
from engine.cases.models import Fact
from engine.cases.reported import (
    aware,
    confirming,
    deciding,
    decisions,
    feeding,
    finding,
    listing,
    places,
    recording,
    running,
)
from engine.cases.reported.aware import Correcting
from engine.cases.reported.confirming import Look
from engine.cases.reported.decisions import Decision
from engine.cases.reported.errors import (
    AlreadyFeeds,
    DecidedByYou,
    DecidedSince,
    DoesNotFeed,
    DrillTakesNoEvent,
    EventCorrected,
    NothingToConfirm,
)
from engine.cases.reported.given import Given, given_of
from engine.cases.reported.models import (
    EventReportability,
    EventSecondLook,
    ReportedEvent,
)
from engine.cases.signing import Signing
from engine.cases.tasks import CaseEnded
from engine.errors import Invalid, NotAllowed
from engine.evidence import ceremony, documents, sealing, verify
from engine.evidence.ceremony import RecordChanged
from engine.jobs import Job
from engine.people import Person
from engine.regulators.reportability import Clause, listed, reporting
from engine.serials.authorisations import authorise
from tests.processes import recalling
from tests.processes.company import Company
from tests.processes.test_forgery import causes, checked
from tests.support.law import must_stand
from tests.support.personas import PASSWORD

T = TypeVar("T")


class Events:
    """The events of a company, as its people write them down."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def __getattr__(self, role: str) -> Person:
        person: Person = getattr(self.company.people, role)
        return person

    def given(self, **own: Any) -> Given:
        """Return an event that was told today, with what is `own` of it."""
        aware = own.get("aware_at", self.company.at - timedelta(hours=2))
        told = {
            "complaint_number": "CMP-7", "device_name": "Pump", "received_on": aware.date(),
            "what_happened": "The pump stopped without an alarm.", "outcome": "malfunction",
            "aware_at": aware, "aware_by": "Nina Berg", "aware_how": "by phone",
        }  # fmt: skip
        return Given(**{**told, **own})

    def act(self, do: Callable[[Session], T]) -> T:
        with self.company.holdfast.database.begin() as db:
            return do(db)

    def record(self, key: str = "", **own: Any) -> ReportedEvent:
        given, key = self.given(**own), key or self.company.new_key()
        return self.act(
            lambda db: recording.record(
                db, given, by=self.complaint_handler, at=self.company.at, key=key
            )
        )

    def correct(self, event: ReportedEvent, reason: str = "misheard", **own: Any) -> ReportedEvent:
        given = replace(given_of(event), **own)
        return self.act(
            lambda db: recording.correct(
                db, event.number, given, version=event.version, reason=reason,
                by=self.qa_engineer, at=self.company.at, key=self.company.new_key(),
            )
        )  # fmt: skip

    def link(self, *events: ReportedEvent, case: str = "") -> None:
        numbers = [one.number for one in events]
        self.act(
            lambda db: feeding.link(
                db, case or self.company.number, numbers, by=self.complaint_handler,
                at=self.company.at, key=self.company.new_key(),
            )
        )  # fmt: skip

    def take_away(self, event: ReportedEvent, reason: str = "Another device.") -> None:
        self.act(
            lambda db: feeding.take_away(
                db, self.company.number, event.number, reason=reason, by=self.qa_engineer,
                at=self.company.at, key=self.company.new_key(),
            )
        )  # fmt: skip

    def put_right(
        self, aware_at: datetime | None, *, reason: str = "A slip in the year.",
        by: Person | None = None,
    ) -> None:  # fmt: skip
        """Sign that the case was first known of at another time than it says."""
        person, at = by or self.regulatory_affairs, self.company.at
        asked = Correcting(self.company.number, aware_at, "Nina Berg", reason)
        page = self.act(
            lambda db: aware.open_signing(db, asked, by=person, session_id="two", at=at)
        )
        needs = self.reads(lambda db: ceremony.needs_user_name(db, "two", at))
        signing = Signing(page.nonce, PASSWORD, "two", person.user_name if needs else None)
        key = self.company.new_key()
        for _ in range(2):
            self.act(lambda db: aware.correct(db, asked, signing, by=person, at=at, key=key))

    def decide(
        self, event: ReportedEvent, code: str, meanwhile: Callable[[], object] = list, **own: Any
    ) -> EventReportability:
        """Decide on an event under a signature; `meanwhile` happens while the page is open."""
        by, at = self.regulatory_affairs, self.company.at
        last = self.reads(lambda db: decisions.standing(db, event.number)).get(code)
        answers = {one.code: "no" for one in reporting(code).questions}
        decision = Decision(
            event.number, code, **{
                "is_reportable": False, "reason": "No harm is to be expected.",
                "replaces": last.id if last else None, **own,
                "answers": {**answers, **own.get("answers", {})},
            }
        )  # fmt: skip
        page = self.act(
            lambda db: deciding.open_signing(db, decision, by=by, session_id="one", at=at)
        )
        meanwhile()
        needs = self.reads(lambda db: ceremony.needs_user_name(db, "one", at))
        signing = Signing(page.nonce, PASSWORD, "one", by.user_name if needs else None)
        return self.act(
            lambda db: deciding.sign_and_decide(
                db, decision, signing, by=by, at=at, key=self.company.new_key()
            )
        )

    def look(self, event: ReportedEvent, code: str, by: Person, **own: Any) -> EventSecondLook:
        """Look at a no as the second person, under a signature."""
        standing = self.reads(lambda db: decisions.standing(db, event.number))[code]
        look = Look(event.number, code, standing.id, **{"is_confirmed": True, "reason": "x", **own})
        session, at = f"of {by.id}", self.company.at
        page = self.act(
            lambda db: confirming.open_signing(db, look, by=by, session_id=session, at=at)
        )
        needs = self.reads(lambda db: ceremony.needs_user_name(db, session, at))
        signing = Signing(page.nonce, PASSWORD, session, by.user_name if needs else None)
        return self.act(
            lambda db: confirming.sign(db, look, signing, by=by, at=at, key=self.company.new_key())
        )

    def reads(self, look: Callable[[Session], T]) -> T:
        found: T = self.company.reads(look)
        return found

    def row(self, event: ReportedEvent) -> listing.EventRow:
        newest = self.reads(lambda db: finding.named(db, event.number))
        return self.reads(lambda db: listing.rows_of(db, [newest]))[0]

    def awareness(self) -> datetime:
        known = self.reads(lambda db: facts.latest(db, self.company.case, "awareness"))
        assert known is not None
        return datetime.fromisoformat(known.value)

    def authorise(self, serial: str, *countries: str) -> None:
        """Have the part of a unit be sold in some countries."""
        part_id = self.company.unit(serial).part_id
        holder = self.company.places["TARN_party"]

        def add(db: Session) -> None:
            for country in countries:
                authorise(
                    db, part_id, country, licence_kind="licence", licence_no=f"LIC-{country}",
                    holder_id=holder, by=self.regulatory_affairs, at=self.company.at,
                )  # fmt: skip

        self.act(add)


@pytest.fixture
def events(company: Company) -> Events:
    return Events(company)


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


# --- reportability -------------------------------------------------------------------------------


def test_an_event_is_asked_wherever_it_happened_and_its_device_could_be_sold(
    company: Company, events: Events
) -> None:
    company.make_devices("SENS-E", ["E-1"])
    nobody_knows = events.record()
    assert len(events.row(nobody_knows).undecided) == len(listed()) - 1, "silence reports nothing"
    events.authorise("E-1", "US", "FR", "CN")

    known = events.record(identification="E-1", country="BR")
    unknown = events.record(device_name="some pump", country="DE")

    def why(event: ReportedEvent) -> dict[str, str]:
        return events.reads(lambda db: places.jurisdictions_of(db, event.number))

    assert why(known) == {
        "BR": "happened", "CN": "authorised", "EU": "authorised", "US": "authorised",
    }  # fmt: skip
    assert why(unknown) == {"EU": "happened", "CN": "device_unknown", "US": "device_unknown"}
    moved = events.correct(known, country="JP")
    assert set(why(moved)) == {"BR", "JP", "CN", "EU", "US"}, "a correction takes no law away"


def test_a_decision_is_signed_with_its_reason_and_a_new_one_supersedes_it(
    company: Company, events: Events
) -> None:
    recalling.report_signal(company, "nothing yet")
    event = events.record(country="US")
    events.link(event)
    with pytest.raises(Invalid) as wrong:
        events.decide(event, "US", is_reportable=True, report="eu_15_day", reason=" ",
                      answers={"caused": "perhaps"})  # fmt: skip
    assert [one.at for one in wrong.value.problems] == ["answer.caused", "decision", "reason"]

    no = events.decide(event, "US", answers={"malfunction": "unknown"})
    assert (no.is_reportable, no.suggested) == (False, "us_30_day"), "not known counts as a yes"
    events.look(event, "US", events.qa_manager)
    assert events.row(event).undecided == []
    yes = events.decide(event, "US", is_reportable=True, report="us_5_day",
                        answers={"malfunction": "yes", "remedial": "yes"})  # fmt: skip
    assert (yes.suggested, yes.supersedes_id) == ("us_5_day", no.id)
    assert events.row(event).reportable == ["US"]
    with pytest.raises(DecidedSince):
        events.decide(event, "US", replaces=no.id)
    said = events.reads(lambda db: history(db, company.case))[0]
    assert (said.sentence.split(":")[0], said.facts["reportable"]) == (
        "Decided on %(event)s in %(jurisdiction)s", ("reportable",),
    )  # fmt: skip
    assert checked(company).holds


def test_only_regulatory_affairs_signs_and_only_what_still_stands(
    company: Company, events: Events
) -> None:
    event = events.record(country="DE")
    with pytest.raises(NotAllowed):
        events.act(
            lambda db: deciding.open_signing(
                db, Decision(event.number, "EU"), by=events.qa_manager, session_id="s",
                at=company.at,
            )
        )  # fmt: skip
    with pytest.raises(RecordChanged):
        events.decide(event, "EU", meanwhile=lambda: events.correct(event, outcome="death"))
    worse = events.reads(lambda db: finding.named(db, event.number))
    events.decide(worse, "EU")
    events.look(worse, "EU", events.qa_manager)
    milder = events.correct(worse, reporter_phone="555-0101")
    assert events.row(milder).undecided == []

    events.correct(milder, outcome="serious_injury")

    assert events.row(event).undecided == ["EU"], "it was signed on what the event no longer says"


HARMED = {"harmful": "yes", "death": "yes"}


def test_a_no_against_its_own_answers_holds_only_once_a_second_person_signed(
    company: Company, events: Events
) -> None:
    event = events.record(country="CN", outcome="death")
    decision = events.decide(event, "CN", answers=HARMED)
    assert decision.suggested == "cn_7_day"
    row = events.row(event)
    assert (row.undecided, row.waiting) == (["CN"], ["CN"]), "until then it runs as if reportable"
    with pytest.raises(DecidedByYou):
        events.look(event, "CN", events.regulatory_affairs)
    with pytest.raises(NotAllowed):
        events.look(event, "CN", events.complaint_handler)
    with pytest.raises(Invalid):
        events.look(event, "CN", events.qa_manager, reason=" ")

    events.look(event, "CN", events.qa_manager, reason="The death came before the use.")

    row = events.row(event)
    assert (row.undecided, row.waiting) == ([], [])
    assert [one.jurisdiction for one in row.refused] == ["CN"]
    with pytest.raises(NothingToConfirm):
        events.look(event, "CN", events.qa_manager)
    again = events.correct(event, outcome="serious_injury")
    assert events.row(again).undecided == ["CN"], "both looked at another event"


def test_a_no_that_the_second_person_refuses_is_decided_again(
    company: Company, events: Events
) -> None:
    event = events.record(country="CN", outcome="death")
    events.decide(event, "CN", answers=HARMED)

    events.look(event, "CN", events.qa_manager, is_confirmed=False, reason="It was in use.")

    assert (events.row(event).undecided, events.row(event).waiting) == (["CN"], [])
    assert events.row(event).refused == []
    events.decide(event, "CN", answers=HARMED, is_reportable=True, report="cn_7_day")
    assert events.row(event).reportable == ["CN"]


def test_a_death_that_the_answers_tell_of_is_against_a_no_whatever_else_they_say() -> None:
    china = reporting("CN")
    assert china.is_against({"harmful": "no", "death": "yes", "serious": "no"}, "here")
    assert not china.is_against({"harmful": "no", "death": "no", "serious": "no"}, "here")
    for code in ("US", "EU", "CA"):
        every = {one.code: "yes" for one in reporting(code).questions}
        assert reporting(code).is_against(every, "here"), "who excludes a death is looked at"
    us = {"caused": "no", "malfunction": "yes", "remedial": "no", "erroneous": "no"}
    assert not reporting("US").is_against({**us, "judged_not": "yes"}, "here"), "a doctor judged"
    assert reporting("US").is_against({**us, "judged_not": "unknown"}, "here")


def test_a_no_to_a_death_that_the_event_tells_of_waits_for_a_second_person(
    events: Events,
) -> None:
    event = events.record(country="CN", outcome="death")
    events.decide(event, "CN")  # “Did it lead to a death? No”
    assert (events.row(event).undecided, events.row(event).waiting) == (["CN"], ["CN"])


def running_in(events: Events, event: ReportedEvent, code: str) -> list[tuple[str, int]]:
    """Return what an event runs as, the earliest due first, and by which of its versions."""
    number = event.number
    found = events.reads(
        lambda db: running.runs(
            code,
            finding.versions_of(db, number),
            every := [one for one in decisions.decisions_of(db, number)
                      if one.jurisdiction == code],
            decisions.looks_of(db, every),
        )
    )  # fmt: skip
    return [(one.report.code, one.event.version) for one in found]


def test_while_a_no_waits_the_strictest_that_was_ever_told_runs(events: Events) -> None:
    event = events.record(country="DE", outcome="death")
    assert running_in(events, event, "EU") == [("eu_10_day", 1)]
    every = {one.code: "yes" for one in reporting("EU").questions}
    events.decide(event, "EU", answers=every)
    assert running_in(events, event, "EU") == [("eu_2_day", 1), ("eu_10_day", 1)]


def test_a_correction_moves_no_due_time_later_until_somebody_decides_anew(
    events: Events,
) -> None:
    event = events.record(country="CN", outcome="death")
    week = event.aware_at - timedelta(days=7)
    earlier = events.correct(event, aware_at=week, received_on=week.date())
    later = events.correct(earlier, aware_at=event.aware_at, received_on=event.received_on)
    milder = events.correct(later, outcome="other", country="DE")
    assert running_in(events, milder, "CN")[0] == ("cn_7_day", 2)
    assert running_in(events, milder, "CN")[-1] == ("cn_30_day", 4), "what it says now stands too"

    events.decide(milder, "CN", is_reportable=True, report="cn_30_day", answers=HARMED)
    named = events.correct(milder, device_name="Another pump")

    assert running_in(events, named, "CN") == [("cn_30_day", 4), ("cn_30_day", 5)]
    events.decide(named, "CN")
    again = events.correct(named, what_happened="It was a lamp.")
    assert running_in(events, again, "CN") == [("cn_30_day", 6)], "a no that held took it all"


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


# --- what is sealed ----------------------------------------------------------------------------


def sealed_of(company: Company, event: ReportedEvent) -> list[bytes]:
    """Seal what waits for it, and return the records of an event."""
    with company.holdfast.database.begin() as db:
        for job in db.scalars(select(Job).where(Job.name == "seal_document")):
            sealing.seal_document(db, job)
    kept = events_documents(company, event)
    return company.reads(lambda db: [documents.content_of(db, one) for one in kept
                                     if one.state == "sealed"])  # fmt: skip


def events_documents(company: Company, event: ReportedEvent) -> list[documents.Document]:
    found: list[documents.Document] = company.reads(
        lambda db: documents.documents_of(db, event.stream)
    )
    return found


def test_a_decision_is_sealed_with_its_signatures_and_the_rows_behind_it(
    company: Company, events: Events, tmp_path: Path
) -> None:
    recalling.report_signal(company, "x")
    event = events.record(country="US", what_happened="The pump stopped; the alarm was late.")
    events.link(event)
    no = events.decide(event, "US", answers={"caused": "yes"})
    assert events_documents(company, event) == [], "a no that waits is not sealed"
    look = events.look(event, "US", events.qa_manager, reason="The leak was elsewhere.")

    (pdf,) = sealed_of(company, event)

    checked = verify.verify_pdf(pdf, database=company.holdfast.database)
    assert checked.holds, checked.causes
    (tmp_path / "record.pdf").write_bytes(pdf)
    words = subprocess.check_output(
        ["pdftotext", "-layout", tmp_path / "record.pdf", "-"], text=True
    )
    for said in ("the alarm was late", "No harm is to be expected", "The leak was elsewhere",
                 events.regulatory_affairs.printed_name, events.qa_manager.printed_name,
                 company.number):  # fmt: skip
        assert said in " ".join(words.split()), said
    record, *rows = sorted(events_documents(company, event), key=lambda one: one.media_type)
    assert record.signature_ids == [no.signature_id, look.signature_id]
    names = [f"{event.number} {name}.csv" for name in ("versions", "decisions", "answers")]
    assert [one.name for one in rows] == names
    held = company.reads(lambda db: verifying.verify_case(db, event.stream))
    assert held.holds, held.causes
    for statement, cause in (
        ("UPDATE document SET signature_ids = '[]' WHERE state = 'sealed'", "has no sealed record"),
        ("UPDATE document SET sha256 = 'x' WHERE name LIKE '%answers.csv'", "evidence of event"),
    ):
        assert cause in causes(company, statement), statement


# --- the law ---------------------------------------------------------------------------------


CLAUSES = {
    f"{code}-{one.code}": one.clause
    for code, asked in listed().items()
    for one in (*asked.questions, *asked.reports)
}


@pytest.mark.parametrize(
    "clause", [one for one in CLAUSES.values() if one.is_checked], ids=lambda one: one.source
)
def test_a_clause_that_says_it_was_checked_stands_so_in_its_law(clause: Clause) -> None:
    must_stand(clause.file, clause.words)


def test_the_shortest_report_that_the_answers_ask_for_is_suggested() -> None:
    def named(code: str, where: str = "here", **answers: str) -> str | None:
        found = reporting(code).suggested(answers, where)
        return found.code if found else None

    asked = {"incident": "yes", "serious": "unknown", "threat": "no", "death": "no"}
    assert named("EU", **asked) == "eu_15_day"
    assert named("EU", **{**asked, "death": "unknown"}) == "eu_10_day"
    assert named("EU", **asked, expected="yes") is None
    assert named("CN", "abroad", harmful="yes", death="yes", serious="yes") == "cn_30_day"
    assert named("CN", harmful="yes", death="yes", serious="yes") == "cn_7_day"
    assert named("JP", serious="yes", expected="yes") == "jp_30_day"
    assert named("US", caused="yes", remedial="no", judged_not="yes") is None
    assert reporting("CN").taken_for("death", "abroad").code == "cn_30_day"
    assert reporting("BR") == reporting("other")
