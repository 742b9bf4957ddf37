"""Whole recalls: from a supplier's lot to the answers of the authorities."""

import pytest
from sqlalchemy import select

from engine.cases import facts
from engine.cases.checks import board
from engine.cases.notices.models import Notice, NoticeLetter
from engine.cases.recalls import authorities, gates, jurisdictions, passing, showing, strategies
from engine.cases.recalls.passing import GateNotClosed, Override
from engine.cases.signing import Signing
from engine.errors import Invalid
from engine.evidence import ceremony
from engine.serials.models import Party
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    answer_notices,
    approve_strategy,
    decide_jurisdictions,
    deliver,
    end_oversight,
    freeze_signed,
    notify,
    propose_for,
    say_no,
    tell_consignees,
    to_decision,
    verify_effectiveness,
    work,
)
from tests.support.personas import PASSWORD


@pytest.fixture
def abroad(company: Company) -> Company:
    """Give a company whose pumps of one sensor lot are in Ireland and in China, and in house."""
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3", "P-4"])
    add_hospital(company, "SLIGO", "IE")
    add_hospital(company, "SUZHOU", "CN")
    deliver(company, "SLIGO", "P-1")
    deliver(company, "SUZHOU", "P-2", "P-3")
    return company


def board_scraps_what_is_held(company: Company, *serials: str) -> None:
    """Have the board rule that units and the rest of their sensors are destroyed; see it done."""
    left = int(company.totals["held"]) - len(serials)
    lot = company.line("scrap", lot="SENS-1", quantity=left)
    company.propose(company.line("scrap", *serials), lot)
    for element in ("decide_samples", "destroy_units", "witness_destruction"):
        for task in company.open_tasks_at(element):
            company.do(element, task=task)


def test_a_removal_goes_from_a_suppliers_lot_to_the_answers_of_the_authorities(
    abroad: Company,
) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    assert company.waiting_at == {"decide_jurisdiction"}
    decide_jurisdictions(company)
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert {code: one.legal_name for code, one in decided.items()} == {
        "CN": "cn_recall",
        "EU": "eu_fsca",
    }
    assert decided["CN"].class_name == "nmpa_1"
    approve_strategy(company)
    assert {"prepare_notification", "publish_announcement", "review_returns"} <= company.waiting_at
    company.do("publish_announcement")
    notify(company, "CN", "EU")
    tell_consignees(company)
    assert sent_to(company) == {"CN"}  # the draft for the Union is with the authority
    for gate in company.reads(lambda db: gates.gates_of(db, company.case)):
        open_gate(company, gate)
    work(company)
    assert sent_to(company) == {"CN", "EU"}
    assert "plan_checks" not in company.waiting_at
    answer_notices(company)
    assert company.totals["confirmed_at_consignee"] == 3
    verify_effectiveness(company, level="level_a")
    company.receive_return("P-1", "P-2", "P-3")
    company.do("review_returns", board=True)
    board_scraps_what_is_held(company, "P-1", "P-2", "P-3", "P-4")
    company.do("review_returns", board=False)
    assert company.waiting_at == {"reconcile"}
    company.do("reconcile")
    end_oversight(company)
    assert company.waiting_at == {"verify_and_close"}
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 100}
    told = company.reads(lambda db: {one.name for one in facts.standing(db, company.case)})
    assert {"awareness", "stop_ship", "decision", "initiation", "completion", "termination"} <= told
    [plan] = company.reads(lambda db: board.boards(db, company.case))
    assert [(one.first, one.last) for one in plan.rows] == [("effective", "effective")] * 2
    assert not company.incidents


def sent_to(company: Company) -> set[str]:
    """Return the jurisdictions where a letter went out."""
    out = select(Notice.jurisdiction).where(Notice.first_sent_at.is_not(None))
    return company.reads(lambda db: set(db.scalars(out)))


def open_gate(company: Company, gate: gates.Gate) -> None:
    """Record that the authority let the action go on."""
    with company.holdfast.database.begin() as db:
        passing.open_gate(
            db, company.number, gate.id, evidence="Letter of 26 March",
            by=company.people.regulatory_affairs, at=company.at, key=company.new_key(),
        )  # fmt: skip
    company.take_up_reports()


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


def test_a_wider_scope_reaches_whom_the_first_did_not_and_the_recall_waits_for_them(
    abroad: Company,
) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    tell_consignees(company)
    company.make_devices("SENS-2", ["Q-1", "Q-2"])
    add_hospital(company, "OHIO", "US")
    deliver(company, "OHIO", "Q-1")
    deliver(company, "SUZHOU", "Q-2")
    wider = propose_for(company, "SENS-1, SENS-2", "Second notice of the supplier")
    answer_notices(company, "SLIGO")
    freeze_signed(company, wider, by=company.people.regulatory_affairs)
    answer_notices(company, "SUZHOU")
    assert "plan_checks" not in company.waiting_at  # the third is not asked yet
    tell_consignees(company)
    assert changes(company) == [{"added": ["Q-2"], "cleared": []}]
    assert sent_to(company) == {"CN"}  # nobody has said yet what it is in the United States
    decide_jurisdictions(company, US={"class_name": "fda_class_ii"})
    work(company)
    assert sent_to(company) == {"CN", "US"}
    answer_notices(company, "OHIO")
    assert "plan_checks" in company.waiting_at


