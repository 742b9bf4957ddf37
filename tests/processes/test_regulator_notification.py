"""Stories of a notification: what an authority has to allow holds back its own country only."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.notices.models import Notice
from engine.cases.recalls import gates, passing
from engine.cases.recalls.models import Gate
from engine.cases.recalls.passing import GateNotClosed, WentThrough
from engine.errors import Invalid
from tests.processes.company import Company
from tests.processes.recalling import (
    act_on_gate,
    approve_strategy,
    decide_jurisdictions,
    notify,
    open_gate,
    tell_consignees,
    to_decision,
    work,
)


def test_a_gate_holds_back_the_union_while_china_goes_out(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    assert company.reads(lambda db: gates.is_closed(db, company.case, "CN", "notices")).rule == (
        "undecided"
    )
    waiting = company.reads(lambda db: gates.is_closed(db, company.case, "CN", "destruction"))
    assert waiting.rule == "undecided"
    decide_jurisdictions(company)
    approve_strategy(company)
    closed = company.reads(lambda db: gates.is_closed(db, company.case, "DE", "notices"))
    assert closed.rule == "draft_notice"
    assert company.reads(lambda db: gates.is_closed(db, company.case, "CN", "notices")) is None
    notify(company, "CN", "EU")
    assert not company.open_tasks_at("submit_notification")
    assert company.waiting_at == {"draft_text", "publish_announcement", "review_returns"}
    open_gate(company, closed)
    assert company.reads(lambda db: gates.is_closed(db, company.case, "FR", "notices")) is None
    with pytest.raises(GateNotClosed):
        open_gate(company, closed)
    destruction = company.reads(lambda db: gates.is_closed(db, company.case, "CN", "destruction"))
    assert destruction.rule == "supervised"


def test_a_gate_is_passed_in_urgency_with_reason_and_signature(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    closed = company.reads(lambda db: gates.is_closed(db, company.case, "DE", "notices"))
    by = company.people.executive
    for nothing in (" ", "\x00", "\u200b"):
        with pytest.raises(Invalid):
            act_on_gate(company, closed, passing.OVERRIDE, nothing, by=by)
    reason = "An infusion may stop at any moment."
    act_on_gate(company, closed, passing.OVERRIDE, reason, by=by)
    passed = company.reads(lambda db: gates.gates_of(db, company.case, "EU"))
    assert {one.what: one.state for one in passed} == {
        "destruction": "closed",
        "notices": "overridden",
    }
    assert all(one.signature_id for one in passed if one.what == "notices")
    with pytest.raises(GateNotClosed):
        act_on_gate(company, closed, passing.OVERRIDE, reason, by=by)

    lead = company.people.regulatory_affairs
    act_on_gate(company, closed, passing.OPEN, "No comment, e-mail of today.", by=lead)
    answered = company.reads(lambda db: gates.gates_of(db, company.case, "EU"))
    notices = next(one for one in answered if one.what == "notices")
    assert (notices.state, notices.reason) == ("opened", reason)
    assert notices.evidence == "No comment, e-mail of today."


def test_a_gate_opened_by_mistake_is_closed_again_while_no_letter_went_out(
    abroad: Company,
) -> None:
    company, by = abroad, abroad.people.regulatory_affairs
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    [gate] = [one for one in company.reads(eu_gates) if one.what == "notices"]
    open_gate(company, gate)
    act_on_gate(company, gate, passing.CLOSE, "The letter was about another recall.", by=by)
    assert company.reads(lambda db: gates.is_closed(db, company.case, "IE", "notices"))
    tell_consignees(company)
    assert waits_in(company) == {"EU"}

    open_gate(company, gate)
    work(company)
    assert waits_in(company) == set()
    with pytest.raises(WentThrough):
        act_on_gate(company, gate, passing.CLOSE, "The letter was about another recall.", by=by)


def eu_gates(db: Session) -> list[Gate]:
    """Return the gates of the European Union."""
    return list(db.scalars(select(Gate).where(Gate.jurisdiction == "EU")))


def waits_in(company: Company) -> set[str]:
    """Return where nobody was written to."""
    unsent = select(Notice.jurisdiction).where(Notice.first_sent_at.is_(None))
    return company.reads(lambda db: set(db.scalars(unsent)))
