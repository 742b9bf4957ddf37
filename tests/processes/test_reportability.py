"""Reportability of an event: decided in each jurisdiction, looked at twice, sealed."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.cases import verifying
from engine.cases.history import history
from engine.cases.reported import deciding, decisions, finding, places, running
from engine.cases.reported.decisions import Decision
from engine.cases.reported.errors import DecidedByYou, DecidedSince, NothingToConfirm
from engine.cases.reported.models import ReportedEvent
from engine.errors import Invalid, NotAllowed
from engine.evidence import documents, sealing, verify
from engine.evidence.ceremony import RecordChanged
from engine.jobs import Job
from engine.regulators.reportability import Clause, listed, reporting
from tests.processes import recalling
from tests.processes.company import Company
from tests.processes.reported import Events
from tests.processes.test_forgery import causes, checked
from tests.support.law import must_stand


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
