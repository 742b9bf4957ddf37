"""Drills: a recall practised from signal to report, with nothing that leaves the house."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import clock, jobs, outbox
from engine.bpmn.models import Instance, Task
from engine.cases import verifying
from engine.cases.drills import answering, attending, interrupted, running, scoring, settling
from engine.cases.drills.apart import DrillMovesNothing
from engine.cases.drills.attending import NothingToAccountFor
from engine.cases.drills.interrupted import DrillRuns
from engine.cases.drills.models import Drill
from engine.cases.drills.starting import abandon, drill_of, start, stop
from engine.cases.models import Case
from engine.cases.recalls import gates
from engine.cases.returns import authorising, receiving
from engine.errors import EngineError, Invalid
from engine.evidence import documents, ledger
from engine.evidence.signatures import Signature
from engine.outbox import NoWayOut, Outgoing
from engine.people import accounts
from engine.people.robots import RobotsOnlyPractise, RobotsStayDisabled, robot
from engine.serials import state
from engine.serials.exchange.announce import EVENT_TYPES
from engine.serials.models import Event, Hold, WebhookSubscription
from engine.serials.tracing import NothingToTrace, StillAsking
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    approve_strategy,
    contain,
    decide,
    decide_jurisdictions,
    deliver,
    end_oversight,
    notify,
    open_gate,
    report_signal,
    tell_consignees,
    verify_effectiveness,
)

PROMPT = "seed 0"  # both hospitals answer in time


class Killed(BaseException):
    """The process was killed."""


def drill(company: Company, *, seed: str = PROMPT, say: Callable[[str], None] = len) -> str:
    """Carry a drill of a lot of sensors through unattended; return its number."""
    with clock.at(company.at):
        company.number = running.run(company.holdfast.database, "SENS-1", seed=seed, say=say)
    return company.number


def attend(company: Company, speed: int = 1) -> None:
    """Have quality start a drill that people work through."""
    raw = answering.report_of("SENS-1", at=company.at)
    with company.holdfast.database.begin() as db:
        company.number = start(
            db, raw, by=company.people.qa_manager, at=company.at, key=company.new_key(),
            is_attended=True, speed=speed, seed=PROMPT,
        ).number  # fmt: skip


def listen(company: Company) -> None:
    """Have another system told of everything there is."""
    with company.holdfast.database.begin() as db:
        db.add(
            WebhookSubscription(
                name="ERP",
                address="https://erp.example/hooks",
                event_types=list(EVENT_TYPES),
                made_at=company.at,
                made_by_id=company.people.administrator.id,
            )
        )


def kept(company: Company) -> dict[str, int]:
    """Count what a drill must leave as it is."""
    tables = (Outgoing, Hold, Event)
    return company.reads(
        lambda db: {
            table.__tablename__: db.scalar(select(func.count()).select_from(table))
            for table in tables
        }
    )


def test_a_drill_goes_from_start_to_report_in_one_command(abroad: Company) -> None:
    company = abroad
    before = kept(company)
    assert drill(company) == "DR-2026-0001"
    assert company.case.state == "closed"
    found = company.reads(lambda db: db.get(Drill, company.case.id))
    assert (found.outcome, found.ended_at) == ("passed", company.at)
    assert kept(company) == before
    files = company.reads(lambda db: documents.documents_of(db, company.case.stream))
    reports = [one for one in files if one.kind == "drill/drill_report"]
    assert [(one.language, one.state) for one in reports] == [("en", "sealed"), ("zh", "sealed")]
    signed = select(func.count(Signature.id)).where(Signature.stream == company.case.stream)
    assert company.reads(lambda db: db.scalar(signed)) == 0
    assert holds_together(company)
    assert company.may_ship("P-4")
    assert report_signal(company, "SENS-1") == "RC-2026-0001"


def test_a_drill_of_people_tells_nobody_and_holds_nothing(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=1)
    listen(company)
    before = kept(company)
    attend(company)
    company.later(hours=2)  # its deadlines are missed, and nobody is written to
    contain(company, "SENS-1")
    assert company.totals["held"]
    decide(company)
    with pytest.raises(DrillMovesNothing), company.holdfast.database.begin() as db:
        receiving.receive(
            db, company.number, receiving.Parcel([], company.places["TARN"]),
            by=company.people.warehouse, at=company.at,
        )  # fmt: skip
    with pytest.raises(DrillMovesNothing), company.holdfast.database.begin() as db:
        state.move(
            db, location_id=company.places["LAB"], units=[company.unit("P-2").id],
            by=company.people.warehouse, at=company.at, stream=company.case.stream,
        )  # fmt: skip
    with company.holdfast.database.begin() as db:
        abandon(
            db, company.number, reason="Time is up", by=company.people.qa_manager, at=company.at
        )
    assert kept(company) == before
    assert company.may_ship("P-2")
    assert company.case.state == "void"
    assert holds_together(company)


def test_a_quantity_that_is_shipped_meanwhile_is_followed_by_a_drill(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    add_hospital(company, "SLIGO", "IE")
    attend(company)
    contain(company, "SENS-1")
    held = company.totals["held"]
    deliver(company, "SLIGO", lot=company.lot_id("SENS-1"), of_it=5)
    assert company.totals == {"held": held - 5, "at_consignee": 5}


def test_what_is_said_of_a_drill_has_no_way_out(company: Company) -> None:
    def say(body: dict[str, str]) -> None:
        with company.holdfast.database.begin() as db:
            outbox.say(
                db, "key", receiver="a@b.example", language="en", layout="layouts/task_opened",
                body=body, at=company.at,
            )  # fmt: skip

    with pytest.raises(NoWayOut):
        say({"case_number": "DR-2026-0001"})
    with pytest.raises(NoWayOut), clock.at(company.at, own="drill"):
        say({"case_number": "RC-2026-0001"})
    say({"case_number": "RC-2026-0001"})


def test_the_returns_desk_of_a_recall_does_not_see_a_drill(abroad: Company) -> None:
    company = abroad
    attend(company)
    contain(company, "SENS-1")
    report_signal(company, "SENS-1")
    contain(company, "SENS-1")
    with company.holdfast.database.begin() as db:
        case = authorising.recall_of(db, company.number)
        [seen] = receiving.look_over(db, case, ["P-1"], party_id=None)
    assert seen.other_cases == ()


def test_a_robot_answers_in_drills_and_nowhere_else(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    report_signal(company, "SENS-1")
    with company.holdfast.database.begin() as db:
        by = robot(db, "qa_engineer", at=company.at)
        with pytest.raises(RobotsStayDisabled):
            accounts.enable(
                db, by.id, reason="Please", by=company.people.administrator, at=company.at
            )
    with pytest.raises(RobotsOnlyPractise):
        company.complete(company.task("triage_signal"), {}, None, by=by)


def test_a_drill_that_was_killed_is_abandoned_by_the_next_one(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])

    def killed(line: str) -> None:
        if "Order containment" in line:
            raise Killed

    with pytest.raises(Killed):
        drill(company, say=killed)
    with pytest.raises(DrillRuns) as runs:
        drill(company, say=killed)
    assert runs.value.facts["until"] > runs.value.facts["moved"]
    company.at += timedelta(hours=1)
    with pytest.raises(Killed):
        drill(company, say=killed)

    first = company.reads(lambda db: db.scalars(select(Drill).order_by(Drill.case_id)).first())
    assert (first.outcome, first.ended_at) == ("abandoned", company.at)
    assert company.reads(lambda db: db.get(Case, first.case_id).state) == "void"
    of_it = select(Instance.id).where(Instance.clock == first.clock)
    assert company.reads(
        lambda db: db.scalars(
            select(Task.id).where(
                Task.root_id.in_(of_it), Task.done_at.is_(None), Task.cancelled_at.is_(None)
            )
        ).all()
    ) == []  # fmt: skip
    assert company.reads(lambda db: [one.clock for one in jobs.unfinished(db) if one.clock]) == []
    database = company.holdfast.database
    silent = interrupted.ALIVE
    assert interrupted.end_interrupted(database, at=company.at + silent / 2) == 0
    assert interrupted.end_interrupted(database, at=company.at + silent) == 1


def test_what_broke_a_drill_first_is_what_is_told(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])

    def broken(line: str) -> None:
        if "Order containment" in line:
            number = company.reads(lambda db: db.scalar(select(Case.number)))
            by = company.people.qa_manager
            with company.holdfast.database.begin() as db:
                abandon(db, number, reason="Time is up", by=by, at=company.at)
            raise LookupError

    with pytest.raises(LookupError):
        drill(company, say=broken)


def test_a_drill_voided_on_the_page_of_its_case_is_abandoned_for_that_reason(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    attend(company)
    with company.holdfast.database.begin() as db:
        case, _ = drill_of(db, company.number)
        stop(db, case, "The wrong lot", by=company.people.qa_manager, at=company.at)
    attending.tend(company.holdfast.database, at=company.at)
    found = company.reads(lambda db: db.get(Drill, company.case.id))
    assert (found.outcome, found.reason) == ("abandoned", "The wrong lot")
    told = company.reads(
        lambda db: ledger.entries(db, company.case.stream, action="drill_abandoned")
    )
    assert [one.body["reason"] for one in told] == ["The wrong lot"]


def test_nobody_is_given_up_by_a_drill_as_if_they_had_been_tried(abroad: Company) -> None:
    company = abroad
    attend(company)
    contain(company, "SENS-1")
    by = company.people.qa_manager
    with pytest.raises(NothingToAccountFor), company.holdfast.database.begin() as db:
        attending.settle(db, company.number, by=by, at=company.at)
    assert must_hold(company)["effort"]
    with company.holdfast.database.begin() as db:
        settling.settle(db, db.get(Case, company.case.id), by=by, at=company.at)
    assert company.totals["missing_in_drill"] == 3
    assert "unresolved" not in company.totals
    assert not must_hold(company)["effort"]


def must_hold(company: Company) -> dict[str, bool]:
    """Return which of what must hold does, as the drill stands."""
    return company.reads(lambda db: scoring.of_drill(db, *drill_of(db, company.number)).critical)


@pytest.mark.parametrize(
    ("said", "wrong"), [("SENS-9", NothingToTrace), ("SENS-1 to P-1", StillAsking)]
)
def test_a_drill_of_what_cannot_be_traced_takes_no_number(
    company: Company, said: str, wrong: type[EngineError]
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    raw = answering.report_of(said, at=company.at)
    by = company.people.qa_manager
    with pytest.raises(wrong), company.holdfast.database.begin() as db:
        start(db, raw, by=by, at=company.at, key=company.new_key(), is_attended=True)
    attend(company)
    assert company.number == "DR-2026-0001"


def test_a_drill_is_not_abandoned_without_a_reason(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    attend(company)
    with pytest.raises(Invalid), company.holdfast.database.begin() as db:
        abandon(db, company.number, reason=" ", by=company.people.qa_manager, at=company.at)


# what an unattended drill comes through; in the others goods are ruled on or a scope is changed
PRACTISED = (
    "recall", "recall_decision", "jurisdiction_decision", "regulator_notification",
    "termination_request", "notice_text", "consignee_notice", "reply_difference", "effectiveness",
    "effectiveness_check", "status_report",
)  # fmt: skip
NEVER = {"recall.confirm_dismissal"}  # a drill is pursued


def test_what_a_robot_answers_is_stated_for_every_step() -> None:
    steps = {
        f"{process}.{path.stem}"
        for process in PRACTISED
        for path in Path("forms", process).glob("*.toml")
        if path.stem != "report"
    }
    assert steps - NEVER <= set(answering.stated())


def prose(said: dict[str, Any]) -> set[str]:
    """Return the names of what is a sentence: what is chosen, dated or counted is none."""
    found = set()
    for name, one in said.items():
        if isinstance(one, dict):
            found |= {f"{name}.{part}" for part in prose(one)}
        elif isinstance(one, str) and re.match("[A-Z](?![A-Z]$)", one):
            found.add(name)
    return found


def test_a_robot_says_every_sentence_in_chinese_too() -> None:
    in_chinese = answering.sentences("zh")
    for step, said in answering.stated().items():
        english = said if step == "report" else said.get("answers", {})
        chinese = in_chinese.get(step, {})
        flat = {
            f"{name}.{part}" if part else name: words
            for name, one in chinese.items()
            for part, words in (one.items() if isinstance(one, dict) else [("", one)])
        }
        assert set(flat) == prose(english), step
        assert all(re.search("[\u4e00-\u9fff]", words) for words in flat.values()), step
    assert set(in_chinese) <= set(answering.stated())


def test_a_drill_of_people_is_worked_through_on_the_ordinary_way_and_scored(
    abroad: Company,
) -> None:
    company = abroad
    before = kept(company)
    attend(company, speed=1440)
    contain(company, "SENS-1")
    decide(company)
    decide_jurisdictions(company)
    approve_strategy(company)
    company.do("publish_announcement")
    notify(company, "CN", "EU")
    for gate in company.reads(lambda db: gates.gates_of(db, company.case)):
        open_gate(company, gate)
    tell_consignees(company)
    for _ in range(2):  # what they will answer is laid down, then it is due
        attending.tend(company.holdfast.database, at=company.at)
        company.at += timedelta(minutes=30)
    attending.tend(company.holdfast.database, at=company.at)
    company.take_up_reports()
    verify_effectiveness(company)
    with pytest.raises(Invalid):
        company.do("review_returns", board=True)
    company.do("review_returns", board=False)
    with company.holdfast.database.begin() as db:
        attending.settle(db, company.number, by=company.people.qa_manager, at=company.at)
    company.do("reconcile")
    end_oversight(company)
    company.do("verify_and_close")
    attending.tend(company.holdfast.database, at=company.at)
    found = company.reads(lambda db: db.get(Drill, company.case.id))
    assert found.outcome == "passed", found.result
    assert kept(company) == before
    assert company.totals.keys() <= {"accounted_in_drill", "used", "missing_in_drill"}


def test_a_drill_that_goes_no_further_does_not_pass_and_says_why(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    add_hospital(company, "TANNBACH", "DE")
    deliver(company, "TANNBACH", "P-1")
    drill(company)
    found = company.reads(lambda db: db.get(Drill, company.case.id))
    assert (found.outcome, company.case.state) == ("failed", "void")
    assert found.reason == "Consignees not written to, no letter in “de”: 1"
    assert found.result["critical"]["effort"]  # nobody was written to, and nobody given up
    assert holds_together(company)


def holds_together(company: Company) -> bool:
    """Say whether the record of the drill is what its ledger says."""
    return company.reads(lambda db: verifying.verify_case(db, company.case.stream)).holds
