"""Stories of a notification: what an authority has to allow holds back its own country only."""

import pytest

from engine.cases.recalls import gates, passing
from engine.cases.recalls.passing import GateNotClosed, Override
from engine.cases.signing import Signing
from engine.errors import Invalid
from engine.evidence import ceremony
from tests.processes.company import Company
from tests.processes.recalling import (
    approve_strategy,
    decide_jurisdictions,
    notify,
    open_gate,
    to_decision,
)
from tests.support.personas import PASSWORD


def test_a_gate_holds_back_the_union_while_china_goes_out(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    assert company.reads(lambda db: gates.is_closed(db, company.case, "CN", "notices")).rule == (
        "undecided"
    )
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
    by, session = company.people.executive, "session-override"
    with pytest.raises(Invalid), company.holdfast.database.begin() as db:
        passing.open_signing(
            db, Override(company.number, closed.id, " "), by=by, session_id=session, at=company.at
        )
    asked = Override(company.number, closed.id, "An infusion may stop at any moment.")
    with company.holdfast.database.begin() as db:
        nonce = passing.open_signing(db, asked, by=by, session_id=session, at=company.at).nonce
    needs = company.reads(lambda db: ceremony.needs_user_name(db, session, company.at))
    signing = Signing(nonce, PASSWORD, session, by.user_name if needs else None)
    with company.holdfast.database.begin() as db:
        passing.override_gate(db, asked, signing, by=by, at=company.at, key=company.new_key())
    passed = company.reads(lambda db: gates.gates_of(db, company.case, "EU"))
    assert {one.what: one.state for one in passed} == {
        "destruction": "closed",
        "notices": "overridden",
    }
    assert all(one.signature_id for one in passed if one.what == "notices")