def changes(company: Company) -> list[dict[str, list[str]]]:
    """Return what letters said of a change of the scope."""
    letters = select(NoticeLetter).order_by(NoticeLetter.id)
    return company.reads(lambda db: [one.change for one in db.scalars(letters) if one.change])


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


def test_no_action_is_signed_with_its_reason_in_each_jurisdiction_and_closes(
    abroad: Company,
) -> None:
    company = abroad
    to_decision(company, "SENS-1", action="none", severity="limited", likelihood="remote")
    say_no(company, "CN", "EU")
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert all(one.reason and not one.is_action for one in decided.values())
    assert company.waiting_at == {"propose_disposition"}
    board_scraps_what_is_held(company, "P-4")
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 97, "left_without_field_action": 3}


def test_a_market_withdrawal_is_an_action_and_no_refusal(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1", action="market_withdrawal", severity="limited")
    decide_jurisdictions(
        company,
        EU={"legal_name": "eu_withdrawal", "is_reportable": False},
        CN={"legal_name": "cn_recall", "class_name": "nmpa_3"},
    )
    assert company.waiting_at == {"draft_strategy"}
    approve_strategy(company)
    told = company.reads(lambda db: authorities.notifications_of(db, company.case))
    assert [one.jurisdiction for one in told] == ["CN"]


def test_a_class_belongs_to_what_has_one_in_that_law(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    with pytest.raises(Invalid, match="class"):
        decide_jurisdictions(company, CN={"class_name": ""})
    with pytest.raises(Invalid):
        decide_jurisdictions(
            company, CN={"legal_name": "cn_no_defect", "class_name": "", "is_reportable": True}
        )


def test_a_consignee_of_no_known_country_is_an_open_question(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    party = add_hospital(company, "NOWHERE", None)
    deliver(company, "NOWHERE", "P-1")
    to_decision(company, "SENS-1")
    assert company.waiting_at == {"identify_country"}
    company.do("identify_country", country="CN")
    assert company.reads(lambda db: db.get(Party, party).country) == "CN"
    assert company.waiting_at == {"decide_jurisdiction"}
    decide_jurisdictions(company)
    assert [one.row.key for one in company.reads(lambda db: showing.shown(db, company.case))] == [
        "CN"
    ]


def test_a_class_that_fda_gives_reopens_wording_checks_and_warning(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    add_hospital(company, "OHIO", "US")
    deliver(company, "OHIO", "P-1")
    to_decision(company, "SENS-1")
    decide_jurisdictions(company, US={"class_name": "fda_class_ii"})
    approve_strategy(company, check_level="c")
    with company.holdfast.database.begin() as db:
        authorities.receive_class(
            db, company.number, "US", "fda_class_i", evidence="Z-0359-2026",
            by=company.people.regulatory_affairs, at=company.at, key="class",
        )  # fmt: skip
    assert "review_class" in company.waiting_at
    assert company.reads(lambda db: jurisdictions.decided(db, company.case))["US"].class_name == (
        "fda_class_i"
    )
    company.do("review_class")
    company.do("approve_class_review")
    now = company.reads(lambda db: strategies.standing(db, company.case))
    assert (now.version, now.check_level, now.public_warning) == (2, "A", True)


def test_an_authority_that_asks_for_more_brings_the_recall_back_to_its_strategy(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    add_hospital(company, "SUZHOU", "CN")
    deliver(company, "SUZHOU", "P-1")
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    company.do("publish_announcement")
    notify(company, "CN")
    tell_consignees(company)
    answer_notices(company)
    verify_effectiveness(company)
    company.receive_return("P-1")
    company.do("review_returns", board=True)
    board_scraps_what_is_held(company, "P-1")
    company.do("review_returns", board=False)
    company.do("reconcile")
    end_oversight(company, "recall_again")
    assert company.waiting_at == {"draft_strategy"}
    approve_strategy(company)
    # every consignee has its notice already; whether that was enough is judged anew
    assert company.waiting_at >= {"publish_announcement", "plan_checks"}
    verify_effectiveness(company)
    assert "evaluate_effectiveness" not in company.waiting_at


def test_a_recall_is_not_reconciled_while_a_unit_is_out(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company, EU={"is_reportable": False}, CN={"is_reportable": False})
    approve_strategy(company)
    company.do("publish_announcement")
    company.do("review_returns", board=False)
    work(company)
    answer_notices(company)
    verify_effectiveness(company, level="level_e")
    assert company.waiting_at >= {"reconcile"}
    with pytest.raises(Invalid):
        company.do("reconcile")
